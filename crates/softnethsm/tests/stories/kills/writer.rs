//! One who changes things until the connection breaks, and remembers what was answered.

use std::collections::BTreeSet;

use nethsm::client::{Client, Error};
use nethsm::config::{LogLevel, Logging};
use nethsm::key::{GenerateKey, KeyMechanism, KeyType, SignMode, SignRequest};
use nethsm::user::{NewUser, UserRole};

use super::known::{Known, State, Thing};
use crate::device::{OPERATOR, passphrase};

/// Numbers that look random and are the same for the same seed (`SplitMix64`).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Asks an administrator or an operator.
type Ask = dyn Fn(&Client, &Client) -> Result<(), Error>;

/// What changes: things with what they are from then on, if they are there at all.
type Changes = Vec<(Thing, Option<State>)>;

/// A change, and what there is once it is answered.
struct Wish {
    ask: Box<Ask>,
    after: Changes,
}

pub(super) struct Writer {
    name: String,
    random: Random,
    made: u64,
    answered: usize,
    known: Known,
    /// What was asked and not answered: it may have happened.
    open: Option<Changes>,
}

impl Writer {
    pub(super) fn new(place: usize, seed: u64) -> Self {
        let mut known = Known::new();
        if place == 0 {
            known.insert(Thing::Log, State::Log { port: 514 });
        }
        Self {
            name: format!("w{place}"),
            random: Random::new(seed),
            made: 0,
            answered: 0,
            known,
            open: None,
        }
    }

    /// Asks until the connection breaks. A refusal is a fault: every wish can be granted.
    pub(super) fn write_until_the_end(&mut self, admin: &Client, operator: &Client) {
        loop {
            let wish = self.wish();
            self.open = Some(wish.after.clone());
            match (wish.ask)(admin, operator) {
                Ok(()) => {}
                Err(Error::Unreachable { .. } | Error::Tls { .. } | Error::Protocol { .. }) => {
                    break;
                }
                Err(refusal) => panic!("{:?}: {refusal:?}", wish.after),
            }
            apply(&mut self.known, &wish.after);
            self.open = None;
            self.answered += 1;
        }
    }

    /// Compares all that is there with what was answered, and with what may have happened beyond
    /// it. How many changes were answered since the last time.
    pub(super) fn compare(&mut self, found: &Known, when: &str) -> usize {
        let mut found = found.clone();
        found.retain(|thing, _| thing.belongs_to(&self.name));
        if let Some(open) = self.open.take() {
            let mut more = self.known.clone();
            apply(&mut more, &open);
            if found == more {
                self.known = more;
            }
        }
        assert_eq!(found, self.known, "{when}: not what {} was told", self.name);
        std::mem::take(&mut self.answered)
    }

    /// Something that can be done now.
    fn wish(&mut self) -> Wish {
        let known = self.known.clone();
        let things: Vec<_> = known.iter().collect();
        let end = u64::try_from(things.len()).expect("few") + 2;
        let place = usize::try_from(self.random.below(end)).expect("few");
        match things.get(place) {
            Some((Thing::Key(name), State::Key { label, tags, uses })) => {
                self.change_key(name, label, tags, *uses)
            }
            Some((Thing::User(name), State::User { tags })) => self.change_user(name, tags),
            Some((Thing::Log, _)) => self.log(),
            _ if self.random.below(8) == 0 => self.make_user(),
            _ => self.make_key(),
        }
    }

