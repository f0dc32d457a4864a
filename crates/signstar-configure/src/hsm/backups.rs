//! Backups as they are kept.

use std::{
    fs::{self, File, Permissions},
    io::Write,
    os::unix::fs::{PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use nix::unistd::User;
use signstar::config::{Config, HsmName, Identity, Role};

use super::{HsmError, leftovers::PREFIX};

/// The folder of backups of one HSM: `STATE/USER/backups/HSM` of the user that downloads them.
#[derive(Debug)]
pub(super) struct Backups {
    folder: PathBuf,
    owner: Option<u32>,
}

impl Backups {
    /// `None` if nobody downloads backups of this HSM.
    pub(super) fn of(config: &Config, hsm: &HsmName) -> Option<Self> {
        let (name, _) = config
            .users
            .iter()
            .find(|(_, user)| matches!(&user.role, Role::Backup(account) if account.hsm == *hsm))?;
        let owner = match config.identity {
            Identity::UnixUser => User::from_name(name.as_str()).ok().flatten(),
            Identity::AuthorizedKeys => None,
        };
        Some(Self {
            folder: config
                .state
                .join(name.as_str())
                .join("backups")
                .join(hsm.as_str()),
            owner: owner.map(|user| user.uid.as_raw()),
        })
    }

    /// Makes one of what `write` writes, and returns where it is.
    pub(super) fn make(
        &self,
        write: impl FnOnce(&mut File) -> Result<(), HsmError>,
    ) -> Result<PathBuf, HsmError> {
        fs::create_dir_all(&self.folder).map_err(HsmError::file(&self.folder))?;
        let failed = |error| HsmError::file(&self.folder)(error);
        let mut file = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(&self.folder)
            .map_err(failed)?;
        write(file.as_file_mut())?;
        if self.owner.is_some() {
            fchown(file.as_file(), self.owner, None).map_err(failed)?;
        }
        file.flush().map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        let time = jiff::Timestamp::now().to_string().replace(':', "-");
        let path = self.folder.join(format!("{time}.backup"));
        file.persist(&path)
            .map_err(|error| HsmError::file(&path)(error.error))?;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        Ok(path)
    }

    /// Where they are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The newest one.
    pub(super) fn newest(&self) -> Result<PathBuf, HsmError> {
        let none = || HsmError::NoBackup(self.folder.clone());
        let entries = fs::read_dir(&self.folder).map_err(|_| none())?;
        let paths = entries.flatten().map(|entry| entry.path());
        let is_backup = |path: &PathBuf| path.extension() == Some(Path::new("backup").as_os_str());
        paths.filter(is_backup).max().ok_or_else(none)
    }
}
