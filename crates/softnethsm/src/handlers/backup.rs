//! Backups: made and restored.

use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::sync::Arc;

use hyper::StatusCode;
use nethsm::backup;
use nethsm::table::{MakeBackup, RestoreBackup};
use nethsm::transfer::{BackupFile, Restore, RestoreArguments};

use super::{Done, Handle, json};
use crate::answer::Refusal;
use crate::device::RestoreError;
use crate::request::Request;
use crate::stream::Streamed;
use crate::upload::{self, BadParts};

impl Handle for MakeBackup {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<BackupFile>, Refusal> {
        let vault = request.vault.as_ref().ok_or_else(Refusal::unavailable)?;
        let (key, salt) = vault.backup_key()?.ok_or_else(|| {
            let message = "Please configure backup passphrase before doing a backup.";
            Refusal::new(StatusCode::PRECONDITION_FAILED, message)
        })?;
        let (device, vault) = (Arc::clone(&request.device), Arc::clone(vault));
        let streamed = Streamed::made_by(move |to| device.back_up(&vault, (&key, &salt), to));
        Done::streamed(BackupFile(Vec::new()), streamed)
    }
}

/// The first part has at most so many octets.
const LONGEST_ARGUMENTS: usize = 1024;
/// The name of the mark and one octet of version.
const SHORTEST: u64 = 16;

impl From<RestoreError> for Refusal {
    fn from(error: RestoreError) -> Self {
        let message = match error {
            RestoreError::Store(error) => return error.into(),
            RestoreError::Device(error) => return error.into(),
            RestoreError::OtherState => return Self::unavailable(),
            RestoreError::File(backup::Error::Io(_) | backup::Error::Cryptography) => {
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
            }
            RestoreError::File(backup::Error::NoBackup) => "Not a NetHSM backup file".to_owned(),
            RestoreError::File(backup::Error::Truncated) => "Unexpected end of data".to_owned(),
            RestoreError::File(backup::Error::Version(version)) => format!(
                "Version mismatch on restore, provided backup version is {version}, server \
                 expects one of [ 0 1]"
            ),
            RestoreError::File(backup::Error::BackupPassphrase) => {
                "Could not decrypt backup-version, authentication failed. Is the passphrase \
                 correct?"
                    .to_owned()
            }
            RestoreError::File(_) | RestoreError::NoPassphrase => error.to_string(),
        };
        Self::bad(message)
    }
}

fn restore(
    request: &Request,
    file: impl Read + Seek,
    wish: &RestoreArguments,
) -> Result<Done<()>, Refusal> {
    request.device.restore(file, wish)?;
    Done::with(())
}

impl Handle for RestoreBackup {
    const SCHEMA: &'static str = "restore_req";
    const CONTENT_TYPES: &'static [&'static str] = &["multipart/form-data"];

    fn handle(request: &Request, (): (), wish: Restore) -> Result<Done<()>, Refusal> {
        restore(request, Cursor::new(wish.backup.0), &wish.arguments)
    }

    fn handle_file(request: &Request, (): (), file: File) -> Result<Done<()>, Refusal> {
        let (arguments, content) = upload::two_parts(file).map_err(|error| match error {
            BadParts::Form(bad) => Refusal::bad(bad.to_string()),
            BadParts::Unreadable(_) => {
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        })?;
        if arguments.len() > LONGEST_ARGUMENTS {
            return Err(Refusal::bad("the arguments are longer than 1 KiB"));
        }
        let wish: RestoreArguments = json::read(Self::SCHEMA, &arguments)?;
        if content.length() < SHORTEST {
            return Err(RestoreError::File(backup::Error::Truncated).into());
        }
        restore(request, content, &wish)
    }
}
