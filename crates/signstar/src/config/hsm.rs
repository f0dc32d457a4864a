//! The HSMs, each one device or several that hold the same keys.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::{NonZeroU16, NonZeroU32},
    path::PathBuf,
};

use serde::Deserialize;

use toml::{Spanned, de::DeValue};

use super::{Credential, HsmUser, Pkcs11, YubiHsm2, document::Document};

/// One HSM, whatever its make.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hsm {
    /// A NetHSM, in hardware or in software.
    NetHsm(NetHsm),
    /// A token behind PKCS#11.
    Pkcs11(Pkcs11),
    /// A YubiHSM2.
    YubiHsm2(YubiHsm2),
}

/// The kinds of HSM, as they are called.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    NetHsm,
    Pkcs11,
    YubiHsm2,
}

/// Reads a table `[hsm.NAME]` by its kind. What has none that is known is looked at as a NetHSM.
pub(super) fn read<'t>(
    document: &mut Document<'t>,
    place: &[&str],
    value: Spanned<DeValue<'t>>,
    required: &[&str],
) -> Option<Hsm> {
    let table = value.get_ref().as_table();
    let kind = table.and_then(|table| table.get("kind")?.get_ref().as_str());
    match kind {
        Some("pkcs11") => document.read(place, value, required).map(Hsm::Pkcs11),
        Some("yubihsm2") => document.read(place, value, required).map(Hsm::YubiHsm2),
        _ => document.read(place, value, required).map(Hsm::NetHsm),
    }
}

/// A NetHSM: one device, or several that hold the same keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Written")]
pub struct NetHsm {
    devices: Vec<Device>,
    order: Order,
    timeout_seconds: NonZeroU32,
    settings: Settings,
}

/// Where one NetHSM is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Device {
    /// The REST API, for example `https://192.168.1.1/api/v1`.
    pub url: String,
    /// How the device is recognised: `system`, `ca:FILE`, `pin:SHA256` or `insecure`; several pins with
    /// commas between.
    pub tls: String,
    /// The file with the TLS certificate that it is to have, PEM, with those of its authorities
    /// behind it; without one it keeps what it has.
    pub tls_certificate: Option<PathBuf>,
    /// Where it is to be in the network; without this it stays where it is.
    pub network: Option<DeviceNetwork>,
}

/// The addresses of a device.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeviceNetwork {
    /// Its address with the length of the prefix of its network.
    pub address: WithPrefix<Ipv4Addr>,
    /// The way out, if there is one.
    pub gateway: Option<Ipv4Addr>,
    /// The same for IPv6, which some devices do not have.
    pub address_v6: Option<WithPrefix<Ipv6Addr>>,
    /// The way out of that network, if there is one.
    pub gateway_v6: Option<Ipv6Addr>,
}

/// An address with the length of the prefix of its network: `192.0.2.5/24`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
#[serde(bound(deserialize = "A: Address"))]
pub struct WithPrefix<A> {
    /// The address.
    pub address: A,
    /// The length of the prefix: at most 32 for IPv4, 128 for IPv6.
    pub prefix: u8,
}

/// An IPv4 or IPv6 address.
pub trait Address: std::str::FromStr {
    /// How many bits it has.
    const BITS: u8;
}

impl Address for Ipv4Addr {
    const BITS: u8 = 32;
}

impl Address for Ipv6Addr {
    const BITS: u8 = 128;
}

/// How a device is to be set, whatever keys it holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// How it starts.
    pub boot: Boot,
    /// Where it gets the time from; without this, from the clock of this host when it is applied.
    pub time: Option<TimeServer>,
    /// Where its log goes; without this, nowhere.
    pub logging: Option<Logging>,
    /// Its administrators, and with a namespace before the name those of namespaces. At least one
    /// is one of the whole device.
    pub administrators: BTreeSet<HsmUser>,
    /// The user that reads its metrics.
    pub metrics: Option<Account>,
}

/// How a device starts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Boot {
    /// Locked, until somebody gives the unlock passphrase.
    #[default]
    Attended,
    /// By itself.
    Unattended,
}

/// A time server.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TimeServer {
    /// Its address.
    pub server: IpAddr,
    /// The name in its certificate, for Network Time Security.
    pub nts_name: Option<super::Domain>,
}

/// A log host that speaks syslog over UDP.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Logging {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    #[serde(default = "syslog")]
    pub port: NonZeroU16,
    /// How much is logged.
    #[serde(default)]
    pub level: LogLevel,
}

/// How much a device logs: this and what is worse.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// All.
    Debug,
    /// What happens.
    #[default]
    Info,
    /// What should not happen.
    Warning,
    /// What went wrong.
    Error,
}

