//! The names that a NetHSM gives to keys and users.

use std::fmt;

use serde::Deserialize;

use super::InvalidName;

/// The identifier of a key in an HSM: 1 to 128 of `a-z`, `A-Z`, `0-9`, `-`, `_` and `.`, beginning
/// with a letter or a digit.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct HsmKeyId(String);

/// The name of a user in an HSM: as that of a key, and before it perhaps that of a namespace, as
/// in `team~builder`.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct HsmUser(String);

fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

impl HsmKeyId {
    /// Takes `text` if it is one.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        match is_id(&text) {
            true => Ok(Self(text)),
            false => Err(InvalidName::HsmKeyId(text)),
        }
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HsmUser {
    /// Takes `text` if it is one.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let fits = match text.split_once('~') {
            Some((namespace, name)) => is_id(namespace) && is_id(name),
            None => is_id(&text),
        };
        match fits {
            true => Ok(Self(text)),
            false => Err(InvalidName::HsmUser(text)),
        }
    }

    /// The name as text, with the namespace.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The namespace; none for a user of the whole device.
    pub fn namespace(&self) -> Option<&str> {
        self.0.split_once('~').map(|(namespace, _)| namespace)
    }
}

impl Default for HsmUser {
    /// The user that a device has from the start.
    fn default() -> Self {
        Self("admin".to_owned())
    }
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
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

text!(HsmKeyId, HsmUser);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_the_device_takes() {
        for good in ["a", "9", "a.b-c_d", &"x".repeat(128)] {
            assert!(HsmKeyId::new(good).is_ok() && HsmUser::new(good).is_ok());
        }
        for bad in [
            "",
            "-D",
            "_a",
            ".a",
            "a b",
            "a\n",
            "a/b",
            "ä",
            &"x".repeat(129),
        ] {
            assert!(HsmKeyId::new(bad).is_err() && HsmUser::new(bad).is_err());
        }
        assert!(HsmKeyId::new("team~a").is_err());
        let user = HsmUser::new("team~a").expect("a user");
        assert_eq!(user.namespace(), Some("team"));
        for bad in ["~a", "team~", "a~b~c", "~"] {
            assert!(HsmUser::new(bad).is_err(), "{bad}");
        }
    }
}
