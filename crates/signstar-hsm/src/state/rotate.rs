//! A new passphrase for a user whose clients go on signing.

use nethsm::{client::Error as DeviceError, id::UserId, user::UserRole};

use super::{Access, AccessError, Action, ApplyError, Step};
use crate::{Which, made_up};

/// Gives `user` a new passphrase on all devices.
///
/// The new one is stored beside the old one, then the devices are switched one after the other, then
/// the old one is dropped. Who opens a key tries the current one and then the new one, so that at no
/// moment nobody can sign; where this was interrupted, it goes on. `tell` hears of every change.
pub fn rotate(
    access: &Access<'_>,
    user: &UserId,
    tell: &mut dyn FnMut(&Step),
) -> Result<(), ApplyError> {
    let switch = |device: Option<&str>, action: Action| Step {
        device: device.map(str::to_owned),
        action,
    };
    let keep = switch(None, Action::KeepNewPassphrase { user: user.clone() });
    let failed = |source| ApplyError {
        step: Box::new(keep.clone()),
        source,
    };
    let role = access.desired.users.get(user).map(|user| user.role);
    if role.is_none_or(|role| role == UserRole::Administrator) {
        return Err(failed(AccessError::NoPlace(user.clone())));
    }
    access.store_new(user).map_err(failed)?;
    let mut steps = Vec::new();
    for device in &access.devices {
        let to = Which::New;
        let user = user.clone();
        steps.push(switch(
            Some(&device.name),
            Action::SetPassphrase { user, to },
        ));
    }
    for step in &steps {
        access.apply(step)?;
        tell(step);
    }
    access.all_know_new(user).map_err(failed)?;
    access.apply(&keep)?;
    tell(&keep);
    Ok(())
}

impl Access<'_> {
    /// Stores a new passphrase, unless there is one that some device may have already.
    fn store_new(&self, user: &UserId) -> Result<(), AccessError> {
        if self.stored(user, Which::New)?.is_some() {
            return Ok(());
        }
        let store = self.store_of(user)?;
        store
            .write(Which::New, &made_up()?)
            .map_err(|source| AccessError::Credential {
                user: user.clone(),
                source,
            })
    }

    /// The old one is not dropped on the word of a device alone.
    fn all_know_new(&self, user: &UserId) -> Result<(), AccessError> {
        for device in &self.devices {
            let client = self.nobody(&device.name)?;
            let passphrase = self.stored(user, Which::New)?;
            let passphrase =
                passphrase.ok_or_else(|| AccessError::NoCredential(format!("`{user}`")))?;
            if !super::access::logs_in(client, user, passphrase)? {
                return Err(DeviceError::Unauthorized.into());
            }
        }
        Ok(())
    }
}
