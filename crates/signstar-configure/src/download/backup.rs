//! A backup of an HSM, passed on as it comes.

use std::{
    io::{self, Cursor, Write},
    time::Duration,
};

use nethsm::{
    backup::{Backup as BackupFile, Error as BadBackup, Version},
    client::{Client, Error as DeviceError, Options, Tls, Url},
    passphrase::Credentials,
};
use signstar::config::{Backup, Config, Device, Hsm, NetHsm, YubiHsm2};
use signstar_hsm::yubihsm2::administration::{Administrator, DeviceError as DeviceRefusal};

use crate::{Error, hsm::YubiHsmBackup};

/// How long a device may look for its data before the first octet comes.
const PATIENCE: Duration = Duration::from_secs(600);
/// The longest beginning of a backup, in octets (64 KiB): the header has a few hundred.
const MAX_HEADER: usize = 64 << 10;
/// What a backup of version 1 ends with.
const END: &[u8; 19] = b"_NETHSM_BACKUP_END_";

/// Writes a backup of the HSM of `account`, made by the first device that can. It is encrypted by
/// the HSM; what it begins with is checked here before anything is written, and it has at most
/// 1 GiB.
pub(super) fn hand_out(
    config: &Config,
    account: &Backup,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let cannot = |why: &str| Error::Setup {
        what: format!("[hsm.{}]", account.hsm),
        source: why.into(),
    };
    let hsm = match config.hsms.get(&account.hsm) {
        Some(Hsm::NetHsm(hsm)) => hsm,
        Some(Hsm::YubiHsm2(device)) => return of_yubihsm(device, account, out),
        Some(Hsm::Pkcs11(_)) => {
            return Err(cannot("a token makes no backups over its interface"));
        }
        None => return Err(cannot("there is none")),
    };
    let mut last = None;
    for device in hsm.devices() {
        let client = open(hsm, device, account)?;
        let mut checked = Checked::new(out);
        match client.backup(&mut checked) {
            Ok(_) => return checked.end(),
            // Another device cannot go on where this one stopped.
            Err(error) if checked.version.is_some() || !is_away(&error) => {
                return Err(checked.why.take().unwrap_or_else(|| kind(error)));
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| Error::Hsm("it has no devices".into()), kind))
}

/// Writes a backup of a YubiHSM2: every object that may leave it, encrypted by the device.
fn of_yubihsm(device: &YubiHsm2, account: &Backup, out: &mut dyn Write) -> Result<(), Error> {
    let path = account.passphrase.path().display().to_string();
    let passphrase = signstar_hsm::passphrase_of(&account.passphrase).map_err(setup(&path))?;
    let operator = account.operator.as_str();
    let number = operator.parse().map_err(setup(operator))?;
    let opened = Administrator::log_in(device, number, &passphrase);
    let refused = |error: DeviceRefusal| match error.is_unreachable() || error.is_full_log() {
        true => Error::Hsm(Box::new(error)),
        false => setup("it refuses")(error),
    };
    let mut session = opened.map_err(refused)?;
    let made = YubiHsmBackup::of(device, &mut session, |_, _, _| Ok::<_, DeviceRefusal>(()));
    let text = serde_json::to_vec_pretty(&made.map_err(refused)?).map_err(setup("a backup"))?;
    out.write_all(&text).map_err(Error::Output)
}

fn setup<E>(what: &str) -> impl FnOnce(E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    let what = what.to_owned();
    move |source| Error::Setup {
        what,
        source: Box::new(source),
    }
}

fn open(hsm: &NetHsm, device: &Device, account: &Backup) -> Result<Client, Error> {
    let path = account.passphrase.path().display().to_string();
    let passphrase = signstar_hsm::passphrase_of(&account.passphrase).map_err(setup(&path))?;
    let url: Url = device.url.parse().map_err(setup(&device.url))?;
    let tls: Tls = device.tls.parse().map_err(setup(&device.tls))?;
    let options = Options {
        connect_timeout: Duration::from_secs(hsm.timeout_seconds().get().into()),
        timeout: PATIENCE,
        ..Options::default()
    };
    let operator = account.operator.as_str();
    let user = operator.parse().map_err(setup(operator))?;
    let client = Client::with_options(&url, &tls, &options).map_err(setup(&device.tls))?;
    Ok(client.as_user(Credentials::new(user, passphrase)))
}

/// Whether another device may know better.
fn is_away(error: &DeviceError) -> bool {
    error.is_retryable() || matches!(error, DeviceError::Tls { .. } | DeviceError::WrongState)
}

fn kind(error: DeviceError) -> Error {
    match error {
        DeviceError::Local { source } => Error::Output(source),
        DeviceError::Protocol { .. } => Error::Hsm(Box::new(error)),
        error if is_away(&error) => Error::Hsm(Box::new(error)),
        error => Error::Setup {
            what: "it refuses".to_owned(),
            source: Box::new(error),
        },
    }
}

/// Lets a backup through, and nothing else.
struct Checked<'a> {
    out: &'a mut dyn Write,
    header: Vec<u8>,
    /// Known as soon as the header is whole.
    version: Option<Version>,
    /// The last octets, as many as [`END`] has.
    tail: Vec<u8>,
    why: Option<Error>,
}

impl<'a> Checked<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            header: Vec::new(),
            version: None,
            tail: Vec::new(),
            why: None,
        }
    }

    fn end(self) -> Result<(), Error> {
        match self.version {
            Some(Version::V0) => Ok(()),
            Some(Version::V1) if self.tail == END => Ok(()),
            _ => Err(Error::Hsm(
                "what it sent is no backup: it ends early".into(),
            )),
        }
    }

    fn refuse(&mut self, cause: &BadBackup) -> io::Error {
        self.why = Some(Error::Hsm(
            format!("what it sent is no backup: {cause}").into(),
        ));
        io::Error::other("no backup")
    }
}

impl Write for Checked<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.version.is_some() {
            let length = self.out.write(octets)?;
            self.tail.extend(octets.iter().take(length));
            self.tail.drain(..self.tail.len().saturating_sub(END.len()));
            return Ok(length);
        }
        self.header.extend_from_slice(octets);
        match BackupFile::read(Cursor::new(&self.header)) {
            Ok(file) => {
                self.version = Some(file.version());
                let header = std::mem::take(&mut self.header);
                self.write_all(&header)?;
            }
            Err(BadBackup::Truncated) if self.header.len() < MAX_HEADER => {}
            Err(cause) => return Err(self.refuse(&cause)),
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_backup_does_not_get_through() {
        for octets in [&b"{\"message\":\"hello\"}"[..], b"-----BEGIN", &[0; 70_000]] {
            let mut out = Vec::new();
            let mut checked = Checked::new(&mut out);
            checked.write_all(octets).expect_err("refused");
            assert!(matches!(checked.why, Some(Error::Hsm(_))));
            assert_eq!(out, b"");
        }
    }

    #[test]
    fn a_backup_that_ends_in_its_header_is_none() {
        let mut out = Vec::new();
        let mut checked = Checked::new(&mut out);
        checked.write_all(b"_NETHSM").expect("not yet");
        assert!(matches!(checked.end(), Err(Error::Hsm(_))));
        assert_eq!(out, b"");
    }
}
