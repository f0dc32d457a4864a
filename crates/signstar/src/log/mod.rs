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
mod logged;
mod name;
mod note;
mod policy;
mod proof;
mod public;
mod reader;
mod recorded;
mod recorder;
mod spelling;
mod tile;
mod tree;

pub use bundle::{EntryTooLong, MAX_ENTRY_OCTETS};
pub use checkpoint::{Checkpoint, InvalidCheckpoint, NotACheckpoint, SignedCheckpoint};
pub use cosignature::{Cosignature, message as cosignature_message};
pub use edge::{CannotAppend, Edge};
pub use entry::{Entry, InvalidEntry};
pub use growth::{File, Growth};
pub use key::{Algorithm, InvalidKey, KeyName, NotVerified, Verified, VerifierKey};
pub use logged::Logged;
pub use name::RecordedName;
pub use note::{InvalidNote, Note, NoteSignature};
pub use policy::{InvalidPolicy, Party, Policy, Unacceptable};
pub use proof::{InvalidProof, NotLogged, Proof};
pub use public::{Log, PublicLog};
pub use reader::{CannotRead, Reader, Tiles};
pub use recorded::{NotRecorded, Recorded};
pub use recorder::{Recorder, RecorderError};
pub use tile::{Kind, Tile, WIDTH};
pub use tree::{Hash, Hashes, Head, InvalidHash, MAX_SIZE, Node};

pub use crate::request::RequestId;
