//! What one device lacks.

use std::collections::{BTreeMap, BTreeSet};

use nethsm::{
    id::{NamespaceId, Tag, UserId},
    user::UserRole,
};

use super::{
    ADMIN, Action, BackupPassphrase, Content, Desired, DesiredDevice, DesiredKey, DesiredUser,
    FoundKey, KeyPath, Login, Note, Plan, Refusal, Slot, Step, Surplus,
};
use crate::Which;

/// The comparison of one device with what it is to be.
pub(super) struct Difference<'a> {
    pub(super) desired: &'a Desired,
    pub(super) device: &'a DesiredDevice,
    /// The SHA-256 of the TLS certificate that it shows.
    pub(super) shown: Option<&'a str>,
    pub(super) content: &'a Content,
    /// The users whose new passphrase some device has already.
    pub(super) changing: &'a BTreeSet<UserId>,
    /// The certificates that this device should have as they are, by what they hash to: those of
    /// the device that is compared with. `None` on that device itself.
    pub(super) certificates: Option<&'a BTreeMap<KeyPath, String>>,
    pub(super) plan: &'a mut Plan,
}

/// When a user is added.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Turn {
    /// It has no namespace, or is the administrator of one that is not there yet.
    BeforeNamespaces,
    AfterNamespaces,
}

