//! The state of an HSM: what is wanted, what is found, and the way from the one to the other.
//!
//! ```text
//!   Desired ─┐
//!            ├─▶ plan ──▶ Plan { steps, refusals, notes } ──▶ apply, one step after the other
//!   Observed ┘   pure
//! ```
//!
//! Nothing here deletes or replaces a key. After some steps nobody knows what is there until
//! somebody looks: [`bring_about`] observes, plans and applies until nothing is left to do, so that
//! it also goes on where another run was interrupted.

mod access;
mod administrators;
mod apply;
mod certify;
mod desired;
mod difference;
mod note;
mod observe;
mod observed;
mod plan;
mod refusal;
mod rotate;
mod step;

pub use access::{Access, AccessError, CertificateStore, Operators, Salts};
pub use administrators::rotate_administrators;
pub use apply::{ApplyError, BringAboutError, bring_about};
pub use desired::{
    ADMIN, Desired, DesiredDevice, DesiredKey, DesiredUser, KeyPath, Surplus, TlsCertificate,
};
pub use note::Note;
pub use observed::{
    BackupPassphrase, Condition, Content, FoundKey, FoundUser, Login, Observed, ObservedDevice,
    Slot,
};
pub use plan::{Plan, plan};
pub use refusal::Refusal;
pub use rotate::rotate;
pub use step::{Action, Step};
