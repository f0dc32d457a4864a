//! Input and output that do not wait forever.

use std::{
    fmt,
    io::{self, Read, Write},
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signstar::config::Limits;

use crate::stop::Stop;

/// How often a session that waits looks after itself.
pub(crate) const BEAT: Duration = Duration::from_secs(1);

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

    /// Fails when the session is over.
    pub(crate) fn check(&self) -> io::Result<()> {
        if Instant::now() < self.end {
            Ok(())
        } else {
            Err(io::ErrorKind::TimedOut.into())
        }
    }

    /// The end of a wait that begins now.
    fn of_a_wait(&self) -> Instant {
        self.end.min(Instant::now() + self.idle)
    }
}

/// Whether `what` can be done with any of `fds` before `until`.
fn wait<const N: usize>(
    fds: [(BorrowedFd<'_>, PollFlags); N],
    until: Instant,
) -> io::Result<[bool; N]> {
    let left = until.saturating_duration_since(Instant::now());
    let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    let mut polled = fds.map(|(fd, what)| PollFd::new(fd, what));
    match poll(&mut polled, timeout) {
        // What is left of less than a millisecond.
        Ok(0) if timeout == PollTimeout::ZERO => std::thread::sleep(left),
        Ok(_) | Err(nix::Error::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(polled.map(|fd| fd.any().unwrap_or(false)))
}

/// A reader that fails rather than wait too long: with [`io::ErrorKind::TimedOut`], and when it is
/// told to stop with [`io::ErrorKind::ConnectionAborted`].
pub(crate) struct TimedReader<'a, R> {
    inner: R,
    deadline: Deadline,
    stop: &'a Stop,
    /// What is done every second; says whether the client waits for an answer.
    beat: &'a dyn Fn() -> bool,
}

impl<R> fmt::Debug for TimedReader<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedReader").finish_non_exhaustive()
    }
}

impl<'a, R: Read + AsFd> TimedReader<'a, R> {
    pub(crate) fn new(
        inner: R,
        deadline: Deadline,
        stop: &'a Stop,
        beat: &'a dyn Fn() -> bool,
    ) -> Self {
        Self {
            inner,
            deadline,
            stop,
            beat,
        }
    }
}

impl<R: Read + AsFd> Read for TimedReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut until = self.deadline.of_a_wait();
        loop {
            let fds = [
                (self.stop.as_fd(), PollFlags::POLLIN),
                (self.inner.as_fd(), PollFlags::POLLIN),
            ];
            let [stopped, readable] = wait(fds, until.min(Instant::now() + BEAT))?;
            if stopped {
                self.stop.look();
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            self.deadline.check()?;
            if readable {
                return self.inner.read(buffer);
            }
            if (self.beat)() {
                // The client waits for us, not we for the client.
                until = self.deadline.of_a_wait();
            }
            if Instant::now() >= until {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

/// A writer that fails with [`io::ErrorKind::TimedOut`] rather than wait too long for a client
/// that does not read its answers.
///
/// Give it no more at once than what a pipe that is ready takes (`PIPE_BUF`).
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
        let until = self.deadline.of_a_wait();
        loop {
            let [ready] = wait([(self.inner.as_fd(), PollFlags::POLLOUT)], until)?;
            if ready {
                return self.inner.write(octets);
            }
            if Instant::now() >= until {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes `line` to the standard error output if that does not take longer than `patience`: over
/// SSH the client need not read it.
pub(crate) fn complain(line: &str, patience: Duration) {
    let stderr = io::stderr();
    let until = Instant::now() + patience;
    let ready = wait([(stderr.as_fd(), PollFlags::POLLOUT)], until);
    if ready.is_ok_and(|[ready]| ready) {
        // Whoever does not get this has the response.
        let _ = (&stderr).write_all(line.as_bytes());
    }
}
