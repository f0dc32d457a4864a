//! A method for each call.

mod cluster;
mod config;
mod keys;
mod users;

use super::{Client, Error};
use crate::cluster::Diagnosis;
use crate::metrics::Metrics;
use crate::passphrase::Passphrase;
use crate::system::{
    Info, NewUnlockPassphrase, Provision, RandomRequest, Switch, SystemInfo, SystemState,
    UnattendedBoot, Unlock,
};
use crate::table::{self, facts};

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
