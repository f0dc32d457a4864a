//! Backups of a YubiHSM2: every object that may leave it, encrypted under its wrap key.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use signstar::config::YubiHsm2;
use signstar_hsm::yubihsm2::{
    administration::{Administrator, DeviceError, FACTORY_KEY},
    command::text_of,
    object::{Capabilities, Info, ObjectType},
    wrapped::WrapKey,
};

use super::{DeviceEntry, DeviceStep, Door, algorithm, apply::wrap_key_of};
use crate::{
    hsm::{HsmError, backups::Backups, places},
    journal::Journal,
};

/// What the file begins with, so that nothing else is taken for one.
const FORMAT: &str = "signstar yubihsm2 backup 1";
/// A device has room for 126 KiB of objects, which are written in hexadecimal.
const MAX_OCTETS: u64 = 1 << 20;

/// How long somebody who reads the log may take to make room in it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before the device is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// All objects of a device, as JSON. Nothing in it is secret.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Backup {
    format: String,
    /// The serial number of the device that it was made of.
    serial: String,
    time: String,
    objects: Vec<Exported>,
}

/// One object.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Exported {
    /// What it is, for people; what counts is inside.
    what: String,
    /// As the device gave it.
    #[serde(with = "hex::serde")]
    wrapped: Vec<u8>,
}

