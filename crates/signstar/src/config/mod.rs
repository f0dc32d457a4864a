//! What an administrator declares: `signstar.toml`.
//!
//! The format is described in `spec/configuration.md`. Unknown names are errors, and so are
//! references to keys and HSMs that are not there. All mistakes of a file are told at once, each
//! with its line ([`Mistake`]).

mod administration;
mod advice;
mod client;
mod document;
mod host;
mod hsm;
mod hsm_name;
mod key;
mod key_type;
mod log;
mod mistake;
mod name;
mod pattern;
mod pkcs11;
mod rules;
mod ssh_key;
mod unix_user;
mod user;
mod yubihsm2;

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
};

use serde::Deserialize;

pub use administration::{Administration, AdministrativeCredentials, Sharing};
pub use client::{ClientRules, Rates};
pub use host::{Host, InvalidNetwork, Network};
pub use hsm::{
    Account, Address, Boot, Device, DeviceNetwork, Hsm, InvalidAddress, LogLevel, Logging, NetHsm,
    Order, Settings, TimeServer, WithPrefix,
};
pub use hsm_name::{HsmKeyId, HsmUser};
pub use key::{Credential, Key, Mechanism, SshNamespace};
pub use key_type::KeyType;
pub use log::{FileNames, Log, PublicLog};
pub use mistake::{InvalidConfig, Mistake};
pub use name::{ClientName, Domain, HsmName, InvalidName, KeyName, UserName};
pub use pattern::NamePattern;
pub use pkcs11::{ObjectId, Pkcs11, Token};
pub use ssh_key::{InvalidSshKey, SshKey};
pub use unix_user::UnixUser;
pub use user::{Backup, Role, User};
pub use yubihsm2::{Connector, ObjectNumber, Serial, YubiHsm2};

use document::Document;

/// A configuration in which everything that is referred to exists.
#[derive(Clone, Debug)]
pub struct Config {
    /// The domain that stands in notations and, later, in the name of the log.
    pub domain: Domain,
    /// How a session tells which client it serves.
    pub identity: Identity,
    /// Where signatures are recorded before they are released.
    pub log: Log,
    /// Where the lines about requests go.
    pub journal: Journal,
    /// The folder for what has to survive a session.
    pub state: PathBuf,
    /// The folder for metrics, where the textfile collector of `node_exporter` reads them.
    pub metrics: Option<PathBuf>,
    /// What one session may cost.
    pub limits: Limits,
    /// The HSMs by name.
    pub hsms: BTreeMap<HsmName, Hsm>,
    /// The keys by name.
    pub keys: BTreeMap<KeyName, Key>,
    /// The clients by name.
    pub clients: BTreeMap<ClientName, ClientRules>,
    /// The users that sign nothing, by name.
    pub users: BTreeMap<UserName, User>,
    /// The signing host.
    pub host: Host,
    /// Who may change the host and its HSMs.
    pub administration: Option<Administration>,
}

/// How a session tells which client it serves.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// The client is the Unix user that runs the session.
    #[default]
    UnixUser,
    /// The client is named by `--client`, which `command=` in `authorized_keys` sets.
    AuthorizedKeys,
}

/// Where the lines about requests go.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Journal {
    /// To the journal of the system (`/run/systemd/journal/socket`).
    #[default]
    System,
    /// To the standard error output. Over SSH that is the client's screen.
    Stderr,
    /// To the end of a file.
    File(PathBuf),
}

/// What one session may cost.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// The most sessions of one client at once.
    pub sessions: NonZeroU32,
    /// The most requests in one session.
    pub requests: NonZeroU64,
    /// The longest wait for the next request, in seconds.
    pub idle_seconds: NonZeroU32,
    /// The longest session, in seconds.
    pub session_seconds: NonZeroU32,
    /// The most requests of one session that are worked on at once.
    pub in_flight: NonZeroU32,
    /// The longest time for one request, all attempts together, in seconds.
    pub request_seconds: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: NonZeroU32::MIN.saturating_add(99),
            requests: NonZeroU64::MIN.saturating_add(99_999),
            idle_seconds: NonZeroU32::MIN.saturating_add(59),
            session_seconds: NonZeroU32::MIN.saturating_add(4 * 3600 - 1),
            in_flight: NonZeroU32::MIN.saturating_add(31),
            request_seconds: NonZeroU32::MIN.saturating_add(29),
        }
    }
}

