//! New administrative credentials, stored beside the old until every device has them.

use std::{fs::File, io::Write, path::Path};

use signstar_hsm::{Administration, AdministrativeCredentials, state::rotate_administrators};

use super::{HsmError, entry::Entry, places};

impl Entry<'_> {
    /// Makes up new credentials, or takes those that a change before this did not get done with,
    /// gives them to all devices, makes a backup that is encrypted with the new passphrase, and
    /// drops the old ones.
    pub(super) fn change_administrators(&self, out: &mut dyn Write) -> Result<(), HsmError> {
        self.clear_away();
        let old = self.old()?;
        let next = self.file.next();
        let bad = |source| HsmError::Administration {
            path: next.path().to_owned(),
            source,
        };
        let new = match places::load(&next)? {
            Some(new) => new,
            None => {
                let new = AdministrativeCredentials::make_up(old.administrators.keys());
                let new = new.map_err(|error| bad(error.into()))?;
                next.store(&new).map_err(bad)?;
                new
            }
        };
        let access = self.access(Some(&old))?;
        rotate_administrators(&access, &new, &mut self.teller(out)?)?;
        self.back_up(&access, out)?;
        self.file.promote_next().map_err(bad)?;
        self.note("drop the old administrative credentials", out)
    }

    /// Gets done with a change that was interrupted, if there is one.
    pub(super) fn finish_administrators(&self, out: &mut dyn Write) -> Result<(), HsmError> {
        self.clear_away();
        match self.is_half_changed()? {
            true => self.change_administrators(out),
            false => Ok(()),
        }
    }

    /// Fails if a change was interrupted: then nobody can tell which credentials a device has.
    pub(super) fn not_half_changed(&self) -> Result<(), HsmError> {
        match self.is_half_changed()? {
            true => Err(HsmError::HalfChanged(self.name.clone())),
            false => Ok(()),
        }
    }

    /// Restores a backup with the credentials that it was made with: it may be one from before or
    /// from after a change that was interrupted.
    pub(super) fn restore(&self, device: &str, backup: &Path) -> Result<(), HsmError> {
        self.clear_away();
        let restore = |credentials: &AdministrativeCredentials| {
            let mut file = File::open(backup).map_err(HsmError::file(backup))?;
            let access = self.access(Some(credentials))?;
            Ok(access.restore_on(device, &mut file)?)
        };
        let first = restore(&self.old()?);
        match places::load(&self.file.next())? {
            Some(new) if first.is_err() => restore(&new),
            _ => first,
        }
    }

    fn is_half_changed(&self) -> Result<bool, HsmError> {
        Ok(places::load(&self.file.next())?.is_some())
    }

    /// The credentials of before a change.
    fn old(&self) -> Result<AdministrativeCredentials, HsmError> {
        places::load(&self.file)?.ok_or(HsmError::NoAdministration)
    }
}
