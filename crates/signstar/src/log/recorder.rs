//! The log as signing processes reach it.

use std::{error::Error, fmt};

use super::{Entry, Policy};
use crate::{config::ClientName, request::RequestId};

/// Who keeps the log, wherever that is.
///
/// An implementation promises to return only after the entry is durable and under a signed
/// checkpoint, to give up after a bounded time, and to put no second entry with the client and id
/// of an earlier one on record: it returns the proof of the earlier one. Nothing it returns is
/// believed before it is verified.
pub trait Recorder: fmt::Debug + Send + Sync {
    /// The proof (C2SP `tlog-proof`, with the entry) of the request `id` of `client`, if one is on
    /// record.
    fn find(&self, client: &ClientName, id: &RequestId) -> Result<Option<String>, RecorderError>;

    /// Puts `entry` on record and returns its proof, or that of an earlier one.
    fn append(&self, entry: &Entry) -> Result<String, RecorderError>;

    /// Waits for witnesses: returns `proof`, or a later one of the same entry, as soon as `policy`
    /// accepts its checkpoint. After a bounded time it returns the last one it had.
    ///
    /// A log without witnesses has nothing to wait for.
    fn witnessed(&self, proof: String, policy: &Policy) -> Result<String, RecorderError> {
        let _ = policy;
        Ok(proof)
    }
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// Nobody answers, or the log has stopped: a later try may succeed. Whether the entry is on
    /// record is not known.
    #[error("the log is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It does not take such entries, or not from here.
    #[error("the log refuses")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}
