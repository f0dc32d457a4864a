//! Settings: how the device is unlocked.

use hyper::StatusCode;
use nethsm::system::{NewUnlockPassphrase, Switch, UnattendedBoot};
use nethsm::table::{GetUnattendedBoot, SetUnattendedBoot, SetUnlockPassphrase};

use super::{Caching, Done, Handle, inside, settable};
use crate::answer::Refusal;
use crate::hierarchy::UnlockError;
use crate::request::Request;

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
        let change = request.device.hierarchy().unattend(domain_key)?;
        vault.writing()?.commit(&[change])?;
        Done::with(())
    }
}
