//! What the configuration wants of an HSM.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error as StdError,
    fs::File,
    io::Read,
    net::Ipv4Addr,
    path::Path,
    str::FromStr,
    time::SystemTime,
};

use jiff::Timestamp;
use nethsm::{
    client::Tls,
    config::{Ipv6Cidr, Ipv6Network, LogLevel, Logging, Network, Ntp},
    id::UserId,
    key::{KeyMechanism, KeyType},
    system::Switch,
    user::UserRole,
};
use signstar::config::{
    self, Account, Boot, Config, Credential, HsmName, HsmUser, Key, Mechanism, NetHsm, Role,
};
use signstar_hsm::state::{
    ADMIN, Desired, DesiredDevice, DesiredKey, DesiredUser, KeyPath, Surplus, TlsCertificate,
};

use super::{HsmError, users};

/// The most octets of a TLS certificate with those of its authorities.
const MAX_CERTIFICATES: u64 = 64 << 10;
/// A clock may be wrong by so many seconds.
const CLOCK_SECONDS: u32 = 60;

/// What an HSM is to be, and for whom its passphrases and certificates are.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) desired: Desired,
    pub(super) passphrases: BTreeMap<UserId, Place>,
    pub(super) certificates: BTreeMap<KeyPath, std::path::PathBuf>,
}

/// Where a passphrase rests.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) credential: Credential,
    /// The Unix user that it is for, as the configuration names it.
    pub(super) unix_user: Option<String>,
}

impl Wanted {
    /// Reads what `config` has for the HSM `name`; nothing is trusted yet but what it pins.
    pub(super) fn new(config: &Config, name: &HsmName, hsm: &NetHsm) -> Result<Self, HsmError> {
        let settings = hsm.settings();
        let logging = match settings.logging {
            Some(logging) => Logging {
                ip_address: logging.address,
                port: logging.port.get().into(),
                log_level: value(logging.level.as_str())?,
            },
            None => Logging {
                ip_address: Ipv4Addr::UNSPECIFIED.into(),
                port: 514,
                log_level: LogLevel::Info,
            },
        };
        let mut wanted = Self {
            desired: Desired {
                boot: Some(match settings.boot {
                    Boot::Attended => Switch::Off,
                    Boot::Unattended => Switch::On,
                }),
                logging: Some(logging),
                ntp: settings.time.as_ref().map(|time| Ntp {
                    ntp_ip: Some(time.server),
                    nts_name: time.nts_name.as_ref().map(ToString::to_string),
                }),
                clock_seconds: settings.time.is_none().then_some(CLOCK_SECONDS),
                surplus: Surplus::Told,
                ..Desired::default()
            },
            passphrases: BTreeMap::new(),
            certificates: BTreeMap::new(),
        };
        for device in hsm.devices() {
            wanted.device(name, device)?;
        }
        for user in &settings.administrators {
            wanted.user(user, UserRole::Administrator, None)?;
        }
        if let Some(Account {
            operator,
            passphrase,
        }) = &settings.metrics
        {
            let place = Place {
                credential: passphrase.clone(),
                unix_user: None,
            };
            wanted.user(operator, UserRole::Metrics, None)?;
            wanted.passphrases.insert(value(operator.as_str())?, place);
        }
        for (user, known) in &config.users {
            if let Role::Backup(account) = &known.role
                && account.hsm == *name
            {
                wanted.user(&account.operator, UserRole::Backup, None)?;
                let place = Place {
                    credential: account.passphrase.clone(),
                    unix_user: Some(user.to_string()),
                };
                let operator = value(account.operator.as_str())?;
                wanted.passphrases.insert(operator, place);
                wanted.desired.backups = true;
            }
        }
        wanted.keys(config, name)?;
        Ok(wanted)
    }

    fn device(&mut self, name: &HsmName, device: &config::Device) -> Result<(), HsmError> {
        let trusted = match value::<Tls>(&device.tls)? {
            tls @ Tls::Pin(_) => pins(&tls),
            _ => BTreeSet::new(),
        };
        let certificate = device.tls_certificate.as_deref();
        let certificate = certificate.map(certificate_in).transpose()?;
        if let Some(TlsCertificate { sha256, .. }) = &certificate
            && !trusted.is_empty()
            && !trusted.contains(sha256)
        {
            return Err(HsmError::Unfit(format!(
                "[hsm.{name}] pins certificates of {url}, but not the one in `tls-certificate`: whoever \
                 signs would not know it any more. Write tls = \"pin:{all},{sha256}\"",
                url = device.url,
                all = trusted.into_iter().collect::<Vec<_>>().join(",")
            )));
        }
        let network = device.network.map(|network| Network {
            ip_address: network.address.address,
            netmask: mask(network.address.prefix),
            gateway: network.gateway.unwrap_or(Ipv4Addr::UNSPECIFIED),
            ipv6: network.address_v6.map(|v6| Ipv6Network {
                cidr: Ipv6Cidr {
                    address: v6.address,
                    prefix: v6.prefix,
                },
                gateway: network.gateway_v6,
            }),
        });
        self.desired.devices.push(DesiredDevice {
            url: device.url.clone(),
            trusted,
            certificate,
            network,
        });
        Ok(())
    }

