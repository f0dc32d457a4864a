//! What is on record before it leaves: the stage of that name, and the core of the public log.
//!
//! ```text
//!   Entry ──▶ Edge ──grow──▶ Growth: files, proofs, Head ──▶ Checkpoint ──sign──▶ Note
//!                                                                                  │
//!   Tiles ──▶ Reader ◀── Head ◀── SignedCheckpoint ◀── Policy ◀────────── Proof ◀──┘
//! ```
//!
//! The upper line is what a log does, the lower one what anybody does who checks it. The formats
//! are in `spec/log.md`.

pub mod bundle;
mod checkpoint;
pub mod consistency;
mod cosignature;
mod edge;
mod entry;
mod growth;
pub mod inclusion;
mod key;
mod note;
mod policy;
mod proof;
mod reader;
mod recorded;
mod tile;
mod tree;

pub use bundle::{EntryTooLong, MAX_ENTRY_OCTETS};
pub use checkpoint::{Checkpoint, InvalidCheckpoint, NotACheckpoint, SignedCheckpoint};
pub use cosignature::{Cosignature, message as cosignature_message};
pub use edge::{CannotAppend, Edge};
pub use entry::{Entry, InvalidEntry};
pub use growth::{File, Growth};
pub use key::{Algorithm, InvalidKey, KeyName, NotVerified, Verified, VerifierKey};
pub use note::{InvalidNote, Note, NoteSignature};
pub use policy::{InvalidPolicy, Party, Policy, Unacceptable};
pub use proof::{InvalidProof, NotLogged, Proof};
pub use reader::{CannotRead, Reader, Tiles};
pub use recorded::{RecordedName, RequestId};
pub use tile::{Kind, Tile, WIDTH};
pub use tree::{Hash, Hashes, Head, InvalidHash, MAX_SIZE, Node};

use crate::{config::Log, refusal::Refused, sign::Signed};

/// A signature that is on record as the configuration demands.
///
/// Only [`Logged::record`] makes one:
///
/// ```compile_fail,E0451
/// # fn skip(signed: signstar::sign::Signed) -> signstar::log::Logged {
/// signstar::log::Logged { signed }
/// # }
/// ```
#[derive(Debug)]
pub struct Logged {
    signed: Signed,
}

impl Logged {
    /// Records `signed` and says so.
    pub fn record(signed: Signed, log: &Log) -> Result<Self, Refused> {
        match log {
            Log::Unlogged => Ok(Self { signed }),
        }
    }

    /// The signature that is on record.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }
}
