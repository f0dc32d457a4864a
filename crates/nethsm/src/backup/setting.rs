//! Settings, in the forms in which devices store them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{BackupKey, Salt};
use crate::config::{Ipv6Cidr, Ipv6Network, Logging, Network};
use crate::octets::SecretOctets;

/// One setting of a backup.
#[derive(Debug)]
pub struct SettingEntry {
    /// The device whose setting it is; nothing for those of all members of a cluster, and in
    /// backups of version 0.
    pub device: Option<String>,
    /// Its name, for instance `unlock-salt`.
    pub name: String,
    /// What is set.
    pub setting: Setting,
}

/// What is set.
#[derive(Debug)]
#[non_exhaustive]
pub enum Setting {
    /// What belongs to the unlock passphrase.
    UnlockSalt(Salt),
    /// What belongs to the backup passphrase.
    BackupSalt(Salt),
    /// The key of the backup passphrase.
    BackupKey(BackupKey),
    /// The certificates for TLS, the device's own first, DER.
    Certificates(Vec<Vec<u8>>),
    /// The private key for TLS, PEM.
    TlsKey(SecretOctets),
    /// Where the device is in the network.
    Network(Network),
    /// Where the log goes.
    Logging(Logging),
    /// Seconds that the clock of the device is behind.
    TimeOffset(i64),
    /// Whether the device starts without being unlocked.
    UnattendedBoot(bool),
    /// Any other, as it is stored.
    Other(SecretOctets),
}

impl Setting {
    /// Where a setting is stored.
    pub fn path(device: Option<&str>, name: &str) -> String {
        match device {
            Some(device) => format!("/local/{device}/config/{name}"),
            None => format!("/config/{name}"),
        }
    }

    /// Reads a stored setting; nothing if it is not what its name says.
    pub(super) fn read(name: &str, mut value: Zeroizing<Vec<u8>>) -> Option<Self> {
        Some(match name {
            "unlock-salt" => Self::UnlockSalt(value.as_slice().try_into().ok()?),
            "backup-salt" => Self::BackupSalt(value.as_slice().try_into().ok()?),
            "backup-key" => Self::BackupKey(BackupKey::from_bytes(&value).ok()?),
            "certificate" => Self::Certificates(certificates(&value)?),
            "private-key" => Self::TlsKey(SecretOctets::new(std::mem::take(&mut *value))),
            "ip-config" => Self::Network(network(&value)?),
            "log-config" => Self::Logging(logging(&value)?),
            "time-offset" => Self::TimeOffset(std::str::from_utf8(&value).ok()?.parse().ok()?),
            "unattended-boot" => match value.as_slice() {
                b"0" => Self::UnattendedBoot(false),
                b"1" => Self::UnattendedBoot(true),
                _ => return None,
            },
            _ => Self::Other(SecretOctets::new(std::mem::take(&mut *value))),
        })
    }

    /// The form in which devices of this time (version 1) store it.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::UnlockSalt(salt) | Self::BackupSalt(salt) => salt.to_vec(),
            Self::BackupKey(key) => key.expose().to_vec(),
            Self::Certificates(certificates) => certificates
                .iter()
                .flat_map(|der| [&length(der), der.as_slice()].concat())
                .collect(),
            Self::TlsKey(bytes) | Self::Other(bytes) => bytes.expose().to_vec(),
            Self::Network(network) => network_json(network).into_bytes(),
            Self::Logging(logging) => logging_bytes(logging),
            Self::TimeOffset(seconds) => seconds.to_string().into_bytes(),
            Self::UnattendedBoot(on) => vec![if *on { b'1' } else { b'0' }],
        })
    }
}

/// Certificates stand behind each other, each with four bytes of length, big-endian, before it.
fn certificates(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (certificate, rest) = rest.split_at_checked(length)?;
        all.push(certificate.to_vec());
        bytes = rest;
    }
    Some(all)
}

fn length(bytes: &[u8]) -> [u8; 4] {
    // A certificate came in a body of at most 1 MiB.
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// Version 1.
#[derive(Deserialize)]
struct StoredNetwork {
    ipv4: StoredIpv4,
    #[serde(default)]
    ipv6: Option<StoredIpv6>,
}

#[derive(Deserialize)]
struct StoredIpv4 {
    cidr: String,
    gateway: Option<Ipv4Addr>,
}

#[derive(Deserialize)]
struct StoredIpv6 {
    cidr: Ipv6Cidr,
    gateway: Option<Ipv6Addr>,
}

/// Version 1 is JSON; version 0 is gateway, address and mask, four bytes each.
fn network(bytes: &[u8]) -> Option<Network> {
    if let Ok(bytes) = <[u8; 12]>::try_from(bytes) {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        return Some(Network {
            ip_address: [e, f, g, h].into(),
            netmask: [i, j, k, l].into(),
            gateway: [a, b, c, d].into(),
            ipv6: None,
        });
    }
    let stored: StoredNetwork = serde_json::from_slice(bytes).ok()?;
    let (address, prefix) = stored.ipv4.cidr.split_once('/')?;
    let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    Some(Network {
        ip_address: address.parse().ok()?,
        netmask: mask.into(),
        gateway: stored.ipv4.gateway.unwrap_or(Ipv4Addr::UNSPECIFIED),
        ipv6: stored.ipv6.map(|ipv6| Ipv6Network {
            cidr: ipv6.cidr,
            gateway: ipv6.gateway,
        }),
    })
}

fn network_json(network: &Network) -> String {
    let quoted =
        |text: Option<String>| text.map_or("null".to_owned(), |text| format!("\"{text}\""));
    let prefix = u32::from(network.netmask).count_ones();
    let gateway = (!network.gateway.is_unspecified()).then(|| network.gateway.to_string());
    let ipv6 = network.ipv6.map_or(String::new(), |ipv6| {
        let gateway = quoted(ipv6.gateway.map(|gateway| gateway.to_string()));
        format!(
            ",\"ipv6\":{{\"cidr\":\"{}\",\"gateway\":{gateway}}}",
            ipv6.cidr
        )
    });
    format!(
        "{{\"ipv4\":{{\"cidr\":\"{}/{prefix}\",\"gateway\":{}}}{ipv6}}}",
        network.ip_address,
        quoted(gateway),
    )
}

/// Address, port, and the level as text. Version 1 may have it as the API writes it.
fn logging(bytes: &[u8]) -> Option<Logging> {
    if bytes.starts_with(b"{") {
        return serde_json::from_slice(bytes).ok();
    }
    let (address, rest) = bytes.split_first_chunk::<4>()?;
    let (port, level) = rest.split_first_chunk()?;
    Some(Logging {
        ip_address: IpAddr::from(*address),
        port: u16::from_be_bytes(*port).into(),
        log_level: std::str::from_utf8(level).ok()?.parse().ok()?,
    })
}

fn logging_bytes(logging: &Logging) -> Vec<u8> {
    let IpAddr::V4(address) = logging.ip_address else {
        return serde_json::to_vec(logging).unwrap_or_default();
    };
    // The device cuts the port like this.
    let [.., high, low] = logging.port.to_be_bytes();
    let level = logging.log_level.as_str().as_bytes();
    [&address.octets()[..], &[high, low], level].concat()
}