impl Difference<'_> {
    /// Adds what is to be done, in an order in which every step finds what it needs, and in which
    /// nobody may do more in between than before or after.
    pub(super) fn find(&mut self) {
        self.settings();
        self.tag_open_keys();
        self.users(Turn::BeforeNamespaces);
        self.surplus();
        self.namespaces();
        self.users(Turn::AfterNamespaces);
        self.untag_users();
        self.keys();
        self.tag_users();
        self.certificates();
        // Who looks at it by the old certificate is to find all the rest done.
        if let Some(certificate) = &self.device.certificate
            && self.shown != Some(&certificate.sha256)
        {
            self.step(Action::SetTlsCertificate {
                sha256: certificate.sha256.clone(),
            });
        }
        // A device that moves away cannot be asked for anything else.
        if let Some(network) = self.device.network
            && self.content.network != Some(network)
        {
            self.step(Action::SetNetwork { network });
        }
    }

    fn step(&mut self, action: Action) {
        let device = Some(self.device.url.clone());
        self.plan.steps.push(Step { device, action });
    }

    fn refuse(&mut self, refusal: Refusal) {
        if !self.plan.refusals.contains(&refusal) {
            self.plan.refusals.push(refusal);
        }
    }

    fn settings(&mut self) {
        let Desired {
            boot,
            logging,
            ntp,
            clock_seconds,
            backups,
            ..
        } = self.desired;
        if let &Some(unattended) = boot
            && self.content.boot != Some(unattended)
        {
            self.step(Action::SetBoot { unattended });
        }
        match self.content.backup {
            _ if !backups => {}
            BackupPassphrase::Ours => {}
            BackupPassphrase::Unset | BackupPassphrase::Unknown => {
                self.step(Action::SetBackupPassphrase);
            }
            BackupPassphrase::Other => self.refuse(Refusal::OtherBackupPassphrase {
                device: self.device.url.clone(),
            }),
        }
        if let &Some(logging) = logging
            && self.content.logging != Some(logging)
        {
            self.step(Action::SetLogging { logging });
        }
        if let Some(ntp) = ntp
            && self.content.ntp.as_ref() != Some(ntp)
        {
            self.step(Action::SetNtp { ntp: ntp.clone() });
        }
        if clock_seconds.is_some_and(|most| self.content.clock_off > most.into()) {
            self.step(Action::SetTime);
        }
    }

    /// Whether the namespace can be managed: it is not there yet, or an administrator of it can log
    /// in.
    fn is_managed(&mut self, namespace: &NamespaceId) -> bool {
        let administrator = self.desired.administrator_of(namespace);
        let is_known = administrator.is_some_and(|administrator| {
            let found = self.content.users.get(administrator);
            !self.content.namespaces.contains(namespace)
                || found.is_some_and(|found| found.login == Login::Current)
        });
        if !is_known {
            self.refuse(Refusal::NoNamespaceAdministrator {
                device: self.device.url.clone(),
                namespace: namespace.clone(),
            });
        }
        is_known
    }

    fn turn(&self, id: &UserId, user: &DesiredUser) -> Turn {
        match id.namespace() {
            None => Turn::BeforeNamespaces,
            Some(namespace)
                if user.role == UserRole::Administrator
                    && !self.content.namespaces.contains(&namespace) =>
            {
                Turn::BeforeNamespaces
            }
            Some(_) => Turn::AfterNamespaces,
        }
    }

    /// Adds the users whose turn it is, administrators first.
    fn users(&mut self, turn: Turn) {
        let is_administrator = |role| role == UserRole::Administrator;
        for first in [true, false] {
            for (id, user) in &self.desired.users {
                let is_due = is_administrator(user.role) == first && self.turn(id, user) == turn;
                let namespace = id.namespace();
                if is_due && namespace.is_none_or(|namespace| self.is_managed(&namespace)) {
                    self.user(id, user);
                }
            }
        }
    }

    fn user(&mut self, id: &UserId, user: &DesiredUser) {
        let Some(found) = self.content.users.get(id) else {
            return self.step(Action::AddUser {
                user: id.clone(),
                role: user.role,
                real_name: user.real_name.clone(),
            });
        };
        if found.role != user.role {
            return self.refuse(Refusal::Role {
                device: self.device.url.clone(),
                user: id.clone(),
                found: found.role.to_string(),
                wanted: user.role.to_string(),
            });
        }
        let to = if self.changing.contains(id) {
            Which::New
        } else {
            Which::Current
        };
        match (found.login, to) {
            (Login::Current, Which::Current) | (Login::New, Which::New) => {}
            _ => self.step(Action::SetPassphrase {
                user: id.clone(),
                to,
            }),
        }
    }

    fn namespaces(&mut self) {
        for namespace in &self.desired.namespaces {
            if !self.content.namespaces.contains(namespace) && self.is_managed(namespace) {
                self.step(Action::AddNamespace {
                    namespace: namespace.clone(),
                });
            }
        }
        for namespace in &self.content.namespaces {
            if !self.desired.namespaces.contains(namespace) {
                self.plan.notes.push(Note::SurplusNamespace {
                    device: self.device.url.clone(),
                    namespace: namespace.clone(),
                });
            }
        }
    }

    /// Users that the configuration does not name. The namespaces that it does not name are left
    /// alone.
    fn surplus(&mut self) {
        for id in self.content.users.keys() {
            let namespace = id.namespace();
            let is_foreign =
                (namespace.as_ref()).is_some_and(|one| !self.desired.namespaces.contains(one));
            if is_foreign || id.as_str() == ADMIN || self.desired.users.contains_key(id) {
                continue;
            }
            match self.desired.surplus {
                Surplus::Told => self.plan.notes.push(Note::SurplusUser {
                    device: self.device.url.clone(),
                    user: id.clone(),
                }),
                Surplus::Deleted => {
                    if namespace.is_none_or(|namespace| self.is_managed(&namespace)) {
                        self.step(Action::DeleteUser { user: id.clone() });
                    }
                }
            }
        }
    }

    fn untag_users(&mut self) {
        for (id, user) in &self.desired.users {
            let Some(found) = self.content.users.get(id) else {
                continue;
            };
            for tag in surplus_tags(&found.tags, &user.tags) {
                self.step(Action::UntagUser {
                    user: id.clone(),
                    tag,
                });
            }
        }
    }

    fn tag_users(&mut self) {
        for (id, user) in &self.desired.users {
            let found = self.content.users.get(id);
            let found = found.map(|found| &found.tags);
            for tag in lacking_tags(found, &user.tags) {
                self.step(Action::TagUser {
                    user: id.clone(),
                    tag,
                });
            }
        }
    }

    /// Keys without tags are for all operators, those to come included.
    fn tag_open_keys(&mut self) {
        for (path, key) in &self.desired.keys {
            let found = self.content.keys.get(path);
            if found.is_some_and(|found| found.tags.is_empty() && is_of_kind(found, key)) {
                self.tag_key(path, &key.tags);
            }
        }
    }

    fn tag_key(&mut self, path: &KeyPath, tags: &BTreeSet<Tag>) {
        let found = self.content.keys.get(path).map(|found| &found.tags);
        for tag in lacking_tags(found, tags) {
            let key = path.clone();
            self.step(Action::TagKey { key, tag });
        }
    }

    fn keys(&mut self) {
        for (path, key) in &self.desired.keys {
            let Some(found) = self.content.keys.get(path) else {
                self.step(Action::GenerateKey {
                    key: path.clone(),
                    key_type: key.key_type,
                    length: key.length,
                    mechanisms: key.mechanisms.clone(),
                    tags: key.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
                });
                continue;
            };
            if !is_of_kind(found, key) {
                self.refuse(Refusal::KeyKind {
                    device: self.device.url.clone(),
                    key: path.clone(),
                    found: kind(found.key_type, found.length, &found.mechanisms),
                    wanted: kind(key.key_type, key.length, &key.mechanisms),
                });
                continue;
            }
            // The old tags go last: without any, the key is for all operators.
            if !found.tags.is_empty() {
                self.tag_key(path, &key.tags);
            }
            for tag in surplus_tags(&found.tags, &key.tags) {
                let key = path.clone();
                self.step(Action::UntagKey { key, tag });
            }
        }
        for path in self.content.keys.keys() {
            if !self.desired.keys.contains_key(path) {
                self.plan.notes.push(Note::SurplusKey {
                    device: self.device.url.clone(),
                    key: path.clone(),
                });
            }
        }
    }

    fn certificates(&mut self) {
        for (path, key) in &self.desired.keys {
            let found = self.content.keys.get(path);
            if key.user_ids.is_empty() || found.is_some_and(|found| !is_of_kind(found, key)) {
                continue;
            }
            let Some(by) = self.desired.operator_of(path) else {
                self.refuse(Refusal::NobodySigns { key: path.clone() });
                continue;
            };
            let (expires, by) = (key.expires, by.clone());
            let (key, user_ids) = (path.clone(), key.user_ids.clone());
            match found.map(|found| &found.slot) {
                None | Some(Slot::Empty) => self.step(Action::Certify {
                    key,
                    user_ids,
                    expires,
                    by,
                }),
                Some(Slot::Certificate {
                    user_ids: found,
                    expires: ends,
                    digest,
                }) => {
                    let others = self.certificates.and_then(|known| known.get(path));
                    let is_other = others.is_some_and(|other| other != digest);
                    let all = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
                    if is_other || all(found) != all(&user_ids) || *ends != expires {
                        self.step(Action::Renew {
                            key,
                            user_ids,
                            expires,
                            by,
                        });
                    }
                }
                Some(Slot::Other) => self.refuse(Refusal::OtherCertificateInSlot {
                    device: self.device.url.clone(),
                    key,
                }),
                Some(Slot::Untold) => {}
            }
        }
    }
}

