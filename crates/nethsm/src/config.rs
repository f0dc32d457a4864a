//! The configuration of the device.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::body::json;
use crate::key::TlsKeyType;
use crate::names::names;
use crate::passphrase::Passphrase;
use crate::time::DeviceTime;

/// Changes what decrypts the backups to come.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBackupPassphrase {
    /// [`Passphrase::MIN`] to [`Passphrase::MAX`] bytes.
    pub new_passphrase: Passphrase,
    /// The one in force; empty if there is none yet.
    pub current_passphrase: Passphrase,
}

/// Makes a new key for the TLS of the device, with a certificate signed by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateTlsKey {
    /// What kind of key.
    #[serde(rename = "type")]
    pub key_type: TlsKeyType,
    /// Bits, of [`RSA_LENGTHS`](crate::key::RSA_LENGTHS): needed for RSA, ignored otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
}

/// Where the device is in the network.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// Its address.
    pub ip_address: Ipv4Addr,
    /// The mask of its network.
    pub netmask: Ipv4Addr,
    /// The way out; `0.0.0.0` if there is none. The device insists on it.
    pub gateway: Ipv4Addr,
    /// Nothing turns IPv6 off (version 4.0 and later).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Network>,
}

/// Where the device is in an IPv6 network.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ipv6Network {
    /// Its address, with the length of the prefix of its network.
    pub cidr: Ipv6Cidr,
    /// The way out, if any; `null` on the wire if not, never left out.
    #[serde(deserialize_with = "Option::deserialize")]
    pub gateway: Option<Ipv6Addr>,
}

/// An IPv6 address in its network: `fc00::2/64`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ipv6Cidr {
    /// The address.
    pub address: Ipv6Addr,
    /// How many bits of it name the network, at most 128.
    pub prefix: u8,
}

/// A text is no address with a prefix length.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an IPv6 address with a prefix length is written like fc00::2/64")]
pub struct BadCidr;

impl FromStr for Ipv6Cidr {
    type Err = BadCidr;

    fn from_str(text: &str) -> Result<Self, BadCidr> {
        let (address, prefix) = text.split_once('/').ok_or(BadCidr)?;
        let is_plain = prefix.bytes().all(|byte| byte.is_ascii_digit());
        match (address.parse(), prefix.parse()) {
            (Ok(address), Ok(prefix)) if prefix <= 128 && is_plain => Ok(Self { address, prefix }),
            _ => Err(BadCidr),
        }
    }
}

impl fmt::Display for Ipv6Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Serialize for Ipv6Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ipv6Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

names! {
    /// How much is logged: this and what is worse.
    pub enum LogLevel {
        /// All.
        Debug = "debug",
        /// What happens.
        Info = "info",
        /// What should not happen.
        Warning = "warning",
        /// What went wrong.
        Error = "error",
        /// Only what is said at any level.
        App = "app",
    }
}

/// Where the log goes: syslog (RFC 3164) over UDP.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logging {
    /// The log host; `0.0.0.0` for none.
    pub ip_address: IpAddr,
    /// Its port, usually 514. The device does not look whether it can be one.
    pub port: i64,
    /// How much.
    pub log_level: LogLevel,
}

/// Where the device gets the time from (version 5.0 and later).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ntp {
    /// The time server; nothing means none.
    #[serde(rename = "ntpIP", default, skip_serializing_if = "Option::is_none")]
    pub ntp_ip: Option<IpAddr>,
    /// The name in its certificate, for Network Time Security; nothing means none of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nts_name: Option<String>,
}

/// The clock of the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Now.
    pub time: DeviceTime,
}

json!(
    Clock,
    GenerateTlsKey,
    Logging,
    Network,
    NewBackupPassphrase,
    Ntp,
);
