//! Waiting when the device asks to.

use std::thread::sleep;
use std::time::Duration;

use nethsm::client::{Error, FleetError};

use crate::answer::{Format, Said, say};

/// How often a call is made again.
const TRIES: u32 = 3;

/// A device refuses a user for one second after a wrong passphrase.
const PAUSE: Duration = Duration::from_millis(1100);

/// Makes a call, and makes it again while the device refuses to look at it (429). Nothing was
/// done then, and no passphrase was tried: a wrong one is not tried a second time.
pub(crate) fn take_turns<A>(
    format: Format,
    call: impl Fn() -> Result<A, FleetError>,
) -> Result<A, FleetError> {
    for try_ in 1..=TRIES {
        match call() {
            Err(FleetError::One {
                by,
                source: Error::TooManyRequests,
            }) => {
                let text = format!(
                    "the device takes no passphrase for a second after a wrong one; waiting ({try_} of {TRIES})"
                );
                say(format, Said::Note, &text, Some(&by));
                sleep(PAUSE);
            }
            answered => return answered,
        }
    }
    call()
}
