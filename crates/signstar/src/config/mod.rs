//! What an administrator declares: `signstar.toml`.
//!
//! The format is described in `spec/configuration.md`. Unknown names are errors, and so are
//! references to keys and HSMs that are not there.

mod client;
mod hsm;
mod key;
mod log;
mod name;
mod pattern;
mod pkcs11;
mod user;
mod yubihsm2;

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
};

use serde::Deserialize;

pub use client::{ClientRules, Rates};
pub use hsm::{Device, Hsm, NetHsm, Order};
pub use key::{Credential, Key, Mechanism, SshNamespace};
pub use log::{FileNames, Log, PublicLog};
pub use name::{ClientName, Domain, HsmName, InvalidName, KeyName, UserName};
pub use pattern::NamePattern;
pub use pkcs11::{ObjectId, Pkcs11, Token};
pub use user::{Backup, Role};
pub use yubihsm2::{Connector, Serial, YubiHsm2};

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
    pub users: BTreeMap<UserName, Role>,
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
            requests: NonZeroU64::MIN.saturating_add(99_999),
            idle_seconds: NonZeroU32::MIN.saturating_add(59),
            session_seconds: NonZeroU32::MIN.saturating_add(4 * 3600 - 1),
            in_flight: NonZeroU32::MIN.saturating_add(31),
            request_seconds: NonZeroU32::MIN.saturating_add(29),
        }
    }
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
    /// A key has or lacks what its kind of HSM does not know or needs.
    #[error("key `{key}` {problem}")]
    NotForItsHsm {
        /// The key.
        key: KeyName,
        /// What is wrong about it.
        problem: &'static str,
    },
    /// A client may have a kind of signature that its key is not set up for.
    #[error("client `{client}` may have `{}`, but [key.{key}] has no `{missing}`", output.as_str())]
    Lacks {
        /// The client.
        client: ClientName,
        /// The kind of signature.
        output: OutputType,
        /// Its key.
        key: KeyName,
        /// What the key lacks.
        missing: &'static str,
    },
    /// A client's time ends before it begins.
    #[error("client `{0}` has `valid-until` no later than `valid-from`")]
    NeverValid(ClientName),
    /// A key makes raw signatures and others, so that the former could pass for the latter.
    #[error(
        "key `{key}` has `raw`, and key `{other}`, the same in its HSM, has a certificate or an \
         ssh-namespace; a key that signs raw digests can be used for nothing else"
    )]
    RawAndMore {
        /// The key with `raw`.
        key: KeyName,
        /// The same key, perhaps under another name.
        other: KeyName,
    },
    /// A user refers to an HSM that is not there.
    #[error("user `{user}` gets the backup of the HSM `{hsm}`, but there is no [hsm.{hsm}]")]
    NoSuchHsmForUser {
        /// The user.
        user: UserName,
        /// The HSM it should be.
        hsm: HsmName,
    },
    /// One name is that of a client and of a user that signs nothing.
    #[error("`{0}` is a client and a user; each Unix user has one role")]
    TwoRoles(UserName),
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
    #[serde(default = "var_lib")]
    state: PathBuf,
    metrics: Option<PathBuf>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    hsm: BTreeMap<HsmName, Hsm>,
    #[serde(default)]
    key: BTreeMap<KeyName, Key>,
    #[serde(default)]
    client: BTreeMap<ClientName, ClientRules>,
    #[serde(default)]
    user: BTreeMap<UserName, Role>,
}

