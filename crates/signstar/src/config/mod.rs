//! What an administrator declares: `signstar.toml`.
//!
//! The format is described in `spec/configuration.md`. Unknown names are errors, and so are
//! references to keys and HSMs that are not there.

mod name;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
};

use serde::Deserialize;

pub use name::{ClientName, Domain, HsmName, InvalidName, KeyName};

use crate::request::OutputType;

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
    /// What one session may cost.
    pub limits: Limits,
    /// The HSMs by name.
    pub hsms: BTreeMap<HsmName, Hsm>,
    /// The keys by name.
    pub keys: BTreeMap<KeyName, Key>,
    /// The clients by name.
    pub clients: BTreeMap<ClientName, ClientRules>,
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

/// Where signatures are recorded.
///
/// There is no default: a configuration has to name one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// Nowhere: signatures leave without a public record. For trying and testing.
    Unlogged,
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
    /// The most requests in one session.
    pub requests: NonZeroU64,
    /// The longest wait for the next request, in seconds.
    pub idle_seconds: NonZeroU32,
    /// The longest session, in seconds.
    pub session_seconds: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: NonZeroU64::MIN.saturating_add(99_999),
            idle_seconds: NonZeroU32::MIN.saturating_add(59),
            session_seconds: NonZeroU32::MIN.saturating_add(4 * 3600 - 1),
        }
    }
}

/// One HSM, whatever its make.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum Hsm {
    /// A NetHSM, in hardware or in software.
    #[serde(rename = "nethsm", rename_all = "kebab-case")]
    NetHsm {
        /// The REST API, for example `https://192.168.1.1/api/v1`.
        url: String,
        /// How the device is recognised: `system`, `ca:FILE`, `pin:SHA256` or `insecure`.
        tls: String,
        /// The longest wait for one answer, in seconds.
        #[serde(default = "ten_seconds")]
        timeout_seconds: NonZeroU32,
    },
}

fn ten_seconds() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(9)
}

/// One key in an HSM, and what to use it with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// The HSM that holds it.
    pub hsm: HsmName,
    /// Its identifier in the HSM.
    pub id: String,
    /// The operator in the HSM that may use it.
    pub operator: String,
    /// Where the passphrase of that operator is.
    pub passphrase: Credential,
    /// The file with its OpenPGP certificate.
    pub certificate: PathBuf,
    /// Further notations for every signature: `name@domain` and text.
    #[serde(default)]
    pub notations: BTreeMap<String, String>,
}

/// Where a secret is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// In a file of its own that only the user of the session can read. One line feed at its end
    /// does not count.
    File(PathBuf),
}

/// What one client may have.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClientRules {
    /// Its key.
    pub key: KeyName,
    /// The kinds of signature it may have.
    pub outputs: BTreeSet<OutputType>,
    /// Whether it may have anything at all.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// Not TOML, or not with the names that are known.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// A client refers to a key that is not there.
    #[error("client `{client}` has the key `{key}`, but there is no [key.{key}]")]
    NoSuchKey {
        /// The client.
        client: ClientName,
        /// The key it should have.
        key: KeyName,
    },
    /// A key refers to an HSM that is not there.
    #[error("key `{key}` is in the HSM `{hsm}`, but there is no [hsm.{hsm}]")]
    NoSuchHsm {
        /// The key.
        key: KeyName,
        /// The HSM it should be in.
        hsm: HsmName,
    },
    /// A notation without a domain.
    #[error("key `{key}` has the notation `{notation}`, but a notation is `name@domain`")]
    Notation {
        /// The key.
        key: KeyName,
        /// The name of the notation.
        notation: String,
    },
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    domain: Domain,
    #[serde(default)]
    identity: Identity,
    log: Log,
    #[serde(default)]
    journal: Journal,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    hsm: BTreeMap<HsmName, Hsm>,
    #[serde(default)]
    key: BTreeMap<KeyName, Key>,
    #[serde(default)]
    client: BTreeMap<ClientName, ClientRules>,
}

impl Config {
    /// Reads the text of a `signstar.toml`.
    pub fn parse(text: &str) -> Result<Self, InvalidConfig> {
        let document: Document = toml::from_str(text)?;
        let config = Self {
            domain: document.domain,
            identity: document.identity,
            log: document.log,
            journal: document.journal,
            limits: document.limits,
            hsms: document.hsm,
            keys: document.key,
            clients: document.client,
        };
        config.check_clients()?;
        config.check_keys()?;
        Ok(config)
    }

    fn check_clients(&self) -> Result<(), InvalidConfig> {
        match self
            .clients
            .iter()
            .find(|(_, rules)| !self.keys.contains_key(&rules.key))
        {
            None => Ok(()),
            Some((client, rules)) => Err(InvalidConfig::NoSuchKey {
                client: client.clone(),
                key: rules.key.clone(),
            }),
        }
    }

    fn check_keys(&self) -> Result<(), InvalidConfig> {
        for (name, key) in &self.keys {
            if !self.hsms.contains_key(&key.hsm) {
                return Err(InvalidConfig::NoSuchHsm {
                    key: name.clone(),
                    hsm: key.hsm.clone(),
                });
            }
            if let Some(notation) = key.notations.keys().find(|name| !is_notation(name)) {
                return Err(InvalidConfig::Notation {
                    key: name.clone(),
                    notation: notation.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Whether `name` is in the user namespace (RFC 9580 §5.2.3.24).
fn is_notation(name: &str) -> bool {
    name.split_once('@')
        .is_some_and(|(tag, domain)| !tag.is_empty() && Domain::new(domain).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        domain = "signstar.example.org"
        log = "unlogged"
        journal = { file = "/var/lib/signstar/journal" }

        [hsm.main]
        kind = "nethsm"
        url = "https://127.0.0.1:8443/api/v1"
        tls = "system"

        [key.packages]
        hsm = "main"
        id = "packages"
        operator = "packages"
        passphrase = { file = "/run/signstar/packages" }
        certificate = "/etc/signstar/packages.pgp"

        [client.builder]
        key = "packages"
        outputs = ["OpenPGPv4"]
    "#;

    fn error(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        Config::parse(&GOOD.replace(from, to))
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn what_is_not_said_has_a_safe_value() {
        let config = Config::parse(GOOD).expect("good");
        assert_eq!(config.identity, Identity::UnixUser);
        assert_eq!(config.log, Log::Unlogged);
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.limits.requests.get(), 100_000);
        assert_eq!(config.limits.idle_seconds.get(), 60);
        assert_eq!(config.limits.session_seconds.get(), 14_400);
        assert!(config.clients.values().all(|rules| rules.enabled));
    }

    #[test]
    fn the_log_policy_has_to_be_spelled_out() {
        assert!(error("log = \"unlogged\"", "").contains("missing field `log`"));
    }

    #[test]
    fn what_is_referred_to_exists() {
        assert_eq!(
            error("key = \"packages\"", "key = \"iso\""),
            "client `builder` has the key `iso`, but there is no [key.iso]"
        );
        assert_eq!(
            error("hsm = \"main\"", "hsm = \"spare\""),
            "key `packages` is in the HSM `spare`, but there is no [hsm.spare]"
        );
    }

    #[test]
    fn typing_errors_are_named() {
        assert!(error("outputs =", "output =").contains("unknown field `output`"));
        assert!(error("[client.builder]", "[client.\"../x\"]").contains("a name"));
        assert!(error("domain = \"signstar.example.org\"", "domain = \"-\"").contains("domain"));
    }
}
