//! Making the changes.

use std::{
    io::{self, Seek},
    time::Duration,
};

use jiff::Timestamp;
use nethsm::{
    client::{Client, Error as DeviceError},
    id::UserId,
    key::{GenerateKey, Restrictions},
    passphrase::Passphrase,
    system::{Provision, SystemState},
    time::DeviceTime,
    transfer::RestoreArguments,
    user::{NewUser, UserRole},
};

use super::{
    ADMIN, Access, AccessError, Action, Observed, Plan, Step, access::copy, access::patiently,
    certify::Words, plan,
};
use crate::{Which, made_up};

/// RSA keys take their time.
const KEY_GENERATION: Duration = Duration::from_secs(600);
/// After unlocking and after a restore there may be more to do; it ends well before this.
const ROUNDS: usize = 8;

/// A change that could not be made. What had been done before stays done.
#[derive(Debug, thiserror::Error)]
#[error("{step}")]
pub struct ApplyError {
    /// The change.
    pub step: Box<Step>,
    /// Why not.
    pub source: AccessError,
}

/// Why an HSM is not what it is to be.
#[derive(Debug, thiserror::Error)]
pub enum BringAboutError {
    /// Something stands in the way.
    #[error("something stands in the way")]
    Refused(Box<Plan>),
    /// Something on this host cannot be read.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A change could not be made.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// There is more to do each time one looks.
    #[error("there is still something to do after everything was done")]
    NoEnd(Box<Plan>),
}

/// Observes, plans and applies until nothing is left to do; `tell` hears of every change that was
/// made. Returns what was done.
pub fn bring_about(
    access: &Access<'_>,
    tell: &mut dyn FnMut(&Step),
) -> Result<Vec<Step>, BringAboutError> {
    let mut done = Vec::new();
    for _ in 0..ROUNDS {
        let plan = access.plan()?;
        if !plan.refusals.is_empty() {
            return Err(BringAboutError::Refused(Box::new(plan)));
        }
        if plan.steps.is_empty() {
            return Ok(done);
        }
        for step in plan.steps {
            access.apply(&step)?;
            tell(&step);
            done.push(step);
        }
    }
    Err(BringAboutError::NoEnd(Box::new(access.plan()?)))
}

