//! Making backups.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;

use clap::Args;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::{NewFile, Readers, is_dash, written};
use crate::noun::Verb;
use crate::progress::Progress;
use crate::session::Session;

/// The device needs a backup passphrase first: `nethsm config passphrases backup`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The file to write, atomically and readable by its owner only; `-` is standard output.
    file: PathBuf,
}

impl Verb for Create {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.log_in_for::<table::MakeBackup>(self)?;
        let progress = Progress::new("backing up", None);
        if is_dash(&self.file) {
            session.ask_long::<table::MakeBackup, _>(self, |client| {
                client.backup(&mut progress.writing(io::stdout().lock()))
            })?;
            return Ok(Answer::gone());
        }
        // A call that is made again has written nothing before.
        let file = RefCell::new(NewFile::create(&self.file, Readers::Owner)?);
        let length = session.ask_long::<table::MakeBackup, _>(self, |client| {
            client.backup(&mut progress.writing(&mut *file.borrow_mut()))
        })?;
        file.into_inner().keep()?;
        Ok(written(&self.file, length))
    }
}