    fn new_name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{}.{kind}-{}_", self.name, self.made)
    }

    fn make_key(&mut self) -> Wish {
        let name = self.new_name("k");
        let mut key = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
        key.id = Some(name.parse().expect("a name"));
        let state = State::Key {
            label: String::new(),
            tags: BTreeSet::new(),
            uses: 0,
        };
        Wish {
            ask: Box::new(move |admin, _| admin.generate_key(&key).map(drop)),
            after: vec![(Thing::Key(name), Some(state))],
        }
    }

    fn change_key(&mut self, name: &str, label: &str, tags: &BTreeSet<String>, uses: u64) -> Wish {
        let id = name.parse().expect("a name");
        let thing = Thing::Key(name.to_owned());
        let (label, mut tags) = (label.to_owned(), tags.clone());
        let with = |label, tags, uses| Some(State::Key { label, tags, uses });
        match self.random.below(6) {
            0 => Wish {
                ask: Box::new(move |admin, _| admin.delete_key(&id)),
                after: vec![(thing, None)],
            },
            1 => {
                let to = self.new_name("m");
                let new_id = to.parse().expect("a name");
                let new_id = move || Clone::clone(&new_id);
                Wish {
                    ask: Box::new(move |admin, _| admin.rename_key(&id, new_id()).map(drop)),
                    after: vec![(thing, None), (Thing::Key(to), with(label, tags, uses))],
                }
            }
            2 => {
                let label = self.new_name("l");
                let new = label.parse::<nethsm::key::KeyLabel>().expect("a label");
                Wish {
                    ask: Box::new(move |admin, _| admin.set_label(&id, new.clone())),
                    after: vec![(thing, with(label, tags, uses))],
                }
            }
            3 => {
                let name = self.new_name("t");
                let tag = name.parse().expect("a tag");
                tags.insert(name);
                Wish {
                    ask: Box::new(move |admin, _| admin.put_key_tag(&id, &tag)),
                    after: vec![(thing, with(label, tags, uses))],
                }
            }
            // A key with a tag is not for this operator: free it first.
            _ => match tags.pop_first() {
                Some(first) => {
                    let tag = first.parse().expect("a tag");
                    Wish {
                        ask: Box::new(move |admin, _| admin.delete_key_tag(&id, &tag)),
                        after: vec![(thing, with(label, tags, uses))],
                    }
                }
                None => {
                    let wish = SignRequest {
                        mode: SignMode::EdDsa,
                        message: b"hello".to_vec().into(),
                    };
                    Wish {
                        ask: Box::new(move |_, operator| operator.sign(&id, &wish).map(drop)),
                        after: vec![(thing, with(label, tags, uses + 1))],
                    }
                }
            },
        }
    }

    fn make_user(&mut self) -> Wish {
        let name = self.new_name("u");
        let id = name.parse().expect("a name");
        let tags = BTreeSet::new();
        Wish {
            ask: Box::new(move |admin, _| {
                let user = NewUser {
                    real_name: "somebody".to_owned(),
                    role: UserRole::Operator,
                    passphrase: passphrase(OPERATOR),
                };
                admin.put_user(&id, &user)
            }),
            after: vec![(Thing::User(name), Some(State::User { tags }))],
        }
    }

    fn change_user(&mut self, name: &str, tags: &BTreeSet<String>) -> Wish {
        let id = name.parse().expect("a name");
        let thing = Thing::User(name.to_owned());
        let mut tags = tags.clone();
        match self.random.below(4) {
            0 => Wish {
                ask: Box::new(move |admin, _| admin.delete_user(&id)),
                after: vec![(thing, None)],
            },
            1 if !tags.is_empty() => {
                let tag = tags.pop_first().expect("there is one");
                let tag = tag.parse().expect("a tag");
                Wish {
                    ask: Box::new(move |admin, _| admin.delete_user_tag(&id, &tag)),
                    after: vec![(thing, Some(State::User { tags }))],
                }
            }
            _ => {
                let name = self.new_name("t");
                let tag = name.parse().expect("a tag");
                tags.insert(name);
                Wish {
                    ask: Box::new(move |admin, _| admin.put_user_tag(&id, &tag)),
                    after: vec![(thing, Some(State::User { tags }))],
                }
            }
        }
    }

    fn log(&mut self) -> Wish {
        self.made += 1;
        let port = i64::try_from(self.made).expect("few");
        let logging = Logging {
            ip_address: [0, 0, 0, 0].into(),
            port,
            log_level: LogLevel::Info,
        };
        Wish {
            ask: Box::new(move |admin, _| admin.set_logging(&logging)),
            after: vec![(Thing::Log, Some(State::Log { port }))],
        }
    }
}

fn apply(known: &mut Known, changes: &[(Thing, Option<State>)]) {
    for (thing, state) in changes {
        match state {
            Some(state) => drop(known.insert(thing.clone(), state.clone())),
            None => drop(known.remove(thing)),
        }
    }
}
