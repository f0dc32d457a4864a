//! Devices on paper: what a device does, without a device.

use std::collections::{BTreeMap, BTreeSet};

use nethsm::{
    config::{Logging, Network},
    id::{NamespaceId, UserId},
    system::Switch,
    user::UserRole,
};
use signstar_hsm::{
    Which,
    state::{
        Action, BackupPassphrase, Condition, Content, Desired, FoundKey, FoundUser, KeyPath, Login,
        Observed, ObservedDevice, Slot, Step,
    },
};

/// The passphrase that is kept with the administrative credentials, for backups and administrators.
pub(crate) const OURS: u32 = 0;

/// Devices, and what is stored for them. Passphrases are numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) machines: Vec<Machine>,
    pub(crate) current: BTreeMap<UserId, u32>,
    pub(crate) new: BTreeMap<UserId, u32>,
    pub(crate) kept: BTreeMap<KeyPath, String>,
    pub(crate) made: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) url: String,
    pub(crate) is_provisioned: bool,
    pub(crate) is_locked: bool,
    /// What its keys are encrypted with.
    pub(crate) domain: u32,
    pub(crate) boot: Option<Switch>,
    pub(crate) logging: Option<Logging>,
    pub(crate) network: Option<Network>,
    pub(crate) clock_off: u64,
    pub(crate) backup: Option<u32>,
    pub(crate) namespaces: BTreeSet<NamespaceId>,
    pub(crate) users: BTreeMap<UserId, Account>,
    pub(crate) keys: BTreeMap<KeyPath, FoundKey>,
}

#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) role: UserRole,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) passphrase: u32,
}

impl World {
    pub(crate) fn observed(&self, desired: &Desired) -> Observed {
        let devices = self.machines.iter();
        let devices = devices.map(|machine| ObservedDevice {
            shown: Some("00".to_owned()),
            condition: self.condition(machine, desired),
        });
        Observed {
            devices: devices.collect(),
            half_changed: self.new.keys().cloned().collect(),
            kept: self.kept.clone(),
        }
    }

    fn condition(&self, machine: &Machine, desired: &Desired) -> Condition {
        if !machine.is_provisioned {
            return Condition::Unprovisioned;
        }
        if machine.is_locked {
            return Condition::Locked;
        }
        let found = |(id, account): (&UserId, &Account)| {
            let found = FoundUser {
                role: account.role,
                tags: account.tags.clone(),
                login: self.login(id, account, desired),
            };
            (id.clone(), found)
        };
        let users: BTreeMap<_, _> = machine.users.iter().map(found).collect();
        let is_seen = |path: &&KeyPath| match &path.namespace {
            None => true,
            Some(namespace) => desired.administrator_of(namespace).is_some_and(|id| {
                users
                    .get(id)
                    .is_some_and(|user| user.login == Login::Current)
            }),
        };
        let keys = machine.keys.iter().filter(|(path, _)| is_seen(path));
        let can_back_up = desired.keeper().is_some_and(|keeper| {
            let found = users.get(keeper);
            found.is_some_and(|found| matches!(found.login, Login::Current | Login::New))
        });
        Condition::Operational(Box::new(Content {
            boot: machine.boot,
            network: machine.network,
            logging: machine.logging,
            ntp: None,
            clock_off: machine.clock_off,
            backup: match machine.backup {
                _ if !can_back_up => BackupPassphrase::Unknown,
                None => BackupPassphrase::Unset,
                Some(OURS) => BackupPassphrase::Ours,
                Some(_) => BackupPassphrase::Other,
            },
            namespaces: machine.namespaces.clone(),
            keys: keys
                .map(|(path, key)| (path.clone(), key.clone()))
                .collect(),
            users,
        }))
    }

    fn login(&self, id: &UserId, account: &Account, desired: &Desired) -> Login {
        let is_known = |stored: &BTreeMap<UserId, u32>| stored.get(id) == Some(&account.passphrase);
        match desired.users.get(id).map(|user| user.role) {
            None => Login::Untried,
            Some(UserRole::Administrator) if account.passphrase == OURS => Login::Current,
            Some(UserRole::Administrator) => Login::Refused,
            Some(_) if is_known(&self.current) => Login::Current,
            Some(_) if is_known(&self.new) => Login::New,
            Some(_) => Login::Refused,
        }
    }

