//! What ends a session from outside: the host, or a client that no longer reads.

use std::{
    io::{self, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::Arc,
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};
use signstar_hsm::Hurry;

/// Tells everybody in a session to come to an end: no further request is read, nobody waits for an
/// HSM that is away, and what is being answered is answered.
#[derive(Debug)]
pub(crate) struct Stop {
    hurry: Arc<Hurry>,
    told: UnixStream,
    tell: UnixStream,
}

impl Stop {
    pub(crate) fn new(hurry: Arc<Hurry>) -> io::Result<Self> {
        let (told, tell) = UnixStream::pair()?;
        tell.set_nonblocking(true)?;
        Ok(Self { hurry, told, tell })
    }

    /// Takes SIGTERM, SIGINT and SIGHUP for it.
    pub(crate) fn on_signals(&self) -> io::Result<()> {
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            pipe::register(signal, self.tell.try_clone()?)?;
        }
        Ok(())
    }

    pub(crate) fn now(&self) {
        self.hurry.now();
        // When it is full, it says so already.
        let _ = (&self.tell).write(&[0]);
    }

    /// Tells those who wait for an HSM, if a signal came: its handler cannot do that.
    pub(crate) fn look(&self) {
        let mut fds = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0) {
            self.hurry.now();
        }
    }

    /// Becomes readable when it is time.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }
}
