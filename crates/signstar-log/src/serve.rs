//! The one writer of a log.

#[cfg(feature = "misbehave")]
#[path = "serve/crash/on.rs"]
mod crash;
#[cfg(not(feature = "misbehave"))]
#[path = "serve/crash/off.rs"]
mod crash;
mod error;
mod ids;
mod opening;
mod peer;
mod queue;
mod reply;
mod sequencer;
mod server;
mod state;
mod tidying;
mod witnesses;

pub use error::Error;
pub use peer::{Allowed, Peers};
pub use sequencer::{Recorded, Sequencer, Standing};
pub use server::Server;
pub use state::State;
pub use witnesses::{BadPolicy, Journal, Objection, Panel};