    /// Makes a change as a device would. Panics where a device would refuse.
    pub(crate) fn apply(&mut self, step: &Step, desired: &Desired) {
        match &step.action {
            Action::KeepNewPassphrase { user } => {
                let new = self.new.remove(user).expect("there is a newer one");
                self.current.insert(user.clone(), new);
                return;
            }
            Action::DropNewPassphrase { user } => {
                self.new.remove(user).expect("there is a newer one");
                return;
            }
            _ => {}
        }
        let url = step.device.as_deref().expect("of a device");
        let at = self.machines.iter().position(|machine| machine.url == url);
        let at = at.expect("one of the devices");
        if let Action::Restore { from } = &step.action {
            let from = self.machines.iter().find(|machine| machine.url == *from);
            let from = from.expect("one of the devices").clone();
            self.machines[at].restore(from);
            return;
        }
        let passphrase = match &step.action {
            Action::AddUser { user, role, .. } => self.passphrase(user, *role, Which::Current),
            Action::SetPassphrase { user, to } => {
                self.passphrase(user, desired.users[user].role, *to)
            }
            _ => OURS,
        };
        self.made += 1;
        let made = self.made;
        let kept = match &step.action {
            Action::Certify { key, .. } | Action::Renew { key, .. } => self.kept.get(key).cloned(),
            _ => None,
        };
        let machine = &mut self.machines[at];
        machine.change(&step.action, passphrase, made, kept);
        if let Action::Certify { key, .. }
        | Action::Renew { key, .. }
        | Action::KeepCertificate { key } = &step.action
            && let Slot::Certificate { digest, .. } = &machine.keys[key].slot
        {
            self.kept.insert(key.clone(), digest.clone());
        }
    }

    fn passphrase(&mut self, user: &UserId, role: UserRole, which: Which) -> u32 {
        if role == UserRole::Administrator {
            return OURS;
        }
        self.made += 1;
        let made = self.made;
        match which {
            Which::Current => *self.current.entry(user.clone()).or_insert(made),
            Which::New => *self.new.get(user).expect("stored before"),
        }
    }
}

impl Machine {
    fn restore(&mut self, from: Self) {
        let is_other = !self.is_provisioned || self.domain != from.domain;
        assert!(from.backup.is_some(), "no passphrase for backups");
        self.is_locked = is_other;
        if is_other && self.is_provisioned {
            self.boot = Some(Switch::Off);
        }
        self.is_provisioned = true;
        self.domain = from.domain;
        self.backup = from.backup;
        self.namespaces = from.namespaces;
        self.users = from.users;
        self.keys = from.keys;
    }

    /// A manager of what is in `namespace`: the administrator of the whole device only until it is
    /// there.
    fn is_managed(&self, namespace: Option<&NamespaceId>) -> bool {
        namespace.is_none_or(|namespace| {
            let is_its = |(id, account): (&UserId, &Account)| {
                id.namespace().as_ref() == Some(namespace)
                    && account.role == UserRole::Administrator
                    && account.passphrase == OURS
            };
            !self.namespaces.contains(namespace) || self.users.iter().any(is_its)
        })
    }