/// A user in an HSM, and where its passphrase is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(
    deny_unknown_fields,
    expecting = "a table with `operator` and `passphrase`"
)]
pub struct Account {
    /// The user.
    pub operator: HsmUser,
    /// Where its passphrase is.
    pub passphrase: Credential,
}

/// Which of several devices is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The first that works, in the order of the list.
    #[default]
    Listed,
    /// Each in its turn.
    RoundRobin,
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// Its make.
    #[serde(rename = "kind")]
    _kind: Kind,
    /// Of one device: the REST API, for example `https://192.168.1.1/api/v1`.
    url: Option<String>,
    /// Of one device: how it is recognised, `system`, `ca:FILE`, `pin:SHA256` or `insecure`.
    tls: Option<String>,
    /// Of one device: the file with the TLS certificate that it is to have.
    tls_certificate: Option<PathBuf>,
    /// Of one device: where it is to be in the network.
    network: Option<DeviceNetwork>,
    /// Several devices that hold the same keys, in place of `url` and `tls`.
    devices: Option<Vec<Device>>,
    /// Which of several devices is asked.
    #[serde(default)]
    order: Order,
    /// The longest wait for one answer, in seconds.
    #[serde(default = "ten_seconds")]
    timeout_seconds: NonZeroU32,
    /// How a device starts.
    #[serde(default)]
    boot: Boot,
    /// Where it gets the time from; without this, from the clock of this host when it is applied.
    time: Option<TimeServer>,
    /// Where its log goes; without this, nowhere.
    logging: Option<Logging>,
    /// Its administrators, and with a namespace before the name those of namespaces.
    #[serde(default = "admin")]
    administrators: BTreeSet<HsmUser>,
    /// The user that reads its metrics.
    metrics: Option<Account>,
}

pub(super) fn ten_seconds() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(9)
}

fn syslog() -> NonZeroU16 {
    NonZeroU16::MIN.saturating_add(513)
}

fn admin() -> BTreeSet<HsmUser> {
    BTreeSet::from([HsmUser::default()])
}

impl TryFrom<Written> for NetHsm {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let alone = written.tls_certificate.is_some() || written.network.is_some();
        let devices = match (written.url, written.tls, written.devices) {
            (Some(url), Some(tls), None) => vec![Device {
                url,
                tls,
                tls_certificate: written.tls_certificate,
                network: written.network,
            }],
            (None, None, Some(devices)) if !devices.is_empty() && !alone => devices,
            (None, None, Some(_)) if alone => {
                return Err(
                    "with `devices`, each of them has its own `tls-certificate` and `network`",
                );
            }
            _ => return Err("an HSM has `url` and `tls`, or a list of `devices`, and not both"),
        };
        Ok(Self {
            devices,
            order: written.order,
            timeout_seconds: written.timeout_seconds,
            settings: Settings {
                boot: written.boot,
                time: written.time,
                logging: written.logging,
                administrators: written.administrators,
                metrics: written.metrics,
            },
        })
    }
}

impl NetHsm {
    /// The devices in their order, at least one.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Which of them is asked.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The longest wait for one answer, in seconds.
    pub fn timeout_seconds(&self) -> NonZeroU32 {
        self.timeout_seconds
    }

    /// How its devices are to be set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Hsm {
    /// Its kind as it is called in the configuration.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NetHsm(_) => "nethsm",
            Self::Pkcs11(_) => "pkcs11",
            Self::YubiHsm2(_) => "yubihsm2",
        }
    }

    /// Whether one device belongs to both, as far as the addresses tell.
    pub(super) fn shares_a_device_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NetHsm(one), Self::NetHsm(other)) => one
                .devices
                .iter()
                .any(|device| other.devices.iter().any(|known| known.url == device.url)),
            (Self::Pkcs11(one), Self::Pkcs11(other)) => one.may_be(other),
            (Self::YubiHsm2(one), Self::YubiHsm2(other)) => one.serial == other.serial,
            // What else there is has a module for PKCS#11 as well.
            (Self::Pkcs11(_), _) | (_, Self::Pkcs11(_)) => true,
            _ => false,
        }
    }
}

impl LogLevel {
    /// Its name, here and in the API of the device.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A text that is no address with a prefix.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}`: an address is followed by the length of the prefix of its network, as in `192.0.2.5/24` or `2001:db8::5/64`"
)]
pub struct InvalidAddress(String);

impl<A: Address> TryFrom<String> for WithPrefix<A> {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        let parsed = text.split_once('/').and_then(|(address, prefix)| {
            let prefix = super::prefix(prefix).filter(|prefix| *prefix <= A::BITS)?;
            Some(Self {
                address: address.parse().ok()?,
                prefix,
            })
        });
        parsed.ok_or(InvalidAddress(text))
    }
}

impl<A: fmt::Display> fmt::Display for WithPrefix<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}
