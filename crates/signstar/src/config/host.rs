//! What `signstar-configure host` needs to know and cannot guess.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU16,
};

use serde::Deserialize;

use super::UnixUser;

/// The signing host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Host {
    /// The Unix user that writes the public log.
    pub log_user: UnixUser,
    /// The TCP port that `sshd` listens on. Only the firewall needs it.
    pub ssh_port: NonZeroU16,
    /// The networks that may reach `sshd`; with none, every network.
    pub ssh_from: Vec<Network>,
    /// Further TCP ports that anybody may reach.
    pub open_ports: Vec<NonZeroU16>,
    /// Whether the rules of nftables are installed.
    pub firewall: bool,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            log_user: UnixUser::log(),
            ssh_port: NonZeroU16::MIN.saturating_add(21),
            ssh_from: Vec::new(),
            open_ports: Vec::new(),
            firewall: true,
        }
    }
}

/// A network, or one address: `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.1`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}`: a network is its first address and the length of its prefix, as in `192.0.2.0/24` or \
     `2001:db8::/32`"
)]
pub struct InvalidNetwork(String);

impl Network {
    /// Takes `text` if it is one. The bits behind the prefix are zero.
    pub fn new(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let all: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(all), |prefix| super::prefix(prefix).ok_or_else(invalid))?;
        if prefix > all {
            return Err(invalid());
        }
        let first = match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(u32::from(32 - prefix)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(u32::from(128 - prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
        };
        match first == address {
            true => Ok(Self { address, prefix }),
            false => Err(invalid()),
        }
    }

    /// Whether it is one of IPv4.
    pub fn is_ipv4(&self) -> bool {
        self.address.is_ipv4()
    }
}

impl TryFrom<String> for Network {
    type Error = InvalidNetwork;

    fn try_from(text: String) -> Result<Self, InvalidNetwork> {
        Self::new(&text)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_one_spelling() {
        for (text, shown) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(Network::new(text).expect(text).to_string(), shown);
        }
        for bad in [
            "192.0.2.1/24",
            "192.0.2.0/33",
            "2001:db8::1/32",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/",
            "example.org",
            "",
        ] {
            assert!(Network::new(bad).is_err(), "{bad}");
        }
    }
}
