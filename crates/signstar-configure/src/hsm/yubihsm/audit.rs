//! The log of a YubiHSM2, kept on this host before the device forgets it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use signstar_hsm::yubihsm2::{
    administration::Administrator,
    log::{Entry, Log},
};

use super::{DeviceEntry, Purpose};
use crate::{
    hsm::{HsmError, places},
    journal::Journal,
};

/// No line is as long.
const MAX_LINE: u64 = 4 << 10;
/// A device makes some ten signatures in a second, and has room for 62 entries.
const PAUSE: Duration = Duration::from_millis(300);
/// How often a session reads before another one is begun, with other keys.
const SESSION: usize = 10_000;

/// One line of the file.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "kebab-case")]
struct Line {
    /// When it was read, not when it was made: the device has no clock.
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unlogged: Option<Unlogged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Entry>,
}

/// How often something happened for which the log had no room.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Unlogged {
    boots: u16,
    logins: u16,
}

/// The file that the log is kept in, a line of JSON for each entry, open at its end. Nobody else has it.
struct Kept {
    file: File,
    last: Option<Entry>,
    unlogged: Unlogged,
}

/// What came of reading.
#[derive(Debug, Default)]
pub(super) struct Drained {
    /// How many entries were new.
    entries: usize,
    /// What shows that some are missing.
    gaps: Vec<String>,
}

impl Kept {
    /// Opens the file. A line that was not written to its end is taken away: the device has it still.
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        file.lock()?;
        let length = file.metadata()?.len();
        let start = length.saturating_sub(2 * MAX_LINE);
        file.seek(SeekFrom::Start(start))?;
        let mut end = Vec::new();
        Read::by_ref(&mut file)
            .take(2 * MAX_LINE)
            .read_to_end(&mut end)?;
        let whole = end.iter().rposition(|octet| *octet == b'\n');
        let whole = whole.map_or(0, |place| place + 1);
        end.truncate(whole);
        let lines = end.split(|octet| *octet == b'\n').rev();
        let lines: Vec<Line> = lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        let unlogged = lines.iter().find_map(|line| line.unlogged);
        let last = lines.into_iter().find_map(|line| line.entry);
        let end = start + u64::try_from(whole).map_err(io::Error::other)?;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok(Self {
            file,
            last,
            unlogged: unlogged.unwrap_or_default(),
        })
    }

    /// Writes what is new, durably.
    fn write(mut self, log: &Log) -> io::Result<Drained> {
        let mut gaps = Vec::new();
        let new = match log.after(self.last.as_ref()) {
            Ok(new) => new,
            Err(gap) => {
                gaps.push(gap.to_string());
                // From here on they follow on each other, or on nothing that is known.
                log.after(None).unwrap_or(&log.entries)
            }
        };
        let unlogged = Unlogged {
            boots: log.unlogged_boots,
            logins: log.unlogged_logins,
        };
        if unlogged != self.unlogged && unlogged != Unlogged::default() {
            gaps.push(format!(
                "it was full: {} logins and {} times that the device was switched on are missing",
                unlogged.logins, unlogged.boots
            ));
        }
        let time = jiff::Timestamp::now().to_string();
        let line = || Line {
            time: time.clone(),
            ..Line::default()
        };
        let of_gaps = gaps.iter().map(|gap| Line {
            gap: Some(gap.clone()),
            unlogged: Some(unlogged),
            ..line()
        });
        let of_entries = new.iter().map(|entry| Line {
            entry: Some(entry.clone()),
            ..line()
        });
        let mut text = Vec::new();
        for line in of_gaps.chain(of_entries) {
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        if !text.is_empty() {
            self.file.write_all(&text)?;
            self.file.sync_all()?;
        }
        let entries = new.len();
        Ok(Drained { entries, gaps })
    }
}

impl DeviceEntry<'_> {
    /// Whether its log is read.
    pub(crate) fn is_audited(&self) -> bool {
        self.device.auditor.is_some()
    }

    /// Reads the log as its auditor, once, or again and again until somebody ends this.
    /// Tells whether nothing is missing.
    pub(crate) fn audit(&self, follow: bool, out: &mut dyn Write) -> Result<bool, HsmError> {
        let mut accounts = self.accounts.iter();
        let auditor = accounts.find(|account| matches!(account.purpose, Purpose::Audit));
        let auditor = auditor
            .ok_or_else(|| HsmError::Unfit(format!("[hsm.{}] has no `auditor`", self.name)))?;
        loop {
            let passphrase = auditor.passphrase()?;
            let passphrase = passphrase.ok_or(HsmError::NoAuditor(self.name.clone()))?;
            let reading = || format!("read its log as {}", auditor.number);
            let mut session = self
                .log_in(auditor.number, &passphrase)
                .map_err(|source| self.failed(reading(), source))?;
            for _ in 0..SESSION {
                let drained = self.drain(&mut session, out)?;
                if !follow {
                    writeln!(out, "{}: {} entries", self.name, drained.entries)
                        .map_err(HsmError::Output)?;
                    return Ok(drained.gaps.is_empty());
                }
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Keeps what is new in the log of the device, then tells the device that it was read.
    pub(super) fn drain(
        &self,
        session: &mut Administrator,
        out: &mut dyn Write,
    ) -> Result<Drained, HsmError> {
        let Some(path) = &self.log else {
            return Err(HsmError::NoAdministration);
        };
        let failed = |source| self.failed("read its log".to_owned(), source);
        let bad = |error| HsmError::file(path)(error);
        places::make_folder_of(path)?;
        // Before the device is asked: whoever else reads it waits, and then finds what is new.
        let kept = Kept::open(path).map_err(bad)?;
        let log = session.log().map_err(failed)?;
        let Drained { entries, gaps } = kept.write(&log).map_err(bad)?;
        if let (Some(last), true) = (log.entries.last(), entries > 0) {
            session.acknowledge(last.number).map_err(failed)?;
        }
        if !gaps.is_empty() {
            let mut journal = Journal::open(&self.config.journal)?;
            for gap in &gaps {
                let told = format!("its log has a gap: {gap}");
                journal.changed(self.name.as_str(), Some(&self.address()), &told);
                writeln!(out, "{}: {}: {told}", self.name, self.address())
                    .map_err(HsmError::Output)?;
            }
        }
        Ok(Drained { entries, gaps })
    }
}
