//! Administrative credentials in the hands of several people, who come together over SSH
//! (spec/ceremony.md).
//!
//! ```text
//!   root: make a set ─▶ holder: download ─▶ age -d ─▶ upload ─▶ root: join ─▶ open ─▶ apply ─▶ erase
//! ```

mod ceremony;
mod error;
mod exchange;
mod facts;
mod file;
mod layout;
mod lock;
mod outlook;
mod refused;
mod register;
mod renew;
mod set;
mod sets;
mod status;
mod uploads;
mod vault;
mod waiting;

pub use ceremony::Patience;
pub use error::SharesError;
pub use exchange::exchange;
pub use refused::Refused;
pub use renew::{Renewal, renew, wipe};
pub use status::status;
pub use waiting::Waiting;

pub(crate) use ceremony::{First, open};
pub(crate) use lock::lock;
pub(crate) use outlook::{Outlook, outlook, peek};
pub(crate) use vault::{OfHsm, Vault};

/// From now on this process leaves no image of its memory behind, and nobody but root looks into it.
fn guard() {
    // Where this cannot be had, a ceremony is no worse than without.
    let _ = nix::sys::prctl::set_dumpable(false);
}
