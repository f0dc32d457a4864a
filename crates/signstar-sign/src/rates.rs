//! How often a client asked, in a file that all of its sessions share.

use std::{
    error::Error,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use signstar::{
    config::{ClientName, Rates},
    policy::Meter,
    refusal::{Code, Refused},
};

use crate::window::Window;

/// What the file begins with.
const MAGIC: &[u8; 8] = b"SSRATE1\n";

/// The count of a client's requests: `STATE/CLIENT/rates`.
///
/// The file is locked while one request is counted, so that sessions in parallel share one count.
/// It is not synced to the disk: only a crash of the whole host can lose the last seconds.
#[derive(Debug)]
pub(crate) struct RateFile {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

/// What stands in the file: the last minute in seconds, the last day in minutes.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Counts {
    minute: Window,
    day: Window,
}

/// Why the count cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot count requests in {}", path.display())]
struct CannotCount {
    path: PathBuf,
    source: io::Error,
}

impl RateFile {
    /// The count in the file `path`; nothing is opened yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: Mutex::new(None),
        }
    }

    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)
    }

    /// Counts one request at `now` unless that exceeds `rates`; says which it would exceed.
    fn count(&self, rates: &Rates, now: Duration) -> io::Result<Result<(), &'static str>> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(self.open()?),
        };
        file.lock()?;
        let counted = count(file, rates, now);
        file.unlock()?;
        counted
    }
}

fn count(file: &mut File, rates: &Rates, now: Duration) -> io::Result<Result<(), &'static str>> {
    file.seek(SeekFrom::Start(0))?;
    let mut octets = Vec::new();
    (&*file).take(64 * 1024).read_to_end(&mut octets)?;
    let mut counts = if octets.is_empty() {
        Counts::none()
    } else {
        Counts::from_octets(&octets)
            .ok_or_else(|| io::Error::other("it is damaged; remove it to begin a new count"))?
    };
    counts.minute.advance(now.as_secs());
    counts.day.advance(now.as_secs() / 60);
    let exceeds = |limit: Option<std::num::NonZeroU32>, window: &Window| {
        limit.is_some_and(|limit| window.sum() >= u64::from(limit.get()))
    };
    let counted = if exceeds(rates.per_minute, &counts.minute) {
        Err("requests-per-minute")
    } else if exceeds(rates.per_day, &counts.day) {
        Err("requests-per-day")
    } else {
        counts.minute.add_one();
        counts.day.add_one();
        Ok(())
    };
    // Also what is refused is written: after a clock was set back, time goes on from there.
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&counts.to_octets())?;
    Ok(counted)
}

impl Counts {
    /// One part more than the time that is asked for: the first and the last are not whole.
    fn none() -> Self {
        Self {
            minute: Window::of(61),
            day: Window::of(24 * 60 + 1),
        }
    }

    fn to_octets(&self) -> Vec<u8> {
        let mut octets = MAGIC.to_vec();
        self.minute.write_to(&mut octets);
        self.day.write_to(&mut octets);
        octets
    }

    fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut counts = Self::none();
        let mut rest = octets.strip_prefix(MAGIC)?;
        rest = counts.minute.read_from(rest)?;
        rest = counts.day.read_from(rest)?;
        rest.is_empty().then_some(counts)
    }
}

impl Meter for RateFile {
    fn take(&self, _: &ClientName, rates: &Rates, now: SystemTime) -> Result<(), Refused> {
        let cannot = |source| {
            let cause: Box<dyn Error + Send + Sync> = Box::new(CannotCount {
                path: self.path.clone(),
                source,
            });
            Refused::new(Code::Misconfigured).because(cause)
        };
        let now = now
            .duration_since(UNIX_EPOCH)
            .map_err(|_| cannot(io::Error::other("the clock is before 1970")))?;
        match self.count(rates, now).map_err(cannot)? {
            Ok(()) => Ok(()),
            Err(limit) => Err(Refused::new(Code::RateLimited).because(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        num::NonZeroU32,
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn rates(per_minute: u32, per_day: u32) -> Rates {
        Rates {
            per_minute: NonZeroU32::new(per_minute),
            per_day: NonZeroU32::new(per_day),
        }
    }

    fn client() -> ClientName {
        ClientName::new("builder").expect("a name")
    }

    fn code(counted: Result<(), Refused>) -> Option<Code> {
        counted.err().map(|refused| refused.code())
    }

    #[test]
    fn no_minute_and_no_day_has_more_than_it_may() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("builder/rates");
        let rates = rates(3, 5);
        // Each time another session.
        let take = |second| code(RateFile::new(path.clone()).take(&client(), &rates, at(second)));
        for second in [1_000_000, 1_000_030, 1_000_059] {
            assert_eq!(take(second), None);
        }
        // What is refused does not count.
        for _ in 0..9 {
            assert_eq!(take(1_000_060), Some(Code::RateLimited));
        }
        assert_eq!(take(1_000_061), None);
        assert_eq!(take(1_000_062), Some(Code::RateLimited));
        assert_eq!(take(1_000_500), None);
        for second in [1_000_700, 1_050_000, 1_086_399] {
            assert_eq!(take(second), Some(Code::RateLimited));
        }
        assert_eq!(take(1_000_700 + 86_400), None);
    }

    #[test]
    fn a_clock_that_is_set_back_forgives_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = RateFile::new(folder.path().join("rates"));
        let rates = rates(1, 2);
        assert_eq!(code(file.take(&client(), &rates, at(2_000_000))), None);
        for second in [1_000_000, 1_000_059] {
            let counted = file.take(&client(), &rates, at(second));
            assert_eq!(code(counted), Some(Code::RateLimited));
        }
        // Nor does it lock anybody out for longer.
        assert_eq!(code(file.take(&client(), &rates, at(1_000_061))), None);
    }

    #[test]
    fn many_sessions_and_threads_share_one_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let granted = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let session = RateFile::new(folder.path().join("rates"));
                let granted = &granted;
                scope.spawn(move || {
                    std::thread::scope(|scope| {
                        for _ in 0..4 {
                            scope.spawn(|| {
                                for _ in 0..10 {
                                    let rates = rates(100, 1000);
                                    if session.take(&client(), &rates, at(7)).is_ok() {
                                        granted.fetch_add(1, Ordering::Relaxed);
                                    }
                                }
                            });
                        }
                    });
                });
            }
        });
        assert_eq!(granted.into_inner(), 100);
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rates");
        for damage in [&b"x"[..], b"SSRATE1\n", &[0; 6032]] {
            fs::write(&path, damage).expect("written");
            let refused = RateFile::new(path.clone()).take(&client(), &rates(9, 9), at(7));
            let refused = refused.expect_err("no count, no signature");
            assert_eq!(refused.code(), Code::Misconfigured);
            assert!(
                refused
                    .cause()
                    .is_some_and(|cause| cause.contains("damaged"))
            );
            assert_eq!(fs::read(&path).expect("there"), damage);
        }
        let nowhere = RateFile::new(path.join("below/rates"));
        let refused = nowhere.take(&client(), &rates(9, 9), at(7));
        assert_eq!(code(refused), Some(Code::Misconfigured));
    }
}
