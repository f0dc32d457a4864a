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
use crate::table::{self, facts};
use crate::user::{NewUser, NewUserPassphrase, User};

/// The device. Who may call what in which state stands in the [table].
///
/// All fail as [`Client::call`] does.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
/// # let it = example::fresh();
/// # let device = it.client();
/// # let [unlock, unlock_again, admin, admin_again] = [(); 4].map(|()| example::passphrase());
/// use nethsm::passphrase::Credentials;
/// use nethsm::system::{Provision, SystemState};
///
/// assert_eq!(device.state()?, SystemState::Unprovisioned);
/// device.provision(&Provision {
///     unlock_passphrase: unlock,
///     admin_passphrase: admin,
///     system_time: "2026-01-31T12:00:00Z".parse()?,
/// })?;
/// device.ready()?;
///
/// let administrator = device.as_user(Credentials::new("admin".parse()?, admin_again));
/// administrator.lock()?;
/// assert_eq!(device.state()?, SystemState::Locked);
/// device.unlock(unlock_again)?;
/// # device.ready()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Client {
    /// Who made the device.
    #[doc = facts!(GetInfo)]
    pub fn info(&self) -> Result<Info, Error> {
        self.call::<table::GetInfo>(&(), &())
    }

    /// Succeeds while the device is up but locked or unprovisioned.
    #[doc = facts!(GetAlive)]
    pub fn alive(&self) -> Result<(), Error> {
        self.call::<table::GetAlive>(&(), &())
    }

    /// Succeeds while the device is operational.
    #[doc = facts!(GetReady)]
    pub fn ready(&self) -> Result<(), Error> {
        self.call::<table::GetReady>(&(), &())
    }

    /// The state of the device.
    #[doc = facts!(GetState)]
    pub fn state(&self) -> Result<SystemState, Error> {
        Ok(self.call::<table::GetState>(&(), &())?.state)
    }

    /// How the store of the device is.
    #[doc = facts!(Diagnose)]
    pub fn diagnose(&self) -> Result<Diagnosis, Error> {
        self.call::<table::Diagnose>(&(), &())
    }

    /// What the device has counted.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
    /// # let it = example::operational();
    /// # let watcher = it.user("metrics");
    /// let metrics = watcher.metrics()?;
    /// let uptime: u64 = metrics.get("uptime").unwrap_or("0").parse()?;
    /// # assert!(metrics.get("uptime").is_some() && uptime < 600);
    /// println!("up since {uptime} seconds");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc = facts!(GetMetrics)]
    pub fn metrics(&self) -> Result<Metrics, Error> {
        self.call::<table::GetMetrics>(&(), &())
    }

    /// Starts a fresh device for the first time.
    #[doc = facts!(ProvisionDevice)]
    pub fn provision(&self, question: &Provision) -> Result<(), Error> {
        self.call::<table::ProvisionDevice>(&(), question)
    }

    /// Makes a locked device operational. A wrong passphrase is [`Error::Forbidden`].
    #[doc = facts!(UnlockDevice)]
    pub fn unlock(&self, passphrase: Passphrase) -> Result<(), Error> {
        self.call::<table::UnlockDevice>(&(), &Unlock { passphrase })
    }

    /// Locks the device.
    #[doc = facts!(LockDevice)]
    pub fn lock(&self) -> Result<(), Error> {
        self.call::<table::LockDevice>(&(), &())
    }

    /// So many random bytes, one of [`RandomRequest::LENGTHS`].
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
    /// # let it = example::operational();
    /// # let operator = it.user("operator");
    /// use nethsm::client::Error;
    /// use nethsm::system::RandomRequest;
    ///
    /// assert_eq!(operator.random(32)?.len(), 32);
    /// let too_many = u16::try_from(RandomRequest::LENGTHS.end() + 1)?;
    /// assert!(matches!(operator.random(too_many), Err(Error::BadRequest { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc = facts!(GetRandom)]
    pub fn random(&self, length: u16) -> Result<Vec<u8>, Error> {
        let length = length.into();
        let answer = self.call::<table::GetRandom>(&(), &RandomRequest { length })?;
        Ok(answer.random.0)
    }

    /// Changes what unlocks the device. A wrong current passphrase is [`Error::Forbidden`].
    #[doc = facts!(SetUnlockPassphrase)]
    pub fn set_unlock_passphrase(&self, new: Passphrase, current: Passphrase) -> Result<(), Error> {
        let question = NewUnlockPassphrase {
            new_passphrase: new,
            current_passphrase: current,
        };
        self.call::<table::SetUnlockPassphrase>(&(), &question)
    }

    /// Whether the device starts without being unlocked.
    #[doc = facts!(GetUnattendedBoot)]
    pub fn unattended_boot(&self) -> Result<Switch, Error> {
        Ok(self.call::<table::GetUnattendedBoot>(&(), &())?.status)
    }

    /// Sets whether the device starts without being unlocked.
    #[doc = facts!(SetUnattendedBoot)]
    pub fn set_unattended_boot(&self, status: Switch) -> Result<(), Error> {
        self.call::<table::SetUnattendedBoot>(&(), &UnattendedBoot { status })
    }

    /// Versions and identity of the device.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
    /// # let it = example::operational();
    /// # let administrator = it.user("admin");
    /// let system = administrator.system_info()?;
    /// println!("device {}, version {}", system.device_id, system.software_version);
    /// # assert!(!system.software_version.is_empty() && system.device_id.len() == 10);
    /// # administrator.reboot()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc = facts!(GetSystemInfo)]
    pub fn system_info(&self) -> Result<SystemInfo, Error> {
        self.call::<table::GetSystemInfo>(&(), &())
    }

    /// Restarts the device.
    #[doc = facts!(Reboot)]
    pub fn reboot(&self) -> Result<(), Error> {
        self.call::<table::Reboot>(&(), &())
    }

    /// Turns the device off.
    #[doc = facts!(Shutdown)]
    pub fn shutdown(&self) -> Result<(), Error> {
        self.call::<table::Shutdown>(&(), &())
    }

    /// **Erases all that the device has**, and restarts it.
    #[doc = facts!(FactoryReset)]
    pub fn factory_reset(&self) -> Result<(), Error> {
        self.call::<table::FactoryReset>(&(), &())
    }

    /// Installs the update that waits, and restarts the device. [`Error::Refused`] if none
    /// waits.
    #[doc = facts!(CommitUpdate)]
    pub fn commit_update(&self) -> Result<(), Error> {
        self.call::<table::CommitUpdate>(&(), &())
    }

    /// Forgets the update that waits. [`Error::Refused`] if none waits.
    #[doc = facts!(CancelUpdate)]
    pub fn cancel_update(&self) -> Result<(), Error> {
        self.call::<table::CancelUpdate>(&(), &())
    }
}

