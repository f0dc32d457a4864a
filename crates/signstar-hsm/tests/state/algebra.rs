//! What holds of every plan, whatever is there and whatever is wanted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use nethsm::{
    key::{KeyMechanism, KeyType},
    system::Switch,
    user::UserRole,
};
use proptest::{collection::vec, prelude::*};
use signstar_hsm::state::{Desired, DesiredUser, FoundKey, Plan, Slot, Surplus, plan};

use crate::{
    model::{Account, Machine, OURS, World},
    wishes::{device, ed25519, id, path, tags},
};

const TAGS: [&str; 3] = ["a", "b", "c"];
const USERS: [(&str, UserRole); 7] = [
    ("keeper", UserRole::Backup),
    ("second", UserRole::Administrator),
    ("one", UserRole::Operator),
    ("two", UserRole::Operator),
    ("watch", UserRole::Metrics),
    ("ns~one", UserRole::Operator),
    ("ns~two", UserRole::Operator),
];
const KEYS: [&str; 4] = ["k", "l", "ns~k", "ns~l"];

/// Decisions, one after the other; when they are used up, always the first choice.
struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    fn among(&mut self, count: u8) -> u8 {
        self.0.next().unwrap_or_default() % count
    }

    fn one_in(&mut self, count: u8) -> bool {
        self.among(count) == count - 1
    }

    fn tags(&mut self) -> Vec<&'static str> {
        let chosen = self.among(8);
        let is_chosen = |at: usize| chosen >> at & 1 == 1;
        (0..TAGS.len())
            .filter(|at| is_chosen(*at))
            .map(|at| TAGS[at])
            .collect()
    }

    fn desired(&mut self, devices: u8) -> Desired {
        let mut desired = Desired {
            boot: [None, Some(Switch::On), Some(Switch::Off)][usize::from(self.among(3))],
            clock_seconds: self.one_in(2).then_some(60),
            backups: true,
            ..Desired::default()
        };
        if self.one_in(3) {
            desired.surplus = Surplus::Deleted;
        }
        for at in 0..devices {
            desired
                .devices
                .push(device(&format!("device {at}"), Some("00")));
        }
        let has_namespace = self.one_in(2);
        if has_namespace {
            desired
                .namespaces
                .insert("ns".parse().expect("a namespace"));
            desired
                .users
                .insert(id("ns~admin"), account(UserRole::Administrator, &[]));
        }
        for (name, role) in USERS {
            let fits = has_namespace || !name.contains('~');
            if fits && (name == "keeper" || self.one_in(2)) {
                let names = match role {
                    UserRole::Operator => self.tags(),
                    _ => Vec::new(),
                };
                desired.users.insert(id(name), account(role, &names));
            }
        }
        for name in KEYS {
            let fits = has_namespace || !name.contains('~');
            if fits && self.one_in(2) {
                let key = ed25519(&self.tags(), &[]);
                desired.keys.insert(path(name), key);
                if self.one_in(2) && desired.operator_of(&path(name)).is_some() {
                    let key = desired.keys.get_mut(&path(name)).expect("there");
                    key.user_ids = vec![["x", "y"][usize::from(self.among(2))].to_owned()];
                    key.expires = self.end();
                }
            }
        }
        desired
    }

    /// When a certificate ends, if it does.
    fn end(&mut self) -> Option<Timestamp> {
        self.one_in(2).then_some(Timestamp::UNIX_EPOCH)
    }

    /// A device, with whatever may be there.
    fn machine(&mut self, url: String, world: &mut World) -> Machine {
        let mut machine = Machine {
            url,
            ..Machine::default()
        };
        if self.one_in(3) {
            return machine;
        }
        machine.is_provisioned = true;
        machine.is_locked = self.one_in(5);
        machine.boot = Some(Switch::Off);
        machine.clock_off = u64::from(self.among(3)) * 50;
        machine.backup = (!self.one_in(3)).then_some(OURS);
        let mut add = |name: &str, role, passphrase, names: &[&str]| {
            let account = Account {
                role,
                tags: names.iter().map(|name| (*name).to_owned()).collect(),
                passphrase,
            };
            machine.users.insert(id(name), account);
        };
        add("admin", UserRole::Administrator, OURS, &[]);
        let has_namespace = self.one_in(2);
        if has_namespace || self.one_in(4) {
            add("ns~admin", UserRole::Administrator, OURS, &[]);
        }
        for (name, role) in USERS {
            if (has_namespace || !name.contains('~')) && self.one_in(2) {
                world.made += 1;
                let passphrase = world.made;
                let names = match role {
                    UserRole::Operator => self.tags(),
                    _ => Vec::new(),
                };
                add(name, role, passphrase, &names);
                match self.among(4) {
                    0 => drop(world.current.insert(id(name), passphrase)),
                    1 => drop(world.new.insert(id(name), passphrase)),
                    _ => {}
                }
            }
        }
        if has_namespace {
            machine
                .namespaces
                .insert("ns".parse().expect("a namespace"));
        }
        for name in KEYS {
            if (has_namespace || !name.contains('~')) && self.one_in(2) {
                world.made += 1;
                let found = FoundKey {
                    key_type: KeyType::Curve25519,
                    length: None,
                    mechanisms: [KeyMechanism::EdDsaSignature].into(),
                    tags: self.tags().into_iter().map(str::to_owned).collect(),
                    public: Some(world.made.to_string()),
                    slot: match self.among(3) {
                        0 => Slot::Empty,
                        at => {
                            let said = ["x", "y"][usize::from(at - 1)].to_owned();
                            let expires = self.end();
                            Slot::Certificate {
                                digest: format!("{} {said} {expires:?}", world.made),
                                user_ids: vec![said],
                                expires,
                            }
                        }
                    },
                };
                machine.keys.insert(path(name), found);
            }
        }
        world.made += 1;
        machine.domain = world.made;
        machine
    }

    /// Devices, of which the others are fresh, copies of the first that lag behind, or strangers.
    fn world(&mut self, devices: u8) -> World {
        let mut world = World::default();
        for at in 0..devices {
            let url = format!("device {at}");
            let machine = match (world.machines.first().cloned(), self.among(4)) {
                (Some(first), 0 | 1) if first.is_provisioned => {
                    let mut copy = Machine { url, ..first };
                    if self.one_in(2) {
                        copy.users.remove(&id("one"));
                    }
                    if self.one_in(2) {
                        copy.keys.remove(&path("k"));
                    }
                    copy
                }
                _ => self.machine(url, &mut world),
            };
            world.machines.push(machine);
        }
        world
    }
}

