//! A YubiHSM2 that is plugged into this host.
//!
//! One process at a time can have it. Every message claims it and lets it go, so that the sessions of all
//! clients take turns. The crate `nusb` speaks with the kernel itself, without libusb.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use nusb::{
    Endpoint, ErrorKind, MaybeFuture,
    transfer::{Buffer, Bulk, Completion, In, Out, TransferError},
};

use super::trouble::Trouble;

const VENDOR: u16 = 0x1050;
const PRODUCT: u16 = 0x0030;
const INTERFACE: u8 = 0;
const TO_DEVICE: u8 = 0x01;
const FROM_DEVICE: u8 = 0x81;
/// The octets of a packet. A message of whole packets ends with an empty one.
const PACKET: usize = 64;
/// Room for any message, in whole packets.
const ROOM: usize = 4096;
/// How long to look for an answer that somebody did not wait for.
const STALE: Duration = Duration::from_millis(2);
/// More answers than these nobody left behind: one for each message of somebody who was killed.
const MOST_STALE: usize = 4;
/// How long others may have the device before it is asked for again.
const PAUSE: Duration = Duration::from_millis(10);

/// The way to a device and back.
trait Pipe {
    /// Sends a transfer, which may be empty.
    fn write(&mut self, octets: &[u8], left: Duration) -> Result<(), TransferError>;
    /// Receives a message.
    fn read(&mut self, left: Duration) -> Result<Vec<u8>, TransferError>;
}

/// Both ends of a device that is this process's for the moment.
struct Claimed {
    to: Endpoint<Bulk, Out>,
    from: Endpoint<Bulk, In>,
}

/// Sends a message to the device with this serial number, and waits for the answer until `end`.
pub(super) fn send(serial: &str, message: &[u8], end: Instant) -> Result<Vec<u8>, Trouble> {
    loop {
        match Claimed::claim(serial) {
            Ok(mut claimed) => return exchange(&mut claimed, message, end),
            Err(Trouble::Busy) if left(end) > PAUSE => sleep(PAUSE),
            Err(trouble) => return Err(trouble),
        }
    }
}

impl Claimed {
    fn claim(serial: &str) -> Result<Self, Trouble> {
        let absent = || Trouble::Unplugged(serial.to_owned());
        // Without USB at all there is no list.
        let mut all = nusb::list_devices().wait().map_err(|_| absent())?;
        let is_it = |shown: Option<&str>| number(shown?).zip(number(serial));
        let found = all.find(|device| {
            (device.vendor_id(), device.product_id()) == (VENDOR, PRODUCT)
                && is_it(device.serial_number()).is_some_and(|(one, other)| one == other)
        });
        let opened = found.ok_or_else(absent)?.open().wait();
        let claimed = opened.and_then(|device| device.claim_interface(INTERFACE).wait());
        let interface = claimed.map_err(|error| told(error, serial))?;
        let to = interface.endpoint(TO_DEVICE);
        let from = interface.endpoint(FROM_DEVICE);
        Ok(Self {
            to: to.map_err(|error| told(error, serial))?,
            from: from.map_err(|error| told(error, serial))?,
        })
    }
}

impl Pipe for Claimed {
    fn write(&mut self, octets: &[u8], left: Duration) -> Result<(), TransferError> {
        let Completion {
            status, actual_len, ..
        } = self.to.transfer_blocking(Buffer::from(octets), left);
        status?;
        match actual_len == octets.len() {
            true => Ok(()),
            false => Err(TransferError::Fault),
        }
    }

    fn read(&mut self, left: Duration) -> Result<Vec<u8>, TransferError> {
        let received = self.from.transfer_blocking(Buffer::new(ROOM), left);
        let buffer = received.into_result()?;
        Ok(buffer.into_vec())
    }
}

fn exchange(pipe: &mut dyn Pipe, message: &[u8], end: Instant) -> Result<Vec<u8>, Trouble> {
    // An answer to somebody who is no more would be taken for this one.
    for _ in 0..MOST_STALE {
        if pipe.read(STALE).is_err() {
            break;
        }
    }
    let failed = |error| match error {
        TransferError::Cancelled => Trouble::Late,
        error => Trouble::Usb(Box::new(error)),
    };
    pipe.write(message, left(end)).map_err(failed)?;
    if message.len().is_multiple_of(PACKET) {
        pipe.write(&[], left(end)).map_err(failed)?;
    }
    pipe.read(left(end)).map_err(failed)
}

/// The time until `end`, at least a millisecond.
fn left(end: Instant) -> Duration {
    let left = end.saturating_duration_since(Instant::now());
    left.max(Duration::from_millis(1))
}

/// A serial number, with or without zeros before it.
fn number(serial: &str) -> Option<u32> {
    serial.parse().ok()
}

fn told(error: nusb::Error, serial: &str) -> Trouble {
    match error.kind() {
        ErrorKind::Busy => Trouble::Busy,
        ErrorKind::Disconnected | ErrorKind::NotFound => Trouble::Unplugged(serial.to_owned()),
        ErrorKind::PermissionDenied => Trouble::NotPermitted,
        _ => Trouble::Usb(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// A device that answers each message with its length, and what else is on its way.
    #[derive(Default)]
    struct Fake {
        stale: VecDeque<Vec<u8>>,
        received: Vec<Vec<u8>>,
        begun: Vec<u8>,
        answers: VecDeque<Vec<u8>>,
        is_silent: bool,
    }

    impl Pipe for Fake {
        fn write(&mut self, octets: &[u8], _: Duration) -> Result<(), TransferError> {
            self.begun.extend(octets);
            if !octets.len().is_multiple_of(PACKET) || octets.is_empty() {
                let message = std::mem::take(&mut self.begun);
                let length = u8::try_from(message.len()).expect("short");
                self.answers.push_back(vec![length]);
                self.received.push(message);
            }
            Ok(())
        }

        fn read(&mut self, _: Duration) -> Result<Vec<u8>, TransferError> {
            let answer = match self.received.is_empty() {
                true => self.stale.pop_front(),
                false if self.is_silent => None,
                false => self.answers.pop_front(),
            };
            answer.ok_or(TransferError::Cancelled)
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[test]
    fn a_message_of_whole_packets_ends_with_an_empty_one() {
        for length in [1, 63, 64, 65, 128, 200] {
            let mut device = Fake::default();
            let message = vec![7; length];
            let answer = exchange(&mut device, &message, soon()).expect("answered");
            assert_eq!(usize::from(answer[0]), length);
            assert_eq!(device.received, [message]);
        }
    }

    #[test]
    fn an_answer_to_somebody_else_is_not_taken_for_ones_own() {
        let mut device = Fake::default();
        device.stale.extend([vec![99], vec![98]]);
        assert_eq!(
            exchange(&mut device, b"abc", soon()).expect("answered"),
            [3]
        );
    }

    #[test]
    fn a_device_that_is_silent_is_late() {
        let mut device = Fake {
            is_silent: true,
            ..Fake::default()
        };
        let error = exchange(&mut device, b"abc", soon()).expect_err("no answer");
        assert!(matches!(error, Trouble::Late), "{error}");
    }

    #[test]
    fn a_device_that_is_not_plugged_in_is_told_by_its_number() {
        let error = send("4294967295", b"abc", soon()).expect_err("nobody has it");
        assert!(error.to_string().contains("4294967295"), "{error}");
        assert_eq!(number("0012345678"), number("12345678"));
        assert_eq!(number("none"), None);
    }
}
