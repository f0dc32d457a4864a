//! A method for each call.

mod cluster;
mod config;
mod keys;

use super::{Client, Error};
use crate::cluster::Diagnosis;
use crate::id::{NamespaceId, NamespacePrefix, Tag, UserId};
use crate::metrics::Metrics;
use crate::passphrase::Passphrase;
use crate::system::{
    Info, NewUnlockPassphrase, Provision, RandomRequest, Switch, SystemInfo, SystemState,
    UnattendedBoot, Unlock,
};
use crate::table;
use crate::user::{NewUser, NewUserPassphrase, User};

/// The device. Who may call what in which state stands in the [table].
///
/// All fail as [`Client::call`] does.
impl Client {
    /// Who made the device.
    pub fn info(&self) -> Result<Info, Error> {
        self.call::<table::GetInfo>(&(), &())
    }

    /// Succeeds while the device is up but locked or unprovisioned.
    pub fn alive(&self) -> Result<(), Error> {
        self.call::<table::GetAlive>(&(), &())
    }

    /// Succeeds while the device is operational.
    pub fn ready(&self) -> Result<(), Error> {
        self.call::<table::GetReady>(&(), &())
    }

    /// The state of the device.
    pub fn state(&self) -> Result<SystemState, Error> {
        Ok(self.call::<table::GetState>(&(), &())?.state)
    }

    /// How the store of the device is.
    pub fn diagnose(&self) -> Result<Diagnosis, Error> {
        self.call::<table::Diagnose>(&(), &())
    }

    /// What the device has counted.
    pub fn metrics(&self) -> Result<Metrics, Error> {
        self.call::<table::GetMetrics>(&(), &())
    }

    /// Starts a fresh device for the first time.
    pub fn provision(&self, question: &Provision) -> Result<(), Error> {
        self.call::<table::ProvisionDevice>(&(), question)
    }

    /// Makes a locked device operational. A wrong passphrase is [`Error::Forbidden`].
    pub fn unlock(&self, passphrase: Passphrase) -> Result<(), Error> {
        self.call::<table::UnlockDevice>(&(), &Unlock { passphrase })
    }

    /// Locks the device.
    pub fn lock(&self) -> Result<(), Error> {
        self.call::<table::LockDevice>(&(), &())
    }

    /// `length` random bytes, 1 to 1024.
    pub fn random(&self, length: u16) -> Result<Vec<u8>, Error> {
        let length = length.into();
        let answer = self.call::<table::GetRandom>(&(), &RandomRequest { length })?;
        Ok(answer.random.0)
    }

    /// Changes what unlocks the device. A wrong current passphrase is [`Error::Forbidden`].
    pub fn set_unlock_passphrase(&self, new: Passphrase, current: Passphrase) -> Result<(), Error> {
        let question = NewUnlockPassphrase {
            new_passphrase: new,
            current_passphrase: current,
        };
        self.call::<table::SetUnlockPassphrase>(&(), &question)
    }

    /// Whether the device starts without being unlocked.
    pub fn unattended_boot(&self) -> Result<Switch, Error> {
        Ok(self.call::<table::GetUnattendedBoot>(&(), &())?.status)
    }

    /// Sets whether the device starts without being unlocked.
    pub fn set_unattended_boot(&self, status: Switch) -> Result<(), Error> {
        self.call::<table::SetUnattendedBoot>(&(), &UnattendedBoot { status })
    }

    /// Versions and identity of the device.
    pub fn system_info(&self) -> Result<SystemInfo, Error> {
        self.call::<table::GetSystemInfo>(&(), &())
    }

    /// Restarts the device.
    pub fn reboot(&self) -> Result<(), Error> {
        self.call::<table::Reboot>(&(), &())
    }

    /// Turns the device off.
    pub fn shutdown(&self) -> Result<(), Error> {
        self.call::<table::Shutdown>(&(), &())
    }

    /// **Erases all that the device has**, and restarts it.
    pub fn factory_reset(&self) -> Result<(), Error> {
        self.call::<table::FactoryReset>(&(), &())
    }

