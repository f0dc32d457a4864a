//! New administrative credentials for all devices of an HSM.

use nethsm::{
    client::{Client, Error as DeviceError},
    id::UserId,
    passphrase::{Credentials, Passphrase},
    system::SystemState,
};

use super::{
    ADMIN, Access, AccessError, Action, ApplyError, Step,
    access::{copy, logs_in, patiently},
};
use crate::AdministrativeCredentials;

/// Gives all devices the credentials `new` in place of those that `access` has: the passphrases of
/// all administrators, of backups if there are to be any, and what unlocks them.
///
/// Both have to be stored before, and stay so until this has ended well: where it was interrupted, a
/// device has some of the one and some of the other, and the same call goes on. A device that is
/// locked is unlocked; fails at one that was never provisioned. `tell` hears of every change.
pub fn rotate_administrators(
    access: &Access<'_>,
    new: &AdministrativeCredentials,
    tell: &mut dyn FnMut(&Step),
) -> Result<(), ApplyError> {
    for device in &access.devices {
        let failed = |action: &Action| {
            let step = Box::new(Step {
                device: Some(device.name.clone()),
                action: action.clone(),
            });
            |source| ApplyError { step, source }
        };
        let first = Action::SetUnlockPassphrase;
        let change = Change::new(access, &device.name, new).map_err(failed(&first))?;
        for action in change.actions().map_err(failed(&first))? {
            change.make(&action).map_err(failed(&action))?;
            tell(&Step {
                device: Some(device.name.clone()),
                action,
            });
        }
    }
    Ok(())
}

/// The change of one device.
struct Change<'a> {
    client: &'a Client,
    old: &'a AdministrativeCredentials,
    new: &'a AdministrativeCredentials,
    has_backups: bool,
}

impl<'a> Change<'a> {
    fn new(
        access: &'a Access<'_>,
        device: &str,
        new: &'a AdministrativeCredentials,
    ) -> Result<Self, AccessError> {
        let client = access.nobody(device)?;
        let old = access.credentials()?;
        match client.state()? {
            SystemState::Operational => {}
            SystemState::Locked => {
                let known = [&old.unlock, &new.unlock].map(copy);
                exchange(known, |current| client.unlock(current))?;
            }
            SystemState::Unprovisioned | SystemState::Failed => {
                return Err(DeviceError::WrongState.into());
            }
        }
        Ok(Self {
            client,
            old,
            new,
            has_backups: access.desired.backups,
        })
    }

    /// What is changed, in this order.
    fn actions(&self) -> Result<Vec<Action>, AccessError> {
        let mut actions = vec![Action::SetUnlockPassphrase];
        if self.has_backups {
            actions.push(Action::SetBackupPassphrase);
        }
        let there = self.root()?.users()?;
        let administrators = self.new.administrators.keys();
        for user in administrators.filter(|user| there.contains(user)) {
            actions.push(Action::SetAdministrator { user: user.clone() });
        }
        Ok(actions)
    }

    fn make(&self, action: &Action) -> Result<(), AccessError> {
        match action {
            Action::SetUnlockPassphrase => {
                let root = self.root()?;
                let known = [&self.old.unlock, &self.new.unlock].map(copy);
                exchange(known, |current| {
                    root.set_unlock_passphrase(copy(&self.new.unlock), current)
                })
            }
            Action::SetBackupPassphrase => {
                let root = self.root()?;
                // None has been set yet if the device was interrupted very early.
                let none = Passphrase::new(String::new());
                let [old, new] = [&self.old.backup, &self.new.backup].map(copy);
                exchange([old, new, none], |current| {
                    root.set_backup_passphrase(copy(&self.new.backup), current)
                })
            }
            Action::SetAdministrator { user } => self.administrator(user),
            _ => Ok(()),
        }
    }

    fn administrator(&self, user: &UserId) -> Result<(), AccessError> {
        let own = self.login(user)?;
        let new = self.new.administrators.get(user);
        let new = new.ok_or_else(|| AccessError::NoCredential(format!("`{user}`")))?;
        own.set_user_passphrase(user, copy(new))?;
        if !logs_in(self.client, user, copy(new))? {
            return Err(DeviceError::Unauthorized.into());
        }
        Ok(())
    }

    fn root(&self) -> Result<Client, AccessError> {
        let admin: UserId = ADMIN.parse().map_err(|error| AccessError::Value {
            value: ADMIN.to_owned(),
            source: Box::new(error),
        })?;
        self.login(&admin)
    }

    /// The device as this administrator, with the passphrase that it has now.
    fn login(&self, user: &UserId) -> Result<Client, AccessError> {
        for known in [self.old, self.new] {
            if let Some(passphrase) = known.administrators.get(user)
                && logs_in(self.client, user, copy(passphrase))?
            {
                let credentials = Credentials::new(user.clone(), copy(passphrase));
                return Ok(self.client.as_user(credentials));
            }
        }
        Err(DeviceError::Unauthorized.into())
    }
}

/// Sets a passphrase for which the current one has to be told: it is one of `known`.
fn exchange<const N: usize>(
    known: [Passphrase; N],
    mut set: impl FnMut(Passphrase) -> Result<(), DeviceError>,
) -> Result<(), AccessError> {
    let mut last = DeviceError::Unauthorized;
    for current in known {
        match patiently(|| set(copy(&current))) {
            Err(error @ (DeviceError::Forbidden { .. } | DeviceError::Unauthorized)) => {
                last = error;
            }
            done => return Ok(done?),
        }
    }
    Err(last.into())
}
