//! How many sessions a client has at once.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    num::NonZeroU32,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use signstar::refusal::{Code, Refused};

/// A place for one session of a client, until it is dropped or its process ends in whatever way.
///
/// It is the lock of one of the files `STATE/CLIENT/seats/N`, which all sessions of the client share.
#[derive(Debug)]
pub(crate) struct Seat(#[expect(dead_code, reason = "held, never read")] File);

/// Why a session has no place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum NoSeat {
    /// The client has as many sessions as it may have.
    AllTaken,
    /// They cannot be counted.
    Unusable(String),
}

impl NoSeat {
    /// What the client is told when it asks for something.
    pub(crate) fn refused(&self) -> Refused {
        match self {
            Self::AllTaken => Refused::new(Code::SessionLimit).because("sessions"),
            Self::Unusable(why) => Refused::new(Code::Misconfigured).because(why.clone()),
        }
    }
}

impl Seat {
    /// Takes one of `seats` places in `folder`, if one is free.
    pub(crate) fn take(folder: &Path, seats: NonZeroU32) -> io::Result<Option<Self>> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        for number in 0..seats.get() {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(folder.join(number.to_string()))?;
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self(file))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_free_when_its_session_is_over() {
        let state = tempfile::tempdir().expect("a folder");
        let folder = state.path().join("client/seats");
        let two = NonZeroU32::MIN.saturating_add(1);
        let take = || Seat::take(&folder, two).expect("usable");
        let (first, second) = (take(), take());
        assert!(first.is_some() && second.is_some());
        assert!(take().is_none());
        drop(first);
        let third = take();
        assert!(third.is_some() && take().is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_made_seats_nobody() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        Seat::take(&file.path().join("seats"), NonZeroU32::MIN).expect_err("it is a file");
    }
}