fn account(role: UserRole, names: &[&str]) -> DesiredUser {
    DesiredUser {
        role,
        real_name: String::new(),
        tags: tags(names),
    }
}

/// Plans and applies until nothing is left. `None` if something stands in the way, and then
/// nothing may have been done in that round.
fn settle(world: &mut World, desired: &Desired) -> Option<Vec<Plan>> {
    let mut plans = Vec::new();
    for _ in 0..6 {
        let plan = plan(desired, &world.observed(desired));
        if !plan.refusals.is_empty() {
            return None;
        }
        if plan.steps.is_empty() {
            return Some(plans);
        }
        let before: Vec<_> = world.machines.iter().map(Machine::uses).collect();
        let mut between = Vec::new();
        for step in &plan.steps {
            world.apply(step, desired);
            between.push(world.machines.iter().map(Machine::uses).collect::<Vec<_>>());
        }
        for (at, machine) in world.machines.iter().enumerate() {
            let allowed: BTreeSet<_> = before[at].union(&machine.uses()).cloned().collect();
            for uses in &between {
                let more: Vec<_> = uses[at].difference(&allowed).collect();
                assert!(more.is_empty(), "in between {more:?}: {plan}");
            }
        }
        plans.push(plan);
    }
    panic!("no end: {}", plans.last().expect("several"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn after_all_steps_nothing_is_left_and_no_key_is_lost(bytes in vec(any::<u8>(), 0..160)) {
        let mut choices = Choices(bytes.into_iter());
        let devices = 1 + choices.among(3);
        let desired = choices.desired(devices);
        let before = choices.world(devices);
        let mut world = before.clone();
        let settled = settle(&mut world, &desired);
        for (was, is) in before.machines.iter().zip(&world.machines) {
            for (path, key) in &was.keys {
                prop_assert_eq!(is.keys.get(path).map(|key| &key.public), Some(&key.public));
            }
        }
        if settled.is_some() {
            for machine in &world.machines {
                for (user, wanted) in &desired.users {
                    let account = &machine.users[user];
                    prop_assert_eq!(account.role, wanted.role);
                    let names: BTreeSet<_> = wanted.tags.iter().map(ToString::to_string).collect();
                    prop_assert_eq!(&account.tags, &names);
                }
                for (path, wanted) in &desired.keys {
                    let key = &machine.keys[path];
                    let names: BTreeSet<_> = wanted.tags.iter().map(ToString::to_string).collect();
                    prop_assert_eq!(&key.tags, &names);
                    prop_assert_eq!(&key.public, &world.machines[0].keys[path].public);
                }
            }
            prop_assert!(world.new.is_empty());
        }
    }

    /// Stopped after any step, the next run comes to the same end.
    #[test]
    fn stopped_anywhere_it_goes_on(bytes in vec(any::<u8>(), 0..160), stop in 0_usize..40) {
        let mut choices = Choices(bytes.into_iter());
        let devices = 1 + choices.among(3);
        let desired = choices.desired(devices);
        let mut world = choices.world(devices);
        let first = plan(&desired, &world.observed(&desired));
        if first.refusals.is_empty() && settle(&mut world.clone(), &desired).is_some() {
            for step in first.steps.iter().take(stop) {
                world.apply(step, &desired);
            }
            prop_assert!(settle(&mut world, &desired).is_some());
        }
    }
}

#[test]
fn most_of_what_is_tried_can_be_done() {
    let mut bytes = (0_u32..).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]);
    let mut settled = 0;
    for _ in 0..500 {
        let mut choices = Choices(bytes.by_ref().take(160).collect::<Vec<_>>().into_iter());
        let devices = 1 + choices.among(3);
        let desired = choices.desired(devices);
        let mut world = choices.world(devices);
        settled += usize::from(settle(&mut world, &desired).is_some());
    }
    assert!(settled > 100, "{settled} of 500");
}
