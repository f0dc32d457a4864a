//! Long transfers: backups and updates, of which only a piece is in memory.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use aws_lc_rs::rand;
use ureq::SendBody;
use ureq::http::Response;

use super::{Client, Error, read};
use crate::body::{Body, Kind};
use crate::call::Call;
use crate::multipart;
use crate::table::{MakeBackup, RestoreBackup, UploadUpdate, facts};
use crate::transfer::{BackupFile, ReleaseNotes, RestoreArguments};

/// Transfers. They may take as long as bytes flow, see
/// [`read_timeout`](super::Options::read_timeout), and fail as [`Client::call`] does, or with
/// [`Error::Local`].
impl Client {
    /// Makes a backup and writes it to `into`; gives its length in bytes, at most 1 GiB.
    /// [`Error::Refused`] with status 412 as long as no backup passphrase is set.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
    /// # let device = example::operational().with_key("packages").with_backups();
    /// # let (keeper, administrator) = (device.user("backup"), device.user("admin"));
    /// # let passphrase = example::passphrase();
    /// use nethsm::transfer::RestoreArguments;
    ///
    /// let mut backup = Vec::new();
    /// let length = keeper.backup(&mut backup)?;
    /// assert_eq!(length, backup.len() as u64);
    ///
    /// administrator.delete_key(&"packages".parse()?)?;
    /// let arguments = RestoreArguments {
    ///     backup_passphrase: Some(passphrase),
    ///     system_time: None,
    /// };
    /// administrator.restore(&arguments, &mut backup.as_slice())?;
    /// assert_eq!(administrator.keys()?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// After an error what was written is no backup.
    #[doc = facts!(MakeBackup)]
    pub fn backup(&self, into: &mut dyn Write) -> Result<u64, Error> {
        let request = self.request::<MakeBackup>(&(), &(), None)?;
        let response = self.run(request.body([].as_slice()), None)?;
        let status = response.status().as_u16();
        if status != MakeBackup::ROW.success {
            return Err(Error::refused(status, &read(response, None)?));
        }
        let most = BackupFile::MOST.unwrap_or(u64::MAX);
        let body = response.into_body().into_with_config().limit(most);
        copy(&mut body.reader(), into)
    }

    /// Restores the backup that is read from `backup`. On an operational device, **users,
    /// keys and namespaces that are not in the backup are deleted**.
    #[doc = facts!(RestoreBackup)]
    pub fn restore(
        &self,
        arguments: &RestoreArguments,
        backup: &mut dyn Read,
    ) -> Result<(), Error> {
        let boundary = boundary()?;
        let arguments = arguments.to_bytes().map_err(Error::unwritable)?;
        let before = multipart::head(&boundary, "arguments");
        let between = format!("\r\n{}", multipart::head(&boundary, "backup_file"));
        let after = multipart::tail(&boundary);
        let mut whole = before
            .as_bytes()
            .chain(arguments.as_slice())
            .chain(between.as_bytes())
            .chain(backup)
            .chain(after.as_bytes());
        let media_type = format!("multipart/form-data; boundary={boundary}");
        let response = self.upload::<RestoreBackup>(media_type.into(), &mut whole)?;
        super::answer::<RestoreBackup>(response)
    }

    /// Brings the update that is read from `update` into the device, where it waits for
    /// [`Client::commit_update`]. [`Error::Conflict`] if it is older than what the device has,
    /// or another one waits.
    #[doc = facts!(UploadUpdate)]
    pub fn update(&self, update: &mut dyn Read) -> Result<ReleaseNotes, Error> {
        let media_type = Kind::Octets.media_type().unwrap_or_default();
        let response = self.upload::<UploadUpdate>(media_type.into(), update)?;
        super::answer::<UploadUpdate>(response)
    }

    fn upload<C: Call<Parameters = (), Query = ()>>(
        &self,
        media_type: Cow<'static, str>,
        content: &mut dyn Read,
    ) -> Result<Response<ureq::Body>, Error> {
        let request = self.request::<C>(&(), &(), Some(media_type))?;
        let mut source = Source {
            content,
            failure: None,
        };
        let sent = self.run(request.body(SendBody::from_reader(&mut source)), None);
        match source.failure {
            Some(source) => Err(Error::Local { source }),
            None => Ok(sent?),
        }
    }
}

/// What is sent, remembering why it could not be read: to ureq all errors are alike.
struct Source<'a> {
    content: &'a mut dyn Read,
    failure: Option<io::Error>,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failure = Some(error);
            }
            kind.into()
        })
    }
}

fn copy(from: &mut dyn Read, into: &mut dyn Write) -> Result<u64, Error> {
    let local = |source| Error::Local { source };
    let mut buffer = vec![0; 64 * 1024];
    let mut length = 0;
    loop {
        let amount = from.read(&mut buffer).map_err(ureq::Error::from)?;
        let Some(piece) = buffer.get(..amount).filter(|piece| !piece.is_empty()) else {
            into.flush().map_err(local)?;
            return Ok(length);
        };
        into.write_all(piece).map_err(local)?;
        length += u64::try_from(amount).unwrap_or_default();
    }
}

/// Random, because what is sent is not known before it is sent.
fn boundary() -> Result<String, Error> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| Error::Local {
        source: io::Error::other("the system gives no random numbers"),
    })?;
    Ok(format!("nethsm-{:032x}", u128::from_be_bytes(bytes)))
}
