//! The way from what is found to what is wanted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use nethsm::id::UserId;
use serde::Serialize;

use super::{
    Action, Condition, Content, Desired, DesiredDevice, KeyPath, Login, Note, Observed,
    ObservedDevice, Refusal, Slot, Step, difference::Difference,
};

/// What is to be done, in this order. Nothing in it is secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The changes.
    pub steps: Vec<Step>,
    /// What stands in the way. With any, nothing is done at all.
    pub refusals: Vec<Refusal>,
    /// What somebody should know.
    pub notes: Vec<Note>,
}

impl Plan {
    /// Whether there is nothing to do and nothing in the way.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.refusals.is_empty()
    }
}

/// Tells what is to be done so that the HSM becomes what it is to be.
///
/// The first device that is not fresh is brought to that; fresh ones get a backup of it, so that
/// all have the same keys. `observed` has the devices in the order of `desired`.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let devices: Vec<_> = desired.devices.iter().zip(&observed.devices).collect();
    for (device, found) in &devices {
        plan.refusals
            .extend(obstacle(device, found.shown.as_deref(), &found.condition));
    }
    let keeps = desired.keeper().is_some() && desired.backups;
    if !keeps {
        if devices.len() > 1 {
            plan.refusals.push(Refusal::NoKeeper);
        } else {
            plan.notes.push(Note::NoBackups);
        }
    }

    let changing = changing(
        &devices
            .iter()
            .map(|(_, found)| &found.condition)
            .collect::<Vec<_>>(),
    );
    let is_used = |found: &Condition| !matches!(found, Condition::Unprovisioned);
    let first = devices
        .iter()
        .position(|(_, found)| is_used(&found.condition));
    let first = first.unwrap_or_default();
    let fresh = Content::fresh();
    let mut planning = Planning {
        desired,
        changing: &changing,
        plan,
    };
    if let Some((device, found)) = devices.get(first) {
        let content = match &found.condition {
            Condition::Operational(content) => Some(&**content),
            Condition::Unprovisioned => {
                planning.step(device, Action::Provision);
                Some(&fresh)
            }
            Condition::Locked => {
                planning.unlock(device);
                None
            }
            _ => None,
        };
        if let Some(content) = content {
            planning.difference(device, found, content, None);
            planning.keep_certificates(device, content, &observed.kept);
        }
        let source = Source { device, content };
        for (_, (device, found)) in devices.iter().enumerate().filter(|(at, _)| *at != first) {
            planning.other(device, found, &source);
        }
    }
    let all_are_seen = devices
        .iter()
        .all(|(_, found)| matches!(found.condition, Condition::Operational(_)));
    planning.passphrases(&observed.half_changed, all_are_seen);
    planning.plan
}

/// The device that the others are compared with.
struct Source<'a> {
    device: &'a DesiredDevice,
    /// `None` if it has to be unlocked first.
    content: Option<&'a Content>,
}

/// A plan while it is made.
struct Planning<'a> {
    desired: &'a Desired,
    changing: &'a BTreeSet<UserId>,
    plan: Plan,
}