    /// Installs the update that waits, and restarts the device. [`Error::Refused`] if none
    /// waits.
    pub fn commit_update(&self) -> Result<(), Error> {
        self.call::<table::CommitUpdate>(&(), &())
    }

    /// Forgets the update that waits. [`Error::Refused`] if none waits.
    pub fn cancel_update(&self) -> Result<(), Error> {
        self.call::<table::CancelUpdate>(&(), &())
    }
}

/// Namespaces and users.
///
/// ```no_run
/// use nethsm::passphrase::Passphrase;
/// use nethsm::user::{NewUser, UserRole};
///
/// # fn example(
/// #     administrator: nethsm::client::Client,
/// #     passphrase: String,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// // An administrator of the namespace comes before the namespace: later only its own
/// // administrators can add users.
/// let user = NewUser {
///     real_name: "Packaging".to_owned(),
///     role: UserRole::Administrator,
///     passphrase: Passphrase::fresh(passphrase)?,
/// };
/// administrator.put_user(&"packaging~admin".parse()?, &user)?;
/// administrator.put_namespace(&"packaging".parse()?)?;
/// # Ok(())
/// # }
/// ```
impl Client {
    /// The namespaces, sorted.
    pub fn namespaces(&self) -> Result<Vec<NamespaceId>, Error> {
        let items = self.call::<table::ListNamespaces>(&(), &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// Creates a namespace. One that exists is [`Error::BadRequest`].
    pub fn put_namespace(&self, namespace: &NamespaceId) -> Result<(), Error> {
        self.call::<table::PutNamespace>(namespace, &())
    }

    /// Deletes a namespace **and all its keys**; its users stay.
    pub fn delete_namespace(&self, namespace: &NamespaceId) -> Result<(), Error> {
        self.call::<table::DeleteNamespace>(namespace, &())
    }

    /// The users that the caller manages, sorted.
    pub fn users(&self) -> Result<Vec<UserId>, Error> {
        let items = self.call::<table::ListUsers>(&(), &())?;
        Ok(items.into_iter().map(|item| item.user).collect())
    }

    /// Creates a user in the caller's namespace, with a name made up by the device.
    pub fn add_user(&self, question: &NewUser) -> Result<UserId, Error> {
        Ok(self.call::<table::AddUser>(&(), question)?.id)
    }

    /// Creates a user in `namespace`, with a name made up by the device.
    pub fn add_user_in(
        &self,
        namespace: &NamespaceId,
        question: &NewUser,
    ) -> Result<UserId, Error> {
        let prefix = NamespacePrefix::of(namespace);
        Ok(self.call::<table::AddUserIn>(&prefix, question)?.id)
    }

    /// Creates a user. A name that exists is refused, with [`Error::Conflict`] by the vendor's
    /// description.
    pub fn put_user(&self, user: &UserId, question: &NewUser) -> Result<(), Error> {
        self.call::<table::PutUser>(user, question)
    }

    /// What the device shows of a user.
    pub fn user(&self, user: &UserId) -> Result<User, Error> {
        self.call::<table::GetUser>(user, &())
    }

    /// Deletes a user. Nobody can delete themselves.
    pub fn delete_user(&self, user: &UserId) -> Result<(), Error> {
        self.call::<table::DeleteUser>(user, &())
    }

    /// Sets the passphrase of a user, 10 to 200 bytes.
    pub fn set_user_passphrase(&self, user: &UserId, passphrase: Passphrase) -> Result<(), Error> {
        self.call::<table::SetUserPassphrase>(user, &NewUserPassphrase { passphrase })
    }

    /// The tags of an operator, sorted.
    pub fn user_tags(&self, user: &UserId) -> Result<Vec<String>, Error> {
        self.call::<table::ListUserTags>(user, &())
    }

    /// Gives a tag to an operator. Succeeds if it is so already.
    pub fn put_user_tag(&self, user: &UserId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::PutUserTag>(&(user.clone(), tag.clone()), &())
    }

    /// Takes a tag from an operator.
    pub fn delete_user_tag(&self, user: &UserId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::DeleteUserTag>(&(user.clone(), tag.clone()), &())
    }
}
