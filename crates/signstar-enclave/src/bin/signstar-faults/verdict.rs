//! Whether all is well after all that went wrong.

use std::{collections::HashMap, fs, path::Path, process::Command};

use signstar::{
    log::{Entry, Hash, Kind, Note, Policy, Recorded, Tile, bundle},
    sign::{Certificate, Detached},
};
use signstar_enclave::{Enclave, program};

use crate::{Failed, lane::Lane};

/// What was checked, in numbers, and everything that is wrong.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Requests that were made.
    pub(crate) asked: usize,
    /// Signatures that arrived; more than requests when an answer was asked for twice.
    pub(crate) answers: usize,
    /// Entries of the log.
    pub(crate) entries: usize,
    /// What must not be.
    pub(crate) wrong: Vec<String>,
}

/// Checks every answer by itself and against the log, and the log as a whole.
pub(crate) fn judge(enclave: &Enclave, lanes: &[Lane<'_>]) -> Result<Verdict, Failed> {
    let description = enclave.description();
    let policy = Policy::of_log(description.log.vkey.parse()?);
    let entries = entries(&description.log.dir, &policy)?;
    let mut verdict = Verdict {
        entries: entries.len(),
        ..Verdict::default()
    };
    let verified = Command::new(program("signstar-log")?)
        .arg("verify")
        .arg(&description.log.dir)
        .arg(&description.log.vkey)
        .output()?;
    if !verified.status.success() {
        let said = String::from_utf8_lossy(&verified.stderr);
        verdict
            .wrong
            .push(format!("the log does not verify: {said}"));
    }

    let mut recorded: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let id = entry.request_id().unwrap_or_default().to_owned();
        let called = (entry.client().to_owned(), id);
        recorded.entry(called).or_default().push(index);
    }
    for lane in lanes {
        let certificate = fs::read(enclave.folder().certificate(&lane.client))?;
        let certificate = Certificate::parse(&certificate)?;
        for (id, asked) in &lane.asked {
            verdict.asked += 1;
            verdict.answers += asked.answers.len();
            let called = (lane.client.clone(), id.clone());
            let places = recorded.remove(&called).unwrap_or_default();
            if places.len() != 1 {
                let times = places.len();
                verdict
                    .wrong
                    .push(format!("{id} is in the log {times} times"));
            }
            if asked.answers.is_empty() {
                verdict.wrong.push(format!("{id} was never answered"));
            }
            let state = asked.state()?;
            for index in places {
                let entry = entries.get(index).ok_or("an entry")?;
                if entry.verify(&certificate).is_err() {
                    verdict.wrong.push(format!("entry {index} does not verify"));
                }
                if entry.sha512() != Some(&state.digest()) {
                    verdict
                        .wrong
                        .push(format!("entry {index} is of another file"));
                }
            }
            for answer in &asked.answers {
                let armored = answer["signature"].as_str().unwrap_or_default();
                let proof = answer["log"].as_str().unwrap_or_default();
                let is_good = Detached::from_armored(armored)
                    .map_err(|error| error.to_string())
                    .and_then(|signature| {
                        let verified = signature.verify(&certificate, &state);
                        verified.map_err(|error| error.to_string())?;
                        on_record(&signature, proof, &policy, &entries)
                    });
                if let Err(error) = is_good {
                    verdict.wrong.push(format!("the answer to {id}: {error}"));
                }
            }
        }
    }
    for ((client, id), _) in recorded {
        verdict
            .wrong
            .push(format!("nobody asked for {id:?} of {client}"));
    }
    Ok(verdict)
}

/// Whether the log still has at its place what `proof` says of `signature`.
fn on_record(
    signature: &Detached,
    proof: &str,
    policy: &Policy,
    entries: &[Entry],
) -> Result<(), String> {
    let recorded = Recorded::check(proof, policy).map_err(|error| error.to_string())?;
    if !recorded.entry().is_of(signature) {
        return Err("its proof is that of another signature".to_owned());
    }
    let place = usize::try_from(recorded.index()).ok();
    let kept = place.and_then(|place| entries.get(place));
    match kept.map(Entry::to_octets) == Some(recorded.entry().to_octets()) {
        true => Ok(()),
        false => Err("the log has lost it".to_owned()),
    }
}

/// All entries of the log in `dir`, under the root of its signed checkpoint.
fn entries(dir: &Path, policy: &Policy) -> Result<Vec<Entry>, Failed> {
    let note = Note::parse(&fs::read(dir.join("checkpoint"))?)?;
    let signed = policy.check(&note)?;
    let head = signed.head();
    let mut entries = Vec::new();
    let mut leaves = Vec::new();
    for index in 0..head.size.div_ceil(256) {
        let tile = Tile::in_log(Kind::Entries, index, head.size).ok_or("no such bundle")?;
        let octets = fs::read(dir.join(tile.path()))?;
        for octets in bundle::entries(&octets)? {
            leaves.push(Hash::leaf(octets));
            entries.push(Entry::parse(octets)?);
        }
    }
    if Hash::root(&leaves) != head.root {
        return Err("the entries are not those of the checkpoint".into());
    }
    Ok(entries)
}