pub(super) fn is_of_kind(found: &FoundKey, key: &DesiredKey) -> bool {
    let is_as_long = match (found.length, key.length) {
        (Some(found), Some(wanted)) => found == wanted,
        _ => true,
    };
    found.key_type == key.key_type && is_as_long && found.mechanisms == key.mechanisms
}

fn kind(
    key_type: nethsm::key::KeyType,
    length: Option<u32>,
    mechanisms: &BTreeSet<nethsm::key::KeyMechanism>,
) -> String {
    let length = length.map_or_else(String::new, |length| format!(" of {length} bits"));
    let names: Vec<_> = mechanisms.iter().map(|one| one.as_str()).collect();
    format!("{key_type}{length} for {}", names.join(", "))
}

/// The tags that are missing.
fn lacking_tags(found: Option<&BTreeSet<String>>, wanted: &BTreeSet<Tag>) -> Vec<Tag> {
    let is_there = |tag: &&Tag| found.is_some_and(|found| found.contains(tag.as_str()));
    wanted
        .iter()
        .filter(|tag| !is_there(tag))
        .cloned()
        .collect()
}

/// The tags that are too much. One that is not a tag in a path cannot be taken away, nor can an
/// operator have it.
fn surplus_tags(found: &BTreeSet<String>, wanted: &BTreeSet<Tag>) -> Vec<Tag> {
    let tags = found.iter().filter_map(|tag| tag.parse::<Tag>().ok());
    tags.filter(|tag| !wanted.contains(tag)).collect()
}