impl Planning<'_> {
    fn step(&mut self, device: &DesiredDevice, action: Action) {
        let device = Some(device.url.clone());
        self.plan.steps.push(Step { device, action });
    }

    fn look_again(&mut self, device: &DesiredDevice) {
        let device = device.url.clone();
        self.plan.notes.push(Note::LookAgain { device });
    }

    fn unlock(&mut self, device: &DesiredDevice) {
        self.step(device, Action::Unlock);
        self.look_again(device);
    }

    fn difference(
        &mut self,
        device: &DesiredDevice,
        found: &ObservedDevice,
        content: &Content,
        certificates: Option<&BTreeMap<KeyPath, String>>,
    ) {
        let mut difference = Difference {
            desired: self.desired,
            device,
            shown: found.shown.as_deref(),
            content,
            changing: self.changing,
            certificates,
            plan: &mut self.plan,
        };
        difference.find();
    }

    /// A device that is to have what the source has.
    fn other(&mut self, device: &DesiredDevice, found: &ObservedDevice, source: &Source<'_>) {
        let content = match &found.condition {
            Condition::Unprovisioned if source.content.is_some() => {
                return self.restore(device, source);
            }
            Condition::Unprovisioned => return self.look_again(device),
            Condition::Locked => return self.unlock(device),
            Condition::Operational(content) => content,
            _ => return,
        };
        let Some(known) = source.content else {
            return self.look_again(device);
        };
        let mut is_same = true;
        for (path, key) in &content.keys {
            let same = known.keys.get(path);
            if same.is_none_or(|same| same.public != key.public) {
                is_same = false;
                self.plan.refusals.push(Refusal::OtherKey {
                    device: device.url.clone(),
                    key: path.clone(),
                    first: source.device.url.clone(),
                });
            }
        }
        let lacks = |path: &KeyPath| !content.keys.contains_key(path);
        let is_lacking = known.keys.keys().any(lacks) || self.desired.keys.keys().any(lacks);
        if is_lacking {
            is_same &= self.all_keys_are_seen(device, content);
        }
        if is_same && is_lacking {
            self.restore(device, source);
        } else if is_same {
            self.difference(device, found, content, Some(&certificates(known)));
        }
    }

    /// Whether nothing is hidden in namespaces that a restore would destroy.
    fn all_keys_are_seen(&mut self, device: &DesiredDevice, content: &Content) -> bool {
        let mut all = true;
        for namespace in &content.namespaces {
            let administrator = self.desired.administrator_of(namespace);
            let found = administrator.and_then(|id| content.users.get(id));
            if found.is_none_or(|found| found.login != Login::Current) {
                all = false;
                self.refuse(Refusal::NoNamespaceAdministrator {
                    device: device.url.clone(),
                    namespace: namespace.clone(),
                });
            }
        }
        all
    }

    fn refuse(&mut self, refusal: Refusal) {
        if !self.plan.refusals.contains(&refusal) {
            self.plan.refusals.push(refusal);
        }
    }

    fn restore(&mut self, device: &DesiredDevice, source: &Source<'_>) {
        let from = source.device.url.clone();
        self.step(device, Action::Restore { from });
        self.unlock(device);
    }

    /// What is in the slot is kept on this host too.
    fn keep_certificates(
        &mut self,
        device: &DesiredDevice,
        content: &Content,
        kept: &BTreeMap<KeyPath, String>,
    ) {
        for (path, found) in certificates(content) {
            let desired = self.desired.keys.get(&path);
            let is_wanted = desired.is_some_and(|key| !key.user_ids.is_empty());
            let is_about_to_change = self
                .plan
                .steps
                .iter()
                .any(|step| matches!(&step.action, Action::Renew { key, .. } if *key == path));
            if is_wanted && !is_about_to_change && kept.get(&path) != Some(&found) {
                self.step(device, Action::KeepCertificate { key: path });
            }
        }
    }

    /// Ends the changes of passphrases that somebody has begun.
    fn passphrases(&mut self, half_changed: &BTreeSet<UserId>, all_are_seen: bool) {
        for user in half_changed {
            let user = user.clone();
            let action = if self.changing.contains(&user) {
                Action::KeepNewPassphrase { user }
            } else {
                Action::DropNewPassphrase { user }
            };
            if all_are_seen {
                self.plan.steps.push(Step {
                    device: None,
                    action,
                });
            }
        }
    }
}

/// What keeps a device from being looked at.
fn obstacle(device: &DesiredDevice, shown: Option<&str>, found: &Condition) -> Option<Refusal> {
    let url = device.url.clone();
    let is_known = |shown| device.known_by().any(|pin| pin == shown);
    match (found, shown) {
        (Condition::Unreachable(why), _) => Some(Refusal::Unreachable {
            device: url,
            why: why.clone(),
        }),
        (_, Some(shown)) if !is_known(shown) && device.trusted.is_empty() => Some(Refusal::New {
            device: url,
            shown: shown.to_owned(),
        }),
        (_, Some(shown)) if !is_known(shown) => Some(Refusal::OtherCertificate {
            device: url,
            trusted: device.known_by().collect::<Vec<_>>().join(", "),
            shown: shown.to_owned(),
        }),
        (Condition::Failed, _) => Some(Refusal::Failed { device: url }),
        (Condition::NoAdministrator, _) => Some(Refusal::NoAdministrator { device: url }),
        _ => None,
    }
}

/// The users whose new passphrase some device has.
fn changing(conditions: &[&Condition]) -> BTreeSet<UserId> {
    let contents = conditions.iter().filter_map(|condition| match condition {
        Condition::Operational(content) => Some(content),
        _ => None,
    });
    contents
        .flat_map(|content| &content.users)
        .filter(|(_, user)| user.login == Login::New)
        .map(|(id, _)| id.clone())
        .collect()
}

fn certificates(content: &Content) -> BTreeMap<KeyPath, String> {
    let keys = content.keys.iter();
    keys.filter_map(|(path, key)| match &key.slot {
        Slot::Certificate { digest, .. } => Some((path.clone(), digest.clone())),
        _ => None,
    })
    .collect()
}

/// A line for each step, below the device; then what stands in the way, then what else there is to
/// know.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = None;
        for step in &self.steps {
            let here = step.device.as_deref().unwrap_or("this host");
            if place != Some(here) {
                writeln!(f, "{here}")?;
                place = Some(here);
            }
            writeln!(f, "  {}", step.action)?;
        }
        for refusal in &self.refusals {
            writeln!(f, "refused: {refusal}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if self.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        Ok(())
    }
}