    /// A user, with the tag of its key if it is an operator.
    fn user(&mut self, user: &HsmUser, role: UserRole, tag: Option<&str>) -> Result<(), HsmError> {
        let id: UserId = value(user.as_str())?;
        if let Some(namespace) = id.namespace() {
            self.desired.namespaces.insert(namespace);
        }
        if id.as_str() == ADMIN && role == UserRole::Administrator {
            return Ok(());
        }
        let known = self.desired.users.entry(id).or_insert_with(|| DesiredUser {
            role,
            real_name: String::new(),
            tags: Default::default(),
        });
        if known.role != role {
            return Err(HsmError::Unfit(format!(
                "`{user}` is to be {} and {role}; a user of an HSM has one role",
                known.role
            )));
        }
        if let Some(tag) = tag {
            known.tags.insert(value(tag)?);
        }
        Ok(())
    }

    fn keys(&mut self, config: &Config, hsm: &HsmName) -> Result<(), HsmError> {
        for (name, key) in config.keys.iter().filter(|(_, key)| key.hsm == *hsm) {
            let operator = key.operator.as_ref().ok_or_else(|| {
                HsmError::Unfit(format!(
                    "[key.{name}] has no `operator`, so nobody can use it"
                ))
            })?;
            let id: UserId = value(operator.as_str())?;
            let path = KeyPath {
                namespace: id.namespace(),
                id: value(key.id.as_str())?,
            };
            let desired = kind(key).ok_or_else(|| {
                HsmError::Unfit(format!("[key.{name}] has no `type`, so it cannot be made"))
            })?;
            let same = self.desired.keys.entry(path.clone()).or_insert(desired);
            same.tags.insert(value(key.id.as_str())?);
            if let Some(certificate) = &key.certificate
                && !key.user_ids.is_empty()
            {
                same.user_ids = key.user_ids.clone();
                same.expires = key.expires.map(seconds).transpose()?;
                self.certificates.insert(path, certificate.clone());
            }
            for user in users::of(config, name, key) {
                if let Some(operator) = user.operator {
                    self.user(operator, UserRole::Operator, Some(key.id.as_str()))?;
                    self.passphrases
                        .insert(value(operator.as_str())?, user.place);
                }
            }
        }
        Ok(())
    }
}

/// A key of the type and for the mechanism that the configuration has.
fn kind(key: &Key) -> Option<DesiredKey> {
    use config::KeyType as Named;

    let named = key.key_type?;
    let (key_type, length) = match named {
        Named::Curve25519 => (KeyType::Curve25519, None),
        Named::EcP256 => (KeyType::EcP256, None),
        Named::EcP384 => (KeyType::EcP384, None),
        Named::EcP521 => (KeyType::EcP521, None),
        Named::Rsa2048 => (KeyType::Rsa, Some(2048)),
        Named::Rsa3072 => (KeyType::Rsa, Some(3072)),
        Named::Rsa4096 => (KeyType::Rsa, Some(4096)),
    };
    let usual = named.mechanisms().first().copied();
    let mechanism = match key.raw.or(usual)? {
        Mechanism::Pkcs1 => KeyMechanism::RsaSignaturePkcs1,
        Mechanism::Pss => KeyMechanism::RsaSignaturePssSha512,
        Mechanism::Ecdsa => KeyMechanism::EcdsaSignature,
        Mechanism::Ed25519 => KeyMechanism::EdDsaSignature,
    };
    let mut mechanisms = BTreeSet::from([mechanism]);
    if mechanism == KeyMechanism::RsaSignaturePssSha512 {
        // The client chooses the digest.
        mechanisms.insert(KeyMechanism::RsaSignaturePssSha256);
    }
    Some(DesiredKey {
        key_type,
        length,
        mechanisms,
        tags: Default::default(),
        user_ids: Vec::new(),
        expires: None,
    })
}

/// The certificate in the file at `path`, with what is behind it.
fn certificate_in(path: &Path) -> Result<TlsCertificate, HsmError> {
    let file = File::open(path).map_err(HsmError::file(path))?;
    let mut pem = String::new();
    file.take(MAX_CERTIFICATES)
        .read_to_string(&mut pem)
        .map_err(HsmError::file(path))?;
    let first = Tls::pin_of_pem(pem.as_bytes())
        .map_err(|error| HsmError::Unfit(format!("{}: {error}", path.display())))?;
    let sha256 = pins(&first).pop_first().unwrap_or_default();
    Ok(TlsCertificate { pem, sha256 })
}

/// Pins in hexadecimal digits, in lower case.
fn pins(tls: &Tls) -> BTreeSet<String> {
    let text = tls.to_string();
    let pins = text.trim_start_matches("pin:").split(',');
    pins.map(str::to_owned).collect()
}

/// A point in time as OpenPGP counts it.
fn seconds(time: SystemTime) -> Result<Timestamp, HsmError> {
    Timestamp::try_from(time)
        .and_then(|time| Timestamp::from_second(time.as_second()))
        .map_err(|error| HsmError::Unfit(format!("`expires`: {error}")))
}

fn mask(prefix: u8) -> Ipv4Addr {
    let shift = 32 - u32::from(prefix.min(32));
    Ipv4Addr::from_bits(u32::MAX.checked_shl(shift).unwrap_or(0))
}

fn value<T: FromStr<Err: StdError>>(text: &str) -> Result<T, HsmError> {
    text.parse()
        .map_err(|error| HsmError::Unfit(format!("`{text}`: {error}")))
}