    fn change(&mut self, action: &Action, passphrase: u32, made: u32, kept: Option<String>) {
        match action {
            Action::Provision => {
                assert!(!self.is_provisioned);
                self.is_provisioned = true;
                self.domain = made;
                let admin = Account {
                    role: UserRole::Administrator,
                    tags: BTreeSet::new(),
                    passphrase: OURS,
                };
                self.users.insert("admin".parse().expect("a user"), admin);
                return;
            }
            Action::Unlock => self.is_locked = false,
            _ => {}
        }
        assert!(self.is_provisioned && !self.is_locked, "{action}");
        match action {
            Action::SetBoot { unattended } => self.boot = Some(*unattended),
            Action::SetLogging { logging } => self.logging = Some(*logging),
            Action::SetNetwork { network } => self.network = Some(*network),
            Action::SetTime => self.clock_off = 0,
            Action::SetBackupPassphrase => {
                assert!(matches!(self.backup, None | Some(OURS)));
                self.backup = Some(OURS);
            }
            Action::AddUser { user, role, .. } => {
                assert!(self.is_managed(user.namespace().as_ref()));
                let account = Account {
                    role: *role,
                    tags: BTreeSet::new(),
                    passphrase,
                };
                assert!(self.users.insert(user.clone(), account).is_none());
            }
            Action::SetPassphrase { user, .. } => {
                assert!(self.is_managed(user.namespace().as_ref()));
                self.users.get_mut(user).expect("there").passphrase = passphrase;
            }
            Action::DeleteUser { user } => {
                assert!(self.is_managed(user.namespace().as_ref()));
                self.users.remove(user).expect("there");
            }
            Action::AddNamespace { namespace } => {
                assert!(self.namespaces.insert(namespace.clone()));
            }
            Action::TagUser { user, tag } => {
                let user = self.users.get_mut(user).expect("there");
                assert_eq!(user.role, UserRole::Operator);
                assert!(user.tags.insert(tag.to_string()));
            }
            Action::UntagUser { user, tag } => {
                let user = self.users.get_mut(user).expect("there");
                assert!(user.tags.remove(tag.as_str()));
            }
            Action::GenerateKey {
                key,
                key_type,
                length,
                mechanisms,
                tags,
            } => {
                assert!(self.is_managed(key.namespace.as_ref()));
                let exists = |namespace| self.namespaces.contains(namespace);
                assert!(key.namespace.as_ref().is_none_or(exists));
                let found = FoundKey {
                    key_type: *key_type,
                    length: *length,
                    mechanisms: mechanisms.clone(),
                    tags: tags.clone(),
                    public: Some(made.to_string()),
                    slot: Slot::Empty,
                };
                assert!(self.keys.insert(key.clone(), found).is_none());
            }
            Action::TagKey { key, tag } => {
                let key = self.keys.get_mut(key).expect("there");
                assert!(key.tags.insert(tag.to_string()));
            }
            Action::UntagKey { key, tag } => {
                let key = self.keys.get_mut(key).expect("there");
                assert!(key.tags.remove(tag.as_str()));
            }
            Action::Certify {
                key,
                user_ids,
                expires,
                by,
            }
            | Action::Renew {
                key,
                user_ids,
                expires,
                by,
            } => {
                assert!(self.may(by, key), "{by} signs for {key}");
                let key = self.keys.get_mut(key).expect("there");
                let is_new = matches!(action, Action::Certify { .. });
                assert_eq!(key.slot == Slot::Empty, is_new);
                // What a certificate says is part of what it hashes to.
                let said = format!("{} {expires:?}", user_ids.join(","));
                let kept = kept.filter(|kept| kept.ends_with(&said));
                key.slot = Slot::Certificate {
                    digest: kept.unwrap_or_else(|| format!("{made} {said}")),
                    user_ids: user_ids.clone(),
                    expires: *expires,
                };
            }
            _ => {}
        }
    }

    /// Whether an operator may use a key.
    fn may(&self, user: &UserId, path: &KeyPath) -> bool {
        let (Some(account), Some(key)) = (self.users.get(user), self.keys.get(path)) else {
            return false;
        };
        let shares = key.tags.is_empty() || !key.tags.is_disjoint(&account.tags);
        account.role == UserRole::Operator && user.namespace() == path.namespace && shares
    }

    /// Who may use what.
    pub(crate) fn uses(&self) -> BTreeSet<(UserId, KeyPath)> {
        let pairs = self.users.keys().flat_map(|user| {
            let keys = self.keys.keys();
            keys.map(move |path| (user.clone(), path.clone()))
        });
        pairs.filter(|(user, path)| self.may(user, path)).collect()
    }
}