impl Access<'_> {
    /// Observes, and tells what is to be done.
    pub fn plan(&self) -> Result<Plan, AccessError> {
        let observed: Observed = self.observe()?;
        Ok(plan(self.desired, &observed))
    }

    /// Makes one change. Making it again where it was made already fails, or changes nothing:
    /// look again first.
    pub fn apply(&self, step: &Step) -> Result<(), ApplyError> {
        let applied = match &step.device {
            Some(device) => self
                .nobody(device)
                .and_then(|client| self.on_device(client, device, &step.action)),
            None => self.on_host(&step.action),
        };
        applied.map_err(|source| ApplyError {
            step: Box::new(step.clone()),
            source,
        })
    }

    fn on_host(&self, action: &Action) -> Result<(), AccessError> {
        let (user, done) = match action {
            Action::KeepNewPassphrase { user } => (user, self.store_of(user)?.promote()),
            Action::DropNewPassphrase { user } => (user, self.store_of(user)?.drop_new()),
            _ => return Ok(()),
        };
        done.map_err(|source| AccessError::Credential {
            user: user.clone(),
            source,
        })
    }

    fn on_device(&self, client: &Client, name: &str, action: &Action) -> Result<(), AccessError> {
        match action {
            Action::Provision => self.provision(client)?,
            Action::Unlock => self.unlock(client)?,
            Action::Restore { from } => self.restore(client, self.nobody(from)?)?,
            Action::SetBoot { unattended } => {
                self.root(client)?.set_unattended_boot(*unattended)?;
            }
            Action::SetLogging { logging } => self.root(client)?.set_logging(logging)?,
            Action::SetNtp { ntp } => self.root(client)?.set_ntp(ntp)?,
            Action::SetTime => self.root(client)?.set_time(DeviceTime(Timestamp::now()))?,
            Action::SetTlsCertificate { sha256 } => {
                self.set_tls_certificate(client, name, sha256)?;
            }
            Action::SetNetwork { network } => self.root(client)?.set_network(network)?,
            Action::SetBackupPassphrase => self.set_backup_passphrase(client)?,
            Action::AddUser {
                user,
                role,
                real_name,
            } => {
                let new = NewUser {
                    real_name: real_name.clone(),
                    role: *role,
                    passphrase: self.passphrase_of(user, *role, Which::Current)?,
                };
                self.manager(client, user.namespace().as_ref())?
                    .put_user(user, &new)?;
            }
            Action::SetPassphrase { user, to } => {
                let role = self.desired.users.get(user).map(|user| user.role);
                let role = role.unwrap_or(UserRole::Operator);
                let passphrase = self.passphrase_of(user, role, *to)?;
                self.manager(client, user.namespace().as_ref())?
                    .set_user_passphrase(user, passphrase)?;
            }
            Action::DeleteUser { user } => {
                self.manager(client, user.namespace().as_ref())?
                    .delete_user(user)?;
            }
            Action::AddNamespace { namespace } => self.root(client)?.put_namespace(namespace)?,
            Action::TagUser { user, tag } => {
                self.manager(client, user.namespace().as_ref())?
                    .put_user_tag(user, tag)?;
            }
            Action::UntagUser { user, tag } => {
                self.manager(client, user.namespace().as_ref())?
                    .delete_user_tag(user, tag)?;
            }
            Action::GenerateKey {
                key,
                key_type,
                length,
                mechanisms,
                tags,
            } => {
                let question = GenerateKey {
                    length: *length,
                    id: Some(key.id.clone()),
                    restrictions: Restrictions {
                        tags: tags.iter().cloned().collect(),
                    },
                    ..GenerateKey::new(*key_type, mechanisms.iter().copied().collect())
                };
                self.manager(client, key.namespace.as_ref())?
                    .with_timeout(KEY_GENERATION)
                    .generate_key(&question)?;
            }
            Action::TagKey { key, tag } => {
                self.manager(client, key.namespace.as_ref())?
                    .put_key_tag(&key.id, tag)?;
            }
            Action::UntagKey { key, tag } => {
                self.manager(client, key.namespace.as_ref())?
                    .delete_key_tag(&key.id, tag)?;
            }
            Action::Certify {
                key,
                user_ids,
                expires,
                by,
            } => self.certify(client, key, &Words::new(user_ids, *expires), by)?,
            Action::Renew {
                key,
                user_ids,
                expires,
                by,
            } => self.renew(client, key, &Words::new(user_ids, *expires), by)?,
            Action::KeepCertificate { key } => self.keep_certificate(client, key)?,
            // On this host, and never in a plan.
            Action::KeepNewPassphrase { .. }
            | Action::DropNewPassphrase { .. }
            | Action::SetUnlockPassphrase
            | Action::SetAdministrator { .. } => {
                return Err(AccessError::Untrusted(name.to_owned()));
            }
        }
        Ok(())
    }

    fn provision(&self, client: &Client) -> Result<(), AccessError> {
        let known = self.credentials()?;
        let admin = known.administrators.iter();
        let mut admin = admin.filter(|(id, _)| id.as_str() == ADMIN);
        let (_, admin) = admin
            .next()
            .ok_or_else(|| AccessError::NoCredential(format!("`{ADMIN}`")))?;
        client.provision(&Provision {
            unlock_passphrase: copy(&known.unlock),
            admin_passphrase: copy(admin),
            system_time: DeviceTime(Timestamp::now()),
        })?;
        Ok(())
    }

    fn unlock(&self, client: &Client) -> Result<(), AccessError> {
        if client.state()? == SystemState::Locked {
            let unlock = &self.credentials()?.unlock;
            patiently(|| client.unlock(copy(unlock)))?;
        }
        Ok(())
    }

    /// Gives `client` all that `from` has.
    fn restore(&self, client: &Client, from: &Client) -> Result<(), AccessError> {
        let mut backup = tempfile::tempfile()?;
        self.back_up(from, &mut backup)?;
        backup.rewind()?;
        self.restore_from(client, &mut backup)
    }

    /// Writes a backup of the device called `name` into `into`, as the user that makes backups, and
    /// returns its length in octets.
    pub fn backup_of(&self, name: &str, into: &mut dyn io::Write) -> Result<u64, AccessError> {
        self.back_up(self.nobody(name)?, into)
    }

    /// Restores `backup` on the device called `name`, and unlocks that: before as well, if a restore
    /// that was interrupted left it locked.
    pub fn restore_on(&self, name: &str, backup: &mut dyn io::Read) -> Result<(), AccessError> {
        let client = self.nobody(name)?;
        self.unlock(client)?;
        self.restore_from(client, backup)?;
        self.unlock(client)
    }

    fn back_up(&self, from: &Client, into: &mut dyn io::Write) -> Result<u64, AccessError> {
        let keeper = self.desired.keeper();
        let keeper = keeper.ok_or_else(|| AccessError::NoCredential("backups".to_owned()))?;
        Ok(self.user(from, keeper)?.backup(into)?)
    }

    fn restore_from(&self, client: &Client, backup: &mut dyn io::Read) -> Result<(), AccessError> {
        let arguments = RestoreArguments {
            backup_passphrase: Some(copy(&self.credentials()?.backup)),
            system_time: Some(DeviceTime(Timestamp::now())),
        };
        let asking = match client.state()? {
            SystemState::Operational => &self.root(client)?,
            _ => client,
        };
        asking.restore(&arguments, backup)?;
        Ok(())
    }

    fn set_tls_certificate(
        &self,
        client: &Client,
        name: &str,
        sha256: &str,
    ) -> Result<(), AccessError> {
        let mut devices = self.desired.devices.iter();
        let device = devices.find(|device| device.url == name);
        let wanted = device.and_then(|device| device.certificate.as_ref());
        let wanted = wanted
            .filter(|wanted| wanted.sha256 == sha256)
            .ok_or_else(|| AccessError::Untrusted(name.to_owned()))?;
        Ok(self.root(client)?.set_tls_certificate(wanted.pem.clone())?)
    }

    fn set_backup_passphrase(&self, client: &Client) -> Result<(), AccessError> {
        let root = self.root(client)?;
        let backup = &self.credentials()?.backup;
        let none_yet = Passphrase::new(String::new());
        match root.set_backup_passphrase(copy(backup), none_yet) {
            // Somebody has set one, perhaps this one.
            Err(DeviceError::Forbidden { .. }) => {
                root.set_backup_passphrase(copy(backup), copy(backup))?;
            }
            set => set?,
        }
        Ok(())
    }

    /// What a user is to log in with: what is stored for it, or something made up and stored before
    /// any device hears of it.
    fn passphrase_of(
        &self,
        user: &UserId,
        role: UserRole,
        which: Which,
    ) -> Result<Passphrase, AccessError> {
        if role == UserRole::Administrator {
            let known = self.credentials()?.administrators.get(user);
            let known = known.ok_or_else(|| AccessError::NoCredential(format!("`{user}`")))?;
            return Ok(copy(known));
        }
        if let Some(stored) = self.stored(user, which)? {
            return Ok(stored);
        }
        let made = made_up()?;
        let stored = self.store_of(user)?.write(which, &made);
        stored.map_err(|source| AccessError::Credential {
            user: user.clone(),
            source,
        })?;
        Ok(made)
    }
}
