//! Input and output that do not wait forever.

use std::{
    io::{self, Read, Write},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signstar::config::Limits;

/// How long a session may wait, and when it is over in any case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    end: Instant,
    idle: Duration,
}

impl Deadline {
    /// The limits of a session that begins at `now`.
    pub(crate) fn new(now: Instant, limits: &Limits) -> Self {
        Self {
            end: now + Duration::from_secs(limits.session_seconds.get().into()),
            idle: Duration::from_secs(limits.idle_seconds.get().into()),
        }
    }

    /// Waits until `what` can be done with `fd`, but no longer than allowed.
    fn wait(&self, fd: impl AsFd, what: PollFlags) -> io::Result<()> {
        let until = self.end.min(Instant::now() + self.idle);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(fd.as_fd(), what)], timeout) {
                Ok(0) | Err(nix::Error::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A reader that fails with [`io::ErrorKind::TimedOut`] rather than wait too long.
#[derive(Debug)]
pub(crate) struct TimedReader<R> {
    inner: R,
    deadline: Deadline,
}

impl<R: Read + AsFd> TimedReader<R> {
    pub(crate) fn new(inner: R, deadline: Deadline) -> Self {
        Self { inner, deadline }
    }
}

impl<R: Read + AsFd> Read for TimedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.deadline.wait(&self.inner, PollFlags::POLLIN)?;
        self.inner.read(buffer)
    }
}

/// A writer that fails with [`io::ErrorKind::TimedOut`] rather than wait too long for a client
/// that does not read its answers.
///
/// A response is shorter than what a pipe that is ready to be written takes at once.
#[derive(Debug)]
pub(crate) struct TimedWriter<W> {
    inner: W,
    deadline: Deadline,
}

impl<W: Write + AsFd> TimedWriter<W> {
    pub(crate) fn new(inner: W, deadline: Deadline) -> Self {
        Self { inner, deadline }
    }
}

impl<W: Write + AsFd> Write for TimedWriter<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.deadline.wait(&self.inner, PollFlags::POLLOUT)?;
        self.inner.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
