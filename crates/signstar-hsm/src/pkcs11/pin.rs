//! A PIN that is not tried again once it was wrong: three wrong ones lock a token.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::PathBuf,
    sync::{Mutex, MutexGuard, TryLockError as Locked},
    thread::sleep,
    time::{Duration, Instant},
};

use nethsm::passphrase::Passphrase;
use signstar::config::{Credential, Pkcs11, Token};

use super::TokenError;
use crate::credential;

/// The name of the note in the folder for what has to survive.
const NOTE: &str = "refused-pin";
/// The longest note that is read, in octets.
const MAX_NOTE: u64 = 8 << 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The PIN of a token, in a file.
///
/// At most one process and thread at a time logs in with it. When the token calls it wrong, the note
/// says which file of which token that was, by what changes whenever the file does; until then nobody
/// logs in with it. Nothing about the PIN itself is in the note.
pub(super) struct Pin {
    credential: Credential,
    token: String,
    /// Where the note is, if there is a folder for it.
    note: Option<PathBuf>,
    /// The same as the note, for this process. Whoever logs in holds it.
    refused: Mutex<Option<String>>,
}

/// The turn to log in, once.
pub(super) struct Turn<'a> {
    refused: MutexGuard<'a, Option<String>>,
    which: String,
    note: Option<File>,
}

impl Pin {
    pub(super) fn new(credential: Credential, token: &Pkcs11, folder: Option<PathBuf>) -> Self {
        let name = match token.token() {
            Token::Label(label) => format!("label {label:?}"),
            Token::Serial(serial) => format!("serial {serial:?}"),
        };
        Self {
            credential,
            token: format!("{:?} {name}", token.module()),
            note: folder.map(|folder| folder.join(NOTE)),
            refused: Mutex::default(),
        }
    }

    /// Waits for the turn to log in until `end`, and reads the PIN.
    ///
    /// Fails if the token has called it wrong before.
    pub(super) fn turn(&self, end: Instant) -> Result<(Turn<'_>, Passphrase), TokenError> {
        let refused = self.wait(end)?;
        let mut note = match &self.note {
            Some(path) => Some(lock(path, end)?),
            None => None,
        };
        let which = self.which()?;
        let written = match &mut note {
            Some(note) => read(note).map_err(TokenError::NoNote)?,
            None => String::new(),
        };
        if written == which || refused.as_ref() == Some(&which) {
            return Err(TokenError::KnownWrongPin);
        }
        let passphrase = credential::open(&self.credential)?;
        let turn = Turn {
            refused,
            which,
            note,
        };
        Ok((turn, passphrase))
    }

    fn wait(&self, end: Instant) -> Result<MutexGuard<'_, Option<String>>, TokenError> {
        loop {
            match self.refused.try_lock() {
                Ok(refused) => return Ok(refused),
                // A note is sound whatever happened to who wrote it.
                Err(Locked::Poisoned(refused)) => return Ok(refused.into_inner()),
                Err(Locked::WouldBlock) if Instant::now() < end => sleep(PAUSE),
                Err(Locked::WouldBlock) => return Err(TokenError::Busy),
            }
        }
    }

    /// What changes whenever the file with the PIN does, or the token is another one.
    fn which(&self) -> Result<String, TokenError> {
        let path = self.credential.path();
        let metadata = fs::metadata(path).map_err(crate::BadCredential::Io)?;
        let (device, inode) = (metadata.dev(), metadata.ino());
        let (modified, changed) = (metadata.mtime(), metadata.ctime());
        let (modified_ns, changed_ns) = (metadata.mtime_nsec(), metadata.ctime_nsec());
        Ok(format!(
            "file {path:?} {device}:{inode} {modified}.{modified_ns:09} {changed}.{changed_ns:09}\n\
             token {}\n",
            self.token
        ))
    }
}

impl Turn<'_> {
    /// The token calls the PIN wrong.
    pub(super) fn refused(mut self) -> io::Result<()> {
        *self.refused = Some(self.which.clone());
        let Some(note) = &mut self.note else {
            return Ok(());
        };
        note.rewind()?;
        note.set_len(0)?;
        note.write_all(self.which.as_bytes())?;
        note.sync_all()
    }
}

/// Opens and locks the note, made if it is not there.
fn lock(path: &PathBuf, end: Instant) -> Result<File, TokenError> {
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(folder);
        made.map_err(TokenError::NoNote)?;
    }
    let note = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(TokenError::NoNote)?;
    loop {
        match note.try_lock() {
            Ok(()) => return Ok(note),
            Err(TryLockError::WouldBlock) if Instant::now() < end => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(TokenError::Busy),
            Err(TryLockError::Error(error)) => return Err(TokenError::NoNote(error)),
        }
    }
}

fn read(note: &mut File) -> io::Result<String> {
    let mut text = String::new();
    note.take(MAX_NOTE).read_to_string(&mut text)?;
    Ok(text)
}