impl Backup {
    /// Has a device export every object that may leave it. `look` sees each of them.
    pub(crate) fn of<E: From<DeviceError>>(
        device: &YubiHsm2,
        session: &mut Administrator,
        mut look: impl FnMut(&mut Administrator, &Info, &[u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut objects = Vec::new();
        for info in session.objects()? {
            let description = &info.description;
            let exportable = Capabilities::EXPORTABLE_UNDER_WRAP;
            if !description.capabilities.contain(exportable) {
                continue;
            }
            let wrapped = export(session, device.wrap_key.get(), &info)?;
            look(session, &info, &wrapped)?;
            let what = told(&info);
            objects.push(Exported { what, wrapped });
        }
        Ok(Self {
            format: FORMAT.to_owned(),
            serial: device.serial.as_str().to_owned(),
            time: jiff::Timestamp::now().to_string(),
            objects,
        })
    }
}

/// Exports one object, as soon as the log has room for it.
fn export(session: &mut Administrator, wrap_key: u16, info: &Info) -> Result<Vec<u8>, DeviceError> {
    let end = Instant::now() + PATIENCE;
    loop {
        match session.export(wrap_key, info.of_type, info.description.id) {
            Err(error) if error.is_full_log() && Instant::now() < end => sleep(PAUSE),
            exported => return exported,
        }
    }
}

/// Why there is no backup.
enum Trouble {
    Device(DeviceError),
    Other(HsmError),
}

impl From<DeviceError> for Trouble {
    fn from(error: DeviceError) -> Self {
        Self::Device(error)
    }
}

/// What is in a backup, opened.
struct Opened {
    info: Info,
    wrapped: Vec<u8>,
}

impl DeviceEntry<'_> {
    /// Makes a backup, if somebody downloads them.
    pub(crate) fn back_up(&self, out: &mut dyn Write) -> Result<(), HsmError> {
        self.back_up_with(self.opened()?.session(), out)
    }

    pub(super) fn back_up_with(
        &self,
        session: &mut Administrator,
        out: &mut dyn Write,
    ) -> Result<(), HsmError> {
        let Some(backups) = Backups::of(self.config, self.name) else {
            return Ok(());
        };
        let key = self.wrap_key()?;
        if self.is_audited() {
            self.drain(session, out)?;
        }
        let backup = Backup::of(self.device, session, |session, info, wrapped| {
            if self.is_audited() {
                self.drain(session, out).map_err(Trouble::Other)?;
            }
            // What does not open here would not do later.
            let is_it = key.info(wrapped).is_ok_and(|inside| {
                (inside.of_type, inside.description.id) == (info.of_type, info.description.id)
            });
            match is_it {
                true => Ok(()),
                false => Err(Trouble::Other(HsmError::Unfit(format!(
                    "wrap key {} of {} is not the one of this host: what it exports does not open ({})",
                    self.device.wrap_key.get(),
                    self.address(),
                    told(info)
                )))),
            }
        });
        let backup = backup.map_err(|trouble| match trouble {
            Trouble::Device(source) => self.failed("export its objects".to_owned(), source),
            Trouble::Other(error) => error,
        })?;
        let path = backups.make(|file| {
            serde_json::to_writer_pretty(file, &backup)
                .map_err(|error| HsmError::Unfit(error.to_string()))
        })?;
        writeln!(out, "{}: backup in {}", self.name, path.display()).map_err(HsmError::Output)
    }

    /// Brings every object of a backup into the device that is not there: into a new one, or one that lost
    /// some.
    pub(crate) fn restore(&mut self, path: &Path, out: &mut dyn Write) -> Result<(), HsmError> {
        let key = self.wrap_key()?;
        let all = self.read(path, &key)?;
        let mut door = self.opened()?;
        if matches!(door, Door::New(_)) {
            let number = self.device.administrator.get();
            self.make(&DeviceStep::PutAdministrator { number }, &mut door, out)?;
        }
        let failed = |source| self.failed("restore its objects".to_owned(), source);
        let there = door.session().objects().map_err(failed)?;
        let has = |of_type, number| {
            let mut there = there.iter();
            there.find(|info| info.of_type == of_type && info.description.id == number)
        };
        if has(ObjectType::AUTHENTICATION_KEY, FACTORY_KEY).is_some() {
            self.make(&DeviceStep::DeleteFactoryKey, &mut door, out)?;
        }
        let number = self.device.wrap_key.get();
        if has(ObjectType::WRAP_KEY, number).is_none() {
            self.make(&DeviceStep::PutWrapKey { number }, &mut door, out)?;
        }
        for Opened { info, wrapped } in &all {
            let what = told(info);
            let session = door.session();
            match has(info.of_type, info.description.id) {
                Some(other) if other.description == info.description => continue,
                // Who signs may be another one by now: `hsm apply` knows.
                Some(_) if info.of_type == ObjectType::AUTHENTICATION_KEY => continue,
                Some(_) => {
                    return Err(HsmError::BadBackup {
                        path: path.to_owned(),
                        why: format!("the device has another {what} with the same number"),
                    });
                }
                None => {}
            }
            if self.is_audited() {
                self.drain(session, out)?;
            }
            session.import(number, wrapped).map_err(failed)?;
            let change = format!("restore {what}");
            let mut journal = Journal::open(&self.config.journal)?;
            journal.changed(self.name.as_str(), Some(&self.address()), &change);
            let _ = writeln!(out, "{}: {}: {change}", self.name, self.address());
        }
        self.note_seen()
    }

    /// Opens every object of a backup with the key that it would be restored with, and looks for every key
    /// of the configuration. Returns how many objects there are.
    pub(crate) fn verify_backup(&self, path: &Path) -> Result<usize, HsmError> {
        let all = self.read(path, &self.wrap_key()?)?;
        for key in &self.keys {
            let label = key.id.as_str();
            let mut keys = all
                .iter()
                .filter(|one| one.info.of_type == ObjectType::ASYMMETRIC_KEY);
            let found = keys.find(|one| text_of(&one.info.description.label) == label);
            let why = match (found, key.key_type) {
                (None, _) => format!("key `{label}` is not in it"),
                (Some(one), Some(wanted))
                    if one.info.description.algorithm != algorithm(wanted) =>
                {
                    format!("key `{label}` in it is not of the type {wanted}")
                }
                _ => continue,
            };
            let path = path.to_owned();
            return Err(HsmError::BadBackup { path, why });
        }
        Ok(all.len())
    }

    /// Reads a backup as a whole, each object opened.
    fn read(&self, path: &Path, key: &WrapKey) -> Result<Vec<Opened>, HsmError> {
        let bad = |why: &dyn std::fmt::Display| HsmError::BadBackup {
            path: path.to_owned(),
            why: why.to_string(),
        };
        let file = File::open(path).map_err(HsmError::file(path))?;
        let mut text = Vec::new();
        let read = file.take(MAX_OCTETS).read_to_end(&mut text);
        read.map_err(HsmError::file(path))?;
        let backup: Backup = serde_json::from_slice(&text).map_err(|error| bad(&error))?;
        if backup.format != FORMAT {
            return Err(bad(&"it is no backup of a YubiHSM2"));
        }
        let opened = backup
            .objects
            .into_iter()
            .map(|Exported { what, wrapped }| {
                let info = key.info(&wrapped);
                let info = info.map_err(|error| bad(&format!("{what}: {error}")))?;
                Ok(Opened { info, wrapped })
            });
        opened.collect()
    }

    /// The key of backups, which is never made up to read one.
    fn wrap_key(&self) -> Result<WrapKey, HsmError> {
        let place = self.administration.as_ref().map(|(place, _)| place);
        let known = places::load(place.ok_or(HsmError::NoAdministration)?)?;
        wrap_key_of(&known.ok_or(HsmError::NoAdministration)?)
    }
}

fn told(info: &Info) -> String {
    let description = &info.description;
    format!(
        "{} {} `{}`",
        info.of_type,
        description.id,
        text_of(&description.label)
    )
}
