//! The clients, and what each of them may have.

use std::{collections::BTreeSet, num::NonZeroU32, time::SystemTime};

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{ClientName, Credential, HsmUser, KeyName, NamePattern, SshKey};
use crate::request::OutputType;

/// What one client may have.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClientRules {
    /// Its key.
    pub key: KeyName,
    /// The operator in the HSM that signs for it, in place of that of its key.
    pub operator: Option<HsmUser>,
    /// Where the passphrase of that operator is.
    pub passphrase: Option<Credential>,
    /// The keys that it logs in with. Only what sets up hosts needs them.
    #[serde(default)]
    pub ssh_keys: Vec<SshKey>,
    /// The kinds of signature it may have.
    pub outputs: BTreeSet<OutputType>,
    /// Whether it may have anything at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What its files have to be called, one pattern or another; with none, as they like.
    pub file_names: Option<Vec<NamePattern>>,
    /// The longest file, in octets.
    pub max_length: Option<u64>,
    /// The most requests in one minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// The most requests in one day.
    pub requests_per_day: Option<NonZeroU32>,
    /// What the public log calls it, in place of its name.
    pub log_name: Option<ClientName>,
    /// When it begins to have signatures.
    #[serde(default, deserialize_with = "instant")]
    pub valid_from: Option<SystemTime>,
    /// When it no longer has any.
    #[serde(default, deserialize_with = "instant")]
    pub valid_until: Option<SystemTime>,
}

/// How often a client may ask.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rates {
    /// The most requests in any 60 seconds.
    pub per_minute: Option<NonZeroU32>,
    /// The most requests in any 86,400 seconds.
    pub per_day: Option<NonZeroU32>,
}

impl ClientRules {
    /// A client that may have signatures of the kinds `outputs` with `key`, at any time and as
    /// many as it likes.
    pub fn new(key: KeyName, outputs: impl IntoIterator<Item = OutputType>) -> Self {
        Self {
            key,
            operator: None,
            passphrase: None,
            ssh_keys: Vec::new(),
            outputs: outputs.into_iter().collect(),
            enabled: true,
            file_names: None,
            max_length: None,
            requests_per_minute: None,
            requests_per_day: None,
            log_name: None,
            valid_from: None,
            valid_until: None,
        }
    }

    /// How often it may ask.
    pub fn rates(&self) -> Rates {
        Rates {
            per_minute: self.requests_per_minute,
            per_day: self.requests_per_day,
        }
    }

    /// Whether it may have signatures at the time `now`: from `valid_from` on, and before
    /// `valid_until`.
    pub fn is_valid_at(&self, now: SystemTime) -> bool {
        self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now < until)
    }
}

impl Rates {
    /// Whether there is any limit.
    pub fn is_limited(&self) -> bool {
        self.per_minute.is_some() || self.per_day.is_some()
    }
}

fn yes() -> bool {
    true
}

/// A TOML date-time with an offset: without one, its meaning would be that of the host's clock.
pub(super) fn instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SystemTime>, D::Error> {
    let written = toml::value::Datetime::deserialize(deserializer)?;
    written
        .to_string()
        .parse::<jiff::Timestamp>()
        .map(|timestamp| Some(SystemTime::from(timestamp)))
        .map_err(|_| D::Error::custom("a date and time with an offset, as 2026-01-01T00:00:00Z"))
}
