//! Settings: what unlocks the device, and what opens its backups.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use hyper::StatusCode;
use nethsm::config::NewBackupPassphrase;
use nethsm::system::{NewUnlockPassphrase, Switch, UnattendedBoot};
use nethsm::table::{
    GetUnattendedBoot, SetBackupPassphrase, SetUnattendedBoot, SetUnlockPassphrase,
};

use super::{Caching, Done, Handle, inside, settable};
use crate::answer::Refusal;
use crate::hierarchy::UnlockError;
use crate::request::Request;
use crate::{random, stretch};

impl Handle for SetUnlockPassphrase {
    const SCHEMA: &'static str = "passphrase_change_req";

    fn handle(request: &Request, (): (), wish: NewUnlockPassphrase) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        settable("passphrase", &wish.new_passphrase)?;
        let hierarchy = request.device.hierarchy();
        let writing = vault.writing()?;
        match hierarchy.unlock(request.device.store(), wish.current_passphrase.expose()) {
            Ok(_) => {}
            Err(UnlockError::Passphrase) => {
                let message = "unlock passphrase is incorrect.";
                return Err(Refusal::new(StatusCode::FORBIDDEN, message));
            }
            Err(UnlockError::Store(error)) => return Err(error.into()),
        }
        writing.commit(&hierarchy.attend(vault.domain_key(), wish.new_passphrase.expose())?)?;
        Done::with(())
    }
}

impl Handle for GetUnattendedBoot {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<UnattendedBoot>, Refusal> {
        let is_on = request
            .device
            .hierarchy()
            .is_unattended(request.device.store())?;
        Done::with(UnattendedBoot {
            status: if is_on { Switch::On } else { Switch::Off },
        })
    }
}

impl Handle for SetUnattendedBoot {
    const SCHEMA: &'static str = "unattended_boot_req";
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), wish: UnattendedBoot) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let domain_key = match wish.status {
            Switch::On => Some(vault.domain_key()),
            Switch::Off => None,
        };
        let changes = request.device.hierarchy().unattend(domain_key)?;
        vault.writing()?.commit(&changes)?;
        Done::with(())
    }
}

impl Handle for SetBackupPassphrase {
    const SCHEMA: &'static str = "passphrase_change_req";

    fn handle(request: &Request, (): (), wish: NewBackupPassphrase) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        settable("passphrase", &wish.new_passphrase)?;
        let writing = vault.writing()?;
        let current = wish.current_passphrase.expose();
        let is_right = match vault.backup_key()? {
            None => current.is_empty(),
            Some((key, salt)) => {
                let other = stretch::unlock_key(current, &salt)?;
                verify_slices_are_equal(key.expose(), other.expose()).is_ok()
            }
        };
        if !is_right {
            let message = "backup passphrase is incorrect.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
        let mut salt = [0; 16];
        random::fill(&mut salt)?;
        let key = stretch::unlock_key(wish.new_passphrase.expose(), &salt)?;
        writing.put_backup_key(&key, &salt)?;
        Done::with(())
    }
}
