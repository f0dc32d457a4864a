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
    with_pause(PAUSE, format, call)
}

fn with_pause<A>(
    pause: Duration,
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
                sleep(pause);
            }
            answered => return answered,
        }
    }
    call()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn refusal(source: Error) -> FleetError {
        let by = "https://hsm.example.org".parse().expect("an address");
        FleetError::One { by, source }
    }

    /// How often a call is made that fails in this way so many times.
    fn calls(failures: u32, error: fn() -> Error) -> (u32, bool) {
        let made = Cell::new(0);
        let call = || {
            made.set(made.get() + 1);
            if made.get() > failures {
                Ok(())
            } else {
                Err(refusal(error()))
            }
        };
        let done = with_pause(Duration::ZERO, Format::Text, call);
        (made.get(), done.is_ok())
    }

    #[test]
    fn a_call_is_made_again_when_the_device_asks_to_wait_but_not_for_ever() {
        assert_eq!(calls(0, || Error::TooManyRequests), (1, true));
        assert_eq!(calls(2, || Error::TooManyRequests), (3, true));
        assert_eq!(calls(9, || Error::TooManyRequests), (4, false));
    }

    #[test]
    fn no_other_failure_is_tried_twice() {
        assert_eq!(calls(9, || Error::Unauthorized), (1, false));
        assert_eq!(calls(9, || Error::Timeout), (1, false));
    }
}
