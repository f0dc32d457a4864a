//! One witness, as a log asks it (C2SP `tlog-witness`, `add-checkpoint`).

use std::time::{Duration, SystemTime};

use signstar::log::{
    Note, NoteSignature, Reader, SignedCheckpoint, Verified, VerifierKey, consistency,
};
use ureq::Agent;

use crate::{Folder, http};

/// The longest answer that is read, in octets: some signature lines.
const MAX_ANSWER: u64 = 1 << 16;
/// How often a witness may name another size for one checkpoint.
const TRIES: u32 = 3;
/// How far the clock of a witness may be from ours.
const CLOCKS: Duration = Duration::from_secs(24 * 3600);

/// A witness and what it has seen of the log.
#[derive(Debug)]
pub(super) struct Submission {
    agent: Agent,
    address: String,
    witness: VerifierKey,
    log: VerifierKey,
    folder: Folder,
    /// The size of the checkpoint that it cosigned last, as far as is known.
    known: u64,
}

/// Why there is no cosignature.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// Not now: it may be asked again.
    Away(String),
    /// It has cosigned a larger tree.
    Ahead(u64),
    /// It has cosigned another tree of that size, which ours does not continue.
    Forked(u64),
}

impl Submission {
    /// The witness at `url`, of the log in `folder` with the newest checkpoint `newest`.
    pub(super) fn new(
        url: &str,
        witness: &VerifierKey,
        log: &VerifierKey,
        folder: Folder,
        newest: &SignedCheckpoint,
        patience: Duration,
    ) -> Self {
        let cosigned = newest.note().verify(witness).is_ok();
        Self {
            // Where a signature of ours goes is not for others to say.
            agent: http::agent(patience, 0),
            address: format!("{}/add-checkpoint", url.trim_end_matches('/')),
            witness: witness.clone(),
            log: log.clone(),
            folder,
            known: if cosigned { newest.head().size } else { 0 },
        }
    }

    /// Shows it `checkpoint` and returns its cosignature, verified.
    pub(super) fn submit(
        &mut self,
        checkpoint: &SignedCheckpoint,
    ) -> Result<NoteSignature, Refusal> {
        let size = checkpoint.head().size;
        for _ in 0..TRIES {
            let question = self.question(checkpoint)?;
            let (status, answer) = self.ask(&question)?;
            match status {
                200 => {
                    let cosignature = self.cosignature(&answer, checkpoint.note())?;
                    self.known = size;
                    return Ok(cosignature);
                }
                409 => {
                    let named = size_in(&answer)
                        .ok_or_else(|| Refusal::Away("names no size with its 409".to_owned()))?;
                    let asked = std::mem::replace(&mut self.known, named);
                    if named > size {
                        self.known = 0;
                        return Err(Refusal::Ahead(named));
                    }
                    if named == size && asked == size {
                        return Err(Refusal::Forked(size));
                    }
                }
                // The proof is one of ours: what it is said to continue is not.
                422 if self.known > 0 => return Err(Refusal::Forked(self.known)),
                403 => return Err(away("does not accept the key of this log")),
                404 => return Err(away("does not know this log")),
                status => return Err(away(&format!("answers with status {status}"))),
            }
        }
        Err(away("names another size each time"))
    }

    fn question(&self, checkpoint: &SignedCheckpoint) -> Result<String, Refusal> {
        let unreadable = |error: &dyn std::error::Error| {
            away(&format!(
                "cannot be given a proof, for want of tiles: {error}"
            ))
        };
        let mut hashes =
            Reader::open(&self.folder, *checkpoint.head()).map_err(|error| unreadable(&error))?;
        let proof = consistency::prove(self.known, checkpoint.head().size, &mut hashes)
            .map_err(|error| unreadable(&error))?;
        let proof = proof.ok_or(Refusal::Ahead(self.known))?;
        let proof: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
        let note = checkpoint.clone().without_cosignatures(&self.log);
        Ok(format!("old {}\n{proof}\n{}", self.known, note.note()))
    }

    fn ask(&self, question: &str) -> Result<(u16, Vec<u8>), Refusal> {
        let unreachable = |error: &dyn std::error::Error| away(&format!("cannot be had: {error}"));
        let mut answer = (self.agent.post(&self.address))
            .content_type("text/plain; charset=utf-8")
            .send(question)
            .map_err(|error| unreachable(&error))?;
        let octets = http::octets(answer.body_mut(), MAX_ANSWER);
        let octets = octets
            .map_err(|error| unreachable(&error))?
            .ok_or_else(|| away("answers too much"))?;
        Ok((answer.status().as_u16(), octets))
    }

    /// The line of this witness among those of the answer; others are ignored.
    fn cosignature(&self, answer: &[u8], note: &Note) -> Result<NoteSignature, Refusal> {
        let text = str::from_utf8(answer).map_err(|_| away("answers with something else"))?;
        let mut lines = text.lines().filter_map(NoteSignature::parse);
        let line = lines
            .find(|line| line.is_by(&self.witness))
            .ok_or_else(|| away("answers without a cosignature of its key"))?;
        let Ok(Verified::Cosigned(time)) = line.verify(&self.witness, note.text()) else {
            return Err(away("makes cosignatures that do not verify"));
        };
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time));
        let now = SystemTime::now();
        let is_near = time.is_some_and(|time| {
            let apart = now
                .duration_since(time)
                .unwrap_or_else(|ahead| ahead.duration());
            apart <= CLOCKS
        });
        if is_near {
            Ok(line)
        } else {
            Err(away("has a clock that is more than a day from ours"))
        }
    }
}

fn away(reason: &str) -> Refusal {
    Refusal::Away(reason.to_owned())
}

/// A size in decimal digits and a line feed (`text/x.tlog.size`).
fn size_in(answer: &[u8]) -> Option<u64> {
    let text = str::from_utf8(answer).ok()?;
    let digits = text.strip_suffix('\n').unwrap_or(text);
    let size: u64 = digits.parse().ok()?;
    (size.to_string() == digits).then_some(size)
}
