//! The HSMs, each one device or several that hold the same keys.

use std::num::NonZeroU32;

use serde::Deserialize;

use super::{Pkcs11, YubiHsm2};

/// One HSM, whatever its make.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Hsm {
    /// A NetHSM, in hardware or in software.
    #[serde(rename = "nethsm")]
    NetHsm(NetHsm),
    /// A token behind PKCS#11.
    #[serde(rename = "pkcs11")]
    Pkcs11(Pkcs11),
    /// A YubiHSM2.
    #[serde(rename = "yubihsm2")]
    YubiHsm2(YubiHsm2),
}

/// A NetHSM: one device, or several that hold the same keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "WrittenNetHsm")]
pub struct NetHsm {
    devices: Vec<Device>,
    order: Order,
    timeout_seconds: NonZeroU32,
}

/// Where one NetHSM is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The REST API, for example `https://192.168.1.1/api/v1`.
    pub url: String,
    /// How the device is recognised: `system`, `ca:FILE`, `pin:SHA256` or `insecure`.
    pub tls: String,
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
struct WrittenNetHsm {
    url: Option<String>,
    tls: Option<String>,
    devices: Option<Vec<Device>>,
    #[serde(default)]
    order: Order,
    #[serde(default = "ten_seconds")]
    timeout_seconds: NonZeroU32,
}

pub(super) fn ten_seconds() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(9)
}

impl TryFrom<WrittenNetHsm> for NetHsm {
    type Error = &'static str;

    fn try_from(written: WrittenNetHsm) -> Result<Self, Self::Error> {
        let devices = match (written.url, written.tls, written.devices) {
            (Some(url), Some(tls), None) => vec![Device { url, tls }],
            (None, None, Some(devices)) if !devices.is_empty() => devices,
            _ => return Err("an HSM has `url` and `tls`, or a list of `devices`, and not both"),
        };
        Ok(Self {
            devices,
            order: written.order,
            timeout_seconds: written.timeout_seconds,
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