fn var_lib() -> PathBuf {
    PathBuf::from("/var/lib/signstar/state")
}

/// What stands at the top of the file.
const TOP: [&str; 13] = [
    "domain",
    "identity",
    "log",
    "journal",
    "state",
    "metrics",
    "limits",
    "hsm",
    "key",
    "client",
    "user",
    "host",
    "administration",
];

impl Config {
    /// Reads the text of a `signstar.toml`.
    pub fn parse(text: &str) -> Result<Self, InvalidConfig> {
        let mut document = Document::new(text);
        let config = Self::read(&mut document);
        let mistakes = document.into_mistakes();
        match (config, mistakes.is_empty()) {
            (Some(config), true) => Ok(config),
            _ => Err(InvalidConfig(mistakes)),
        }
    }

    /// Reads the same for whoever sets up hosts and HSMs, who needs more to be right: names that
    /// Unix users can have, passphrases that whoever needs them can read. Tells as well what is
    /// allowed and probably not meant, in the order of the lines.
    pub fn parse_for_host(text: &str) -> Result<(Self, Vec<Mistake>), InvalidConfig> {
        let mut document = Document::new(text);
        let config = Self::read(&mut document);
        if let Some(config) = &config {
            rules::check_for_host(config, &mut document);
        }
        let advice = config
            .as_ref()
            .map(|config| advice::advice(config, &document));
        let mistakes = document.into_mistakes();
        match (config, mistakes.is_empty()) {
            (Some(config), true) => Ok((config, advice.unwrap_or_default())),
            _ => Err(InvalidConfig(mistakes)),
        }
    }

    /// Reads as much as can be read, and notes what is wrong. Nothing only if the reason is noted.
    fn read(document: &mut Document<'_>) -> Option<Self> {
        document.only(&TOP);
        let example = "as in domain = \"signstar.example.org\"";
        // Something in place of what is wrong, which is noted, so that the rest is looked at too.
        let domain = document.required("domain", example);
        let log = document.required("log", "write log = \"unlogged\", or a table [log]");
        let config = Self {
            domain: domain.or_else(|| Domain::new("invalid").ok())?,
            identity: document.value("identity").unwrap_or_default(),
            log: log.unwrap_or(Log::Unlogged),
            journal: document.value("journal").unwrap_or_default(),
            state: document.value("state").unwrap_or_else(var_lib),
            metrics: document.value("metrics"),
            limits: document.value("limits").unwrap_or_default(),
            hsms: document.tables_by("hsm", &["kind"], hsm::read),
            keys: document.tables("key", &["hsm", "id", "passphrase"]),
            clients: document.tables("client", &["key", "outputs"]),
            users: document.tables("user", &["role"]),
            host: document.value("host").unwrap_or_default(),
            administration: document.value("administration"),
        };
        rules::check(&config, document);
        Some(config)
    }

    /// The operator in the HSM that signs for a client (a token behind PKCS#11 has none), and where
    /// its passphrase is: its own, else that of its key.
    pub fn operator_of<'c>(
        &'c self,
        rules: &'c ClientRules,
    ) -> Option<(Option<&'c HsmUser>, &'c Credential)> {
        match &rules.passphrase {
            Some(passphrase) => Some((rules.operator.as_ref(), passphrase)),
            None => {
                let key = self.keys.get(&rules.key)?;
                Some((key.operator.as_ref(), &key.passphrase))
            }
        }
    }

    /// The key of a client, with the operator that signs for it.
    pub fn key_of(&self, client: &ClientName) -> Option<Key> {
        let rules = self.clients.get(client)?;
        let (operator, passphrase) = self.operator_of(rules)?;
        let key = self.keys.get(&rules.key)?;
        Some(Key {
            operator: operator.cloned(),
            passphrase: passphrase.clone(),
            ..key.clone()
        })
    }
}

/// The length of a prefix: decimal digits without a zero in front.
fn prefix(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