/// Namespaces and users.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
/// # let it = example::operational();
/// # let (administrator, device) = (it.user("admin"), it.client());
/// # let [passphrase, passphrase_again] = [(); 2].map(|()| example::passphrase());
/// use nethsm::passphrase::Credentials;
/// use nethsm::user::{NewUser, UserRole};
///
/// // An administrator of the namespace comes before the namespace: later only its own
/// // administrators can add users.
/// let name = "packaging~admin".parse()?;
/// let user = NewUser {
///     real_name: "Packaging".to_owned(),
///     role: UserRole::Administrator,
///     passphrase,
/// };
/// administrator.put_user(&name, &user)?;
/// administrator.put_namespace(&"packaging".parse()?)?;
///
/// // Inside, there is nobody else.
/// let inside = device.as_user(Credentials::new(name.clone(), passphrase_again));
/// assert_eq!(inside.users()?, [name]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Client {
    /// The namespaces, sorted.
    #[doc = facts!(ListNamespaces)]
    pub fn namespaces(&self) -> Result<Vec<NamespaceId>, Error> {
        let items = self.call::<table::ListNamespaces>(&(), &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// Creates a namespace. One that exists is [`Error::BadRequest`].
    #[doc = facts!(PutNamespace)]
    pub fn put_namespace(&self, namespace: &NamespaceId) -> Result<(), Error> {
        self.call::<table::PutNamespace>(namespace, &())
    }

    /// Deletes a namespace **and all its keys**; its users stay.
    #[doc = facts!(DeleteNamespace)]
    pub fn delete_namespace(&self, namespace: &NamespaceId) -> Result<(), Error> {
        self.call::<table::DeleteNamespace>(namespace, &())
    }

    /// The users that the caller manages, sorted.
    #[doc = facts!(ListUsers)]
    pub fn users(&self) -> Result<Vec<UserId>, Error> {
        let items = self.call::<table::ListUsers>(&(), &())?;
        Ok(items.into_iter().map(|item| item.user).collect())
    }

    /// Creates a user in the caller's namespace, with a name made up by the device.
    #[doc = facts!(AddUser)]
    pub fn add_user(&self, question: &NewUser) -> Result<UserId, Error> {
        Ok(self.call::<table::AddUser>(&(), question)?.id)
    }

    /// Creates a user in `namespace`, with a name made up by the device.
    #[doc = facts!(AddUserIn)]
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
    #[doc = facts!(PutUser)]
    pub fn put_user(&self, user: &UserId, question: &NewUser) -> Result<(), Error> {
        self.call::<table::PutUser>(user, question)
    }

    /// What the device shows of a user.
    #[doc = facts!(GetUser)]
    pub fn user(&self, user: &UserId) -> Result<User, Error> {
        self.call::<table::GetUser>(user, &())
    }

    /// Deletes a user. Nobody can delete themselves.
    #[doc = facts!(DeleteUser)]
    pub fn delete_user(&self, user: &UserId) -> Result<(), Error> {
        self.call::<table::DeleteUser>(user, &())
    }

    /// Sets the passphrase of a user, as long as [`Passphrase::fresh`] says.
    #[doc = facts!(SetUserPassphrase)]
    pub fn set_user_passphrase(&self, user: &UserId, passphrase: Passphrase) -> Result<(), Error> {
        self.call::<table::SetUserPassphrase>(user, &NewUserPassphrase { passphrase })
    }

    /// The tags of an operator, sorted.
    #[doc = facts!(ListUserTags)]
    pub fn user_tags(&self, user: &UserId) -> Result<Vec<String>, Error> {
        self.call::<table::ListUserTags>(user, &())
    }

    /// Gives a tag to an operator. Succeeds if it is so already.
    #[doc = facts!(PutUserTag)]
    pub fn put_user_tag(&self, user: &UserId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::PutUserTag>(&(user.clone(), tag.clone()), &())
    }

    /// Takes a tag from an operator.
    #[doc = facts!(DeleteUserTag)]
    pub fn delete_user_tag(&self, user: &UserId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::DeleteUserTag>(&(user.clone(), tag.clone()), &())
    }
}
