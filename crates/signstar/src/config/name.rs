//! The names that an administrator gives.

use std::fmt;

use serde::Deserialize;

/// A name that is not one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidName {
    /// Not a name for a client, a user, a key or an HSM.
    #[error(
        "`{0}`: a name has 1 to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`, and begins with a letter, a digit or `_`"
    )]
    Name(String),
    /// Not a name for a Unix user.
    #[error(
        "`{0}`: a Unix user has 1 to 32 of a-z, 0-9, `-` and `_`, and begins with a letter or `_`"
    )]
    UnixUser(String),
    /// The name of a Unix user that systems have for themselves.
    #[error("`{0}`: this is a user of the system; take another name, as in `signstar-{0}`")]
    SystemUser(String),
    /// Not the identifier of a key in an HSM.
    #[error(
        "`{0}`: a key in an HSM has 1 to 128 of a-z, A-Z, 0-9, `-`, `_` and `.`, and begins with a letter or a digit"
    )]
    HsmKeyId(String),
    /// Not the name of a user in an HSM.
    #[error(
        "`{0}`: a user in an HSM has 1 to 128 of a-z, A-Z, 0-9, `-`, `_` and `.`, begins with a letter or a digit, and may have its namespace before it, as in `team~builder`"
    )]
    HsmUser(String),
    /// Not a domain name.
    #[error("`{0}`: a domain has 1 to 253 of a-z, 0-9, `-` and `.`, as in `signstar.example.org`")]
    Domain(String),
    /// Not a namespace for SSH signatures.
    #[error("`{0}`: a namespace has 1 to 128 printable ASCII characters and no space")]
    Namespace(String),
    /// Not a pattern for file names.
    #[error(
        "`{0}`: a pattern for file names has 1 to 255 characters, without `/` and control characters"
    )]
    Pattern(String),
}

fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=64).contains(&text.len())
        && text.starts_with(first)
        && text.chars().all(|c| first(c) || c == '-' || c == '.')
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $test:path => $error:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes `text` if it is such a name.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                if $test(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidName::$error(text))
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a client; with [`Identity::UnixUser`](super::Identity::UnixUser) that of a
    /// Unix user.
    ClientName: is_name => Name;
    /// The name of a user that signs nothing; with
    /// [`Identity::UnixUser`](super::Identity::UnixUser) that of a Unix user.
    UserName: is_name => Name;
    /// The name of a key.
    KeyName: is_name => Name;
    /// The name of an HSM.
    HsmName: is_name => Name;
    /// A domain name in lower case, without a dot at its end.
    Domain: is_domain => Domain;
}
