//! The time that an HSM takes.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use signstar::sign::{Message, Signer, SignerError};

thread_local! {
    /// What the HSM took of the request that this thread works on.
    static TOOK: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// A signer that is timed: the path of a signature itself has no clock.
#[derive(Debug)]
pub(crate) struct Stopwatch(pub(crate) Box<dyn Signer>);

impl Signer for Stopwatch {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        let begin = Instant::now();
        let signed = self.0.sign(message);
        TOOK.set(Some(TOOK.get().unwrap_or_default() + begin.elapsed()));
        signed
    }
}

/// What the HSM took in this thread since this was last asked; none if it was not asked.
pub(crate) fn taken() -> Option<Duration> {
    TOOK.take()
}