fn var_lib() -> PathBuf {
    PathBuf::from("/var/lib/signstar/state")
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
            state: document.state,
            metrics: document.metrics,
            limits: document.limits,
            hsms: document.hsm,
            keys: document.key,
            clients: document.client,
            users: document.user,
        };
        config.check_keys()?;
        config.check_clients()?;
        config.check_users()?;
        config.check_raw()?;
        Ok(config)
    }

    fn check_clients(&self) -> Result<(), InvalidConfig> {
        for (client, rules) in &self.clients {
            let Some(key) = self.keys.get(&rules.key) else {
                return Err(InvalidConfig::NoSuchKey {
                    client: client.clone(),
                    key: rules.key.clone(),
                });
            };
            for &output in &rules.outputs {
                if let Some(missing) = key.lacks(output) {
                    return Err(InvalidConfig::Lacks {
                        client: client.clone(),
                        output,
                        key: rules.key.clone(),
                        missing,
                    });
                }
            }
            if let (Some(from), Some(until)) = (rules.valid_from, rules.valid_until)
                && until <= from
            {
                return Err(InvalidConfig::NeverValid(client.clone()));
            }
        }
        Ok(())
    }

    fn check_users(&self) -> Result<(), InvalidConfig> {
        for (user, role) in &self.users {
            let is_client = |client: &ClientName| client.as_str() == user.as_str();
            if self.clients.keys().any(is_client) {
                return Err(InvalidConfig::TwoRoles(user.clone()));
            }
            if let Role::Backup(Backup { hsm, .. }) = role
                && !self.hsms.contains_key(hsm)
            {
                return Err(InvalidConfig::NoSuchHsmForUser {
                    user: user.clone(),
                    hsm: hsm.clone(),
                });
            }
        }
        Ok(())
    }

    /// A client chooses a raw digest freely: it could be that of an OpenPGP signature or of an SSH
    /// signature which its policy would not grant. So such a key makes nothing else, under
    /// whatever names the same key stands in the configuration.
    fn check_raw(&self) -> Result<(), InvalidConfig> {
        let same = |one: &Key, other: &Key| {
            let hsms = (self.hsms.get(&one.hsm), self.hsms.get(&other.hsm));
            one.id == other.id
                && matches!(hsms, (Some(one), Some(other)) if one.shares_a_device_with(other))
        };
        for (name, key) in self.keys.iter().filter(|(_, key)| key.raw.is_some()) {
            let also = self.keys.iter().find(|(_, other)| {
                let structured = other.is_for_openpgp() || other.ssh_namespace.is_some();
                structured && same(key, other)
            });
            if let Some((other, _)) = also {
                return Err(InvalidConfig::RawAndMore {
                    key: name.clone(),
                    other: other.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), InvalidConfig> {
        for (name, key) in &self.keys {
            let Some(hsm) = self.hsms.get(&key.hsm) else {
                return Err(InvalidConfig::NoSuchHsm {
                    key: name.clone(),
                    hsm: key.hsm.clone(),
                });
            };
            if let Some(problem) = key.does_not_fit(hsm) {
                return Err(InvalidConfig::NotForItsHsm {
                    key: name.clone(),
                    problem,
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
        assert_eq!(config.limits.in_flight.get(), 32);
        assert_eq!(config.limits.request_seconds.get(), 30);
        assert_eq!(config.state, PathBuf::from("/var/lib/signstar/state"));
        assert_eq!(config.metrics, None);
        assert!(config.clients.values().all(|rules| rules.enabled));
    }

    #[test]
    fn the_log_policy_has_to_be_spelled_out() {
        assert!(error("log = \"unlogged\"", "").contains("missing field `log`"));
    }

    #[test]
    fn the_public_log_is_a_table() {
        let vkey = "log.example.org/2026+8862e5c8+AXMt2+Su+oGBMIwOblaioJ+xgxi18YW1kGt47Q9exLL2";
        let table = format!("log = {{ socket = \"/run/log\", vkey = \"{vkey}\" }}");
        let public = GOOD.replace("log = \"unlogged\"", &table);
        let config = Config::parse(&public).expect("good");
        let Log::Public(log) = &config.log else {
            panic!("a public log");
        };
        assert_eq!(log.socket, PathBuf::from("/run/log"));
        assert_eq!(log.vkey.to_string(), vkey);
        assert_eq!(log.file_names, FileNames::Plain);
        let of_key = "id = \"packages\"\n        log-file-names = \"absent\"";
        let config = Config::parse(&public.replace("id = \"packages\"", of_key)).expect("good");
        let mut keys = config.keys.values();
        let names = keys.next().expect("a key").log_file_names;
        assert_eq!(names, Some(FileNames::Absent));

        let cosigner =
            "witness.example.org/a+b128b3e3+BKnESUrMSfTFJQGgDPTVYkBNU8Z409kYt/MYUgc3TWBV";
        for (from, to, message) in [
            ("socket", "sock", "unknown field `sock`"),
            ("socket = \"/run/log\", ", "", "missing field `socket`"),
            (vkey, cosigner, "type 0x01"),
            (vkey, "log.example.org", "NAME+ID+KEY"),
            ("socket", "clients = \"pseudonym\", socket", "unknown field"),
            (&table, "log = \"logged\"", "unknown variant `logged`"),
            (&table, "log = true", "the table [log]"),
        ] {
            let error = Config::parse(&public.replace(from, to)).expect_err(to);
            assert!(error.to_string().contains(message), "{to}: {error}");
        }
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

    #[test]
    fn an_hsm_is_one_device_or_a_list_of_them() {
        let one = "url = \"https://127.0.0.1:8443/api/v1\"\n        tls = \"system\"";
        let two = r#"devices = [{ url = "https://a/api/v1", tls = "system" },
                                { url = "https://b/api/v1", tls = "system" }]
                     order = "round-robin""#;
        let text = GOOD.replace(one, two);
        assert_ne!(text, GOOD);
        let config = Config::parse(&text).expect("good");
        let Some(Hsm::NetHsm(hsm)) = config.hsms.into_values().next() else {
            panic!("one HSM");
        };
        assert_eq!(hsm.devices().len(), 2);
        assert_eq!(hsm.order(), Order::RoundRobin);
        for bad in [
            &format!("{one}\n{two}"),
            "url = \"https://a/api/v1\"",
            "devices = []",
            "",
        ] {
            let message = error(one, bad);
            assert!(message.contains("not both"), "{bad}: {message}");
        }
        assert!(error(one, &format!("{one}\nsurprise = 1")).contains("unknown field"));
    }

    #[test]
    fn every_kind_of_hsm_is_understood_by_every_binary() {
        let nethsm = "kind = \"nethsm\"\n        url = \"https://127.0.0.1:8443/api/v1\"\n        tls = \"system\"";
        let operator = "        operator = \"packages\"\n";
        let token = "kind = \"pkcs11\"\nmodule = \"/m.so\"\ntoken = \"signing\"";
        let behind_pkcs11 = GOOD.replace(nethsm, token);
        let without = behind_pkcs11.replace(operator, "");
        Config::parse(&without).expect("good");
        let id = "id = \"packages\"";
        let with_id = format!("{id}\nobject-id = \"0a\"");
        Config::parse(&without.replace(id, &with_id)).expect("good");
        let yubihsm2 = "kind = \"yubihsm2\"\nconnector = \"usb\"\nserial = \"0012345678\"";
        let config = Config::parse(&GOOD.replace(nethsm, yubihsm2)).expect("good");
        assert!(config.hsms.values().all(|hsm| hsm.kind() == "yubihsm2"));
        for (text, why) in [
            (behind_pkcs11, "a token has none"),
            (GOOD.replace(operator, ""), "no `operator`"),
            (GOOD.replace(id, &with_id), "`object-id`"),
            (GOOD.replace("\"nethsm\"", "\"tpm\""), "unknown variant"),
        ] {
            let message = Config::parse(&text).expect_err(why).to_string();
            assert!(message.contains(why), "{message}");
        }
    }

    #[test]
    fn what_a_kind_of_signature_needs_is_there() {
        for (output, missing) in [
            ("OpenPGPv6", "certificate-v6"),
            ("SSHSIG", "ssh-namespace"),
            ("raw", "raw"),
        ] {
            assert_eq!(
                error("\"OpenPGPv4\"", &format!("\"{output}\"")),
                format!(
                    "client `builder` may have `{output}`, but [key.packages] has no `{missing}`"
                )
            );
        }
        let certificate = "certificate = \"/etc/signstar/packages.pgp\"";
        assert!(error(certificate, "").contains("no `certificate`"));
        let ssh = GOOD
            .replace("\"OpenPGPv4\"", "\"SSHSIG\"")
            .replace(certificate, "ssh-namespace = \"packages@example.org\"");
        let message = Config::parse(&ssh).expect_err("no public key").to_string();
        assert!(message.contains("no `public-key`"), "{message}");
    }

    #[test]
    fn a_key_that_signs_raw_digests_does_nothing_else() {
        let certificate = "certificate = \"/etc/signstar/packages.pgp\"";
        let raw = "raw = \"pkcs1\"\n        public-key = \"/etc/signstar/packages.pem\"";
        let alone = GOOD
            .replace("\"OpenPGPv4\"", "\"raw\"")
            .replace(certificate, raw);
        Config::parse(&alone).expect("good");
        for more in [certificate, "ssh-namespace = \"packages\""] {
            let both = alone.replace(raw, &format!("{raw}\n        {more}"));
            assert!(matches!(
                Config::parse(&both),
                Err(InvalidConfig::RawAndMore { .. })
            ));
        }
        // The same key under another name, and in the same device under another name.
        let hsm = "[hsm.alias]\nkind = \"nethsm\"\nurl = \"https://127.0.0.1:8443/api/v1\"\ntls = \"insecure\"\n";
        for alias in ["main", "alias"] {
            let second = format!(
                "{alone}\n{hsm}[key.second]\nhsm = \"{alias}\"\nid = \"packages\"\noperator = \"x\"\n\
                 passphrase = {{ file = \"/x\" }}\n{certificate}\n"
            );
            assert!(matches!(
                Config::parse(&second),
                Err(InvalidConfig::RawAndMore { .. })
            ));
            let other = second.replace(
                "id = \"packages\"\noperator = \"x\"",
                "id = \"iso\"\noperator = \"x\"",
            );
            Config::parse(&other).expect("another key");
        }
    }

    #[test]
    fn who_signs_nothing_has_one_role_and_what_it_needs() {
        let with = |users: &str| Config::parse(&format!("{GOOD}\n{users}"));
        let account = r#"operator = "keeper"
            passphrase = { file = "/run/signstar/keeper" }"#;
        let config = with(&format!(
            "[user.fetch]\nrole = \"certificates\"\n[user.watch]\nrole = \"metrics\"\n\
             [user.keep]\nrole = \"backup\"\nhsm = \"main\"\n{account}"
        ))
        .expect("good");
        let roles: Vec<_> = config.users.values().map(Role::as_str).collect();
        assert_eq!(roles, ["certificates", "backup", "metrics"]);
        for (bad, why) in [
            ("[user.a]\nrole = \"root\"".to_owned(), "unknown variant"),
            (
                format!("[user.a]\nrole = \"metrics\"\n{account}"),
                "only a user",
            ),
            (
                "[user.a]\nrole = \"backup\"\nhsm = \"main\"".to_owned(),
                "`passphrase`",
            ),
            (
                format!("[user.a]\nrole = \"backup\"\nhsm = \"spare\"\n{account}"),
                "no [hsm.spare]",
            ),
            ("[user.builder]\nrole = \"metrics\"".to_owned(), "one role"),
            (
                "[user.a]\nrole = \"metrics\"\nkey = \"packages\"".to_owned(),
                "unknown field",
            ),
        ] {
            let message = with(&bad).expect_err("must be refused").to_string();
            assert!(message.contains(why), "{bad}: {message}");
        }
    }

    #[test]
    fn a_time_has_an_offset_and_an_order() {
        let with = |rules: &str| {
            Config::parse(&GOOD.replace("outputs =", &format!("{rules}\n        outputs =")))
        };
        let config = with(
            "valid-from = 2026-01-01T00:00:00Z\nvalid-until = 2026-01-01T02:00:00+01:00\n\
             file-names = [\"*.zst\"]\nmax-length = 10\nrequests-per-minute = 1",
        )
        .expect("good");
        let rules = config.clients.into_values().next().expect("one");
        let from = rules.valid_from.expect("a time");
        let until = rules.valid_until.expect("a time");
        assert_eq!(until.duration_since(from).expect("later").as_secs(), 3600);
        assert!(rules.is_valid_at(from) && !rules.is_valid_at(until));
        assert!(rules.rates().is_limited());
        for bad in [
            "valid-from = 2026-01-01T00:00:00",
            "valid-from = 2026-01-01",
            "valid-from = \"2026-01-01T00:00:00Z\"",
            "valid-from = 2026-01-02T00:00:00Z\nvalid-until = 2026-01-02T00:00:00Z",
            "requests-per-day = 0",
            "file-names = [\"a/b\"]",
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }
}
