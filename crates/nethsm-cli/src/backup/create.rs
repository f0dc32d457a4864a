//! Making backups.

use std::io;
use std::path::PathBuf;

use clap::Args;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::{NewFile, Readers, is_dash, written};
use crate::noun::Verb;
use crate::progress::Progress;
use crate::session::{Session, failed};

/// The device needs a backup passphrase first: `nethsm config passphrases backup`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The file to write, atomically and readable by its owner only; `-` is standard output.
    file: PathBuf,
}

impl Verb for Create {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let client = session.patient::<table::MakeBackup>(self)?;
        let progress = Progress::new("backing up", None);
        if is_dash(&self.file) {
            client
                .backup(&mut progress.writing(io::stdout().lock()))
                .map_err(failed::<table::MakeBackup>)?;
            return Ok(Answer::gone());
        }
        let mut file = NewFile::create(&self.file, Readers::Owner)?;
        let length = client
            .backup(&mut progress.writing(&mut file))
            .map_err(failed::<table::MakeBackup>)?;
        file.keep()?;
        Ok(written(&self.file, length))
    }
}
