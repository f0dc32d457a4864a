//! Names of keys, users, namespaces and tags.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest name, in bytes.
pub const MAX_LENGTH: usize = 128;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadId {
    /// Empty.
    #[error("an ID is at least one character long")]
    Empty,
    /// Longer than [`MAX_LENGTH`].
    #[error("an ID is at most 128 characters long")]
    Long,
    /// Starts with one of `_.-`.
    #[error("an ID starts with a letter or a digit")]
    Start,
    /// Holds a character that is not ASCII letter, digit or one of `_.-`.
    #[error("an ID is made of ASCII letters, digits, underscores, dots and dashes")]
    Character,
}

impl BadId {
    /// The message with which the device refuses such a name. Scripts compare it.
    pub const fn answer(self) -> &'static str {
        match self {
            Self::Empty => "ID cannot be empty.",
            Self::Long => "ID cannot be longer than 128 characters.",
            Self::Start => "ID cannot start with underscore, dash, or dot.",
            Self::Character => {
                "ID may only contain alphanumeric characters, underscores, dashes, and dots."
            }
        }
    }
}

fn check(text: &str) -> Result<(), BadId> {
    let Some(first) = text.bytes().next() else {
        return Err(BadId::Empty);
    };
    if text.len() > MAX_LENGTH {
        return Err(BadId::Long);
    }
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    {
        return Err(BadId::Character);
    }
    if !first.is_ascii_alphanumeric() {
        return Err(BadId::Start);
    }
    Ok(())
}

/// Text in and out for a name: `FromStr`, `Display`, `as_str` and serde.
macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        /// Fails with the very message that the device answers.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse()
                    .map_err(|bad: BadId| de::Error::custom(bad.answer()))
            }
        }
    };
}

macro_rules! plain {
    ($($(#[$meta:meta])* $name:ident;)+) => { $(
        $(#[$meta])*
        ///
        /// 1 to 128 characters: `^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`.
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        text!($name);
    )+ };
}

plain! {
    /// The name of a key within its namespace.
    KeyId;
    /// How the names of some keys start, see [`ListKeysFrom`](crate::table::ListKeysFrom).
    KeyPrefix;
    /// The name of a member of a cluster: made up by the device, hexadecimal digits.
    MemberId;
    /// The name of a namespace.
    NamespaceId;
    /// A tag, as it stands in a path. Tags inside JSON are any text, see
    /// [`Restrictions`](crate::key::Restrictions).
    Tag;
}

/// The name of a user: `id` for a root user, `namespace~id` for one of a namespace.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UserId(String);

impl UserId {
    /// The namespace of the user; nothing for a root user.
    pub fn namespace(&self) -> Option<NamespaceId> {
        let (namespace, _) = self.0.split_once('~')?;
        Some(NamespaceId(namespace.to_owned()))
    }

    /// The name without the namespace.
    pub fn name(&self) -> &str {
        self.0
            .split_once('~')
            .map_or(self.as_str(), |(_, name)| name)
    }
}

impl FromStr for UserId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        if let Some((namespace, name)) = text.split_once('~') {
            check(namespace)?;
            check(name)?;
        } else {
            check(text)?;
        }
        Ok(Self(text.to_owned()))
    }
}

text!(UserId);

/// The namespace in which a user with a name made up by the device shall be: `namespace~`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NamespacePrefix(String);

impl NamespacePrefix {
    /// The prefix of the users of `namespace`.
    pub fn of(namespace: &NamespaceId) -> Self {
        Self(format!("{namespace}~"))
    }

    /// The namespace without the tilde.
    pub fn namespace(&self) -> NamespaceId {
        NamespaceId(self.0.trim_end_matches('~').to_owned())
    }
}

impl FromStr for NamespacePrefix {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        check(text.strip_suffix('~').ok_or(BadId::Character)?)?;
        Ok(Self(text.to_owned()))
    }
}

text!(NamespacePrefix);

/// The name that the device gave to something new: `{"id": "..."}`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Created<Id> {
    /// The name.
    pub id: Id,
}

crate::body::json!(Created<KeyId>, Created<UserId>);
