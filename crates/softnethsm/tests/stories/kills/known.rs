//! What is known of a device: every key and user, and where its log goes.

use std::collections::{BTreeMap, BTreeSet};

use nethsm::client::Client;
use nethsm::user::UserRole;

/// What there is, by kind and name.
pub(super) type Known = BTreeMap<Thing, State>;

/// What can be there. The first part of a name, up to a dot, tells whose it is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Thing {
    Key(String),
    User(String),
    Log,
}

impl Thing {
    /// Whether only the writer of this name changes it.
    pub(super) fn belongs_to(&self, writer: &str) -> bool {
        let name = match self {
            Self::Key(name) | Self::User(name) => name,
            Self::Log => return writer == "w0",
        };
        name.split_once('.').is_some_and(|(own, _)| own == writer)
    }
}

/// How it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum State {
    Key {
        label: String,
        tags: BTreeSet<String>,
        uses: u64,
    },
    User {
        tags: BTreeSet<String>,
    },
    Log {
        port: i64,
    },
}

/// Reads all of a device. Every value is opened, so none of them is damaged.
pub(super) fn read_back(admin: &Client) -> Known {
    let mut known = Known::new();
    for id in admin.keys().expect("keys") {
        let key = admin.key(&id).expect("whole");
        let state = State::Key {
            label: key.label.as_str().to_owned(),
            tags: key.restrictions.tags.into_iter().collect(),
            uses: key.operations,
        };
        known.insert(Thing::Key(id.to_string()), state);
    }
    for id in admin.users().expect("users") {
        if admin.user(&id).expect("whole").role == UserRole::Operator {
            let tags = admin.user_tags(&id).expect("tags").into_iter().collect();
            known.insert(Thing::User(id.to_string()), State::User { tags });
        }
    }
    let port = admin.logging().expect("shown").port;
    known.insert(Thing::Log, State::Log { port });
    known
}
