//! The witnesses of a log, and what they say of its newest checkpoint.

mod round;
mod submission;

use std::{fmt, sync::Arc, thread, time::Duration};

use signstar::log::{Algorithm, KeyName, Party, Policy, SignedCheckpoint, VerifierKey};

use crate::Folder;
use round::Table;
use submission::Submission;

/// A note has at most 64 signatures, and one is that of the log.
const MAX_WITNESSES: usize = 63;

/// Who is told, for the journal, what does not end the log: a witness or an HSM that is away.
pub type Journal = Arc<dyn Fn(&str) + Send + Sync>;

/// Which witnesses a log has, and how it deals with them.
#[derive(Clone)]
pub struct Panel {
    /// The log, its witnesses with their addresses, and the quorum: with `none` a checkpoint is
    /// published at once, and again with whatever cosignatures arrive.
    pub policy: Policy,
    /// How long a checkpoint waits for its quorum, and a witness for one question.
    pub patience: Duration,
    /// Who is told of trouble with one of them.
    pub journal: Journal,
}

impl fmt::Debug for Panel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panel")
            .field("policy", &self.policy)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Why a policy is not one for this log and its witnesses.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPolicy {
    /// It is one of other logs.
    #[error("the policy of the witnesses does not name this log")]
    OtherLog,
    /// An address is none.
    #[error("the address of the witness {0} does not begin with http:// or https://")]
    Address(KeyName),
    /// More cosignatures than fit into a note, beside the signature of the log.
    #[error("a checkpoint has room for 63 witnesses, and the policy has more that can be asked")]
    TooMany,
    /// No checkpoint would ever be accepted.
    #[error(
        "the quorum cannot be reached: a witness needs an address and a key of type 0x04 to be \
         asked"
    )]
    Unreachable,
}

/// Proof that this is not the newest copy of the log, or not the only one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Objection {
    /// A witness has cosigned more than there is.
    #[error(
        "the witness {witness} has seen {known} entries of this log, and now there are {found}: it \
         was set back to an older copy, or somebody else appends with its key"
    )]
    Ahead {
        /// Who says so.
        witness: KeyName,
        /// How many it has seen.
        known: u64,
        /// How many there are.
        found: u64,
    },
    /// A witness has cosigned something else.
    #[error(
        "the witness {witness} has seen another log of {size} entries under this name: it forked"
    )]
    Forked {
        /// Who says so.
        witness: KeyName,
        /// At which size.
        size: u64,
    },
}

/// The witnesses, each asked by a thread of its own that ends with this.
#[derive(Debug)]
pub(super) struct Witnesses {
    policy: Policy,
    patience: Duration,
    table: Arc<Table>,
}

impl Witnesses {
    /// Shows `newest` to all witnesses, and returns once they have answered or cannot be had.
    ///
    /// Fails if one of them knows better.
    pub(super) fn start(
        panel: Panel,
        log: &VerifierKey,
        folder: &Folder,
        newest: &SignedCheckpoint,
    ) -> Result<Self, super::Error> {
        let Panel {
            policy,
            patience,
            journal,
        } = panel;
        if !policy.logs().iter().any(|party| party.key == *log) {
            return Err(BadPolicy::OtherLog.into());
        }
        let mut asked = Vec::new();
        for party in policy.witnesses() {
            match address(party)? {
                Some(url) => asked.push((party.key.clone(), url)),
                None => journal(&format!(
                    "the witness {} is not asked: it needs an address and a key of type 0x04",
                    party.key.name()
                )),
            }
        }
        if asked.len() > MAX_WITNESSES {
            return Err(BadPolicy::TooMany.into());
        }
        if !policy.has_quorum(|party| asked.iter().any(|(key, _)| *key == party.key)) {
            return Err(BadPolicy::Unreachable.into());
        }
        let names = asked.iter().map(|(key, _)| key.name().clone()).collect();
        let is_patient = !policy.needs_witnesses();
        let table = Arc::new(Table::new(names, newest.clone(), is_patient, journal));
        for (seat, (key, url)) in asked.into_iter().enumerate() {
            let witness = Submission::new(&url, &key, log, folder.clone(), newest, patience);
            let table = table.clone();
            thread::spawn(move || attend(&table, seat, witness));
        }
        let witnesses = Self {
            policy,
            patience,
            table,
        };
        witnesses.table.wait(patience, round::Round::is_heard)?;
        Ok(witnesses)
    }

    /// Whether nothing is published or proved before the quorum has cosigned it.
    pub(super) fn are_needed(&self) -> bool {
        self.policy.needs_witnesses()
    }

    /// Whether `checkpoint` has the quorum.
    pub(super) fn accept(&self, checkpoint: &SignedCheckpoint) -> bool {
        self.policy.check(checkpoint.note()).is_ok()
    }

    /// Shows them a newer checkpoint.
    pub(super) fn offer(&self, checkpoint: &SignedCheckpoint) {
        self.table.offer(checkpoint.clone());
    }

    /// The checkpoint that they were shown last, with the cosignatures that arrived so far.
    pub(super) fn shown(&self) -> Result<SignedCheckpoint, Objection> {
        self.table.wait(Duration::ZERO, |_| true)
    }

    /// The last one before that on which they agreed, as far as they answer; nothing if they are
    /// needed.
    pub(super) fn settled(&self) -> Option<SignedCheckpoint> {
        self.table.settled()
    }

    /// The newest, but waits for the quorum as long as that is worthwhile.
    pub(super) fn await_quorum(&self) -> Result<SignedCheckpoint, Objection> {
        let has_quorum = |round: &round::Round| self.accept(&round.cosigned());
        self.table.wait(self.patience, has_quorum)
    }

    /// Has `tell` called whenever there is something new. The first caller is heard.
    pub(super) fn on_news(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.table.on_news(Box::new(tell));
    }
}

impl Drop for Witnesses {
    fn drop(&mut self) {
        self.table.close();
    }
}

/// Where a witness is asked, if it can be.
fn address(party: &Party) -> Result<Option<String>, BadPolicy> {
    let Some(url) = &party.url else {
        return Ok(None);
    };
    let bad = || BadPolicy::Address(party.key.name().clone());
    let url = str::from_utf8(url).map_err(|_| bad())?;
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(bad());
    }
    let verifies = party.key.algorithm() == Algorithm::CosignatureEd25519;
    Ok(verifies.then(|| url.to_owned()))
}

/// Shows one witness each checkpoint until the table is closed.
fn attend(table: &Table, seat: usize, mut witness: Submission) {
    while let Some((round, checkpoint)) = table.task(seat) {
        let outcome = witness.submit(&checkpoint);
        table.heard(seat, round, outcome);
    }
}
