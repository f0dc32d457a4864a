//! Who may reach the host, and whom its users may reach.

use std::{collections::BTreeSet, net::IpAddr};

use signstar::config::{Config, Connector, Hsm, HsmName, Identity, Network, YubiHsm2};

use super::login::logins;

/// The file that `signstar-firewall.service` loads.
pub(crate) const RULES: &str = "/etc/signstar/firewall.nft";

/// A table of nftables of our own, so that those of others stay as they are.
pub(crate) fn rules(config: &Config) -> String {
    let mut text = String::from(
        "# Written by `signstar-configure host apply`; changes are lost.\n\
         table inet signstar {}\n\
         delete table inet signstar\n\
         table inet signstar {\n\
         \x20   chain input {\n\
         \x20       type filter hook input priority filter; policy drop;\n\
         \x20       iif \"lo\" accept\n\
         \x20       ct state established,related accept\n\
         \x20       ct state invalid drop\n\
         \x20       meta l4proto { icmp, ipv6-icmp } accept\n\
         \x20       udp sport 67 udp dport 68 accept\n\
         \x20       udp sport 547 udp dport 546 accept\n",
    );
    let host = &config.host;
    let (v4, v6): (Vec<Network>, Vec<Network>) =
        host.ssh_from.iter().partition(|network| network.is_ipv4());
    let port = host.ssh_port;
    if host.ssh_from.is_empty() {
        text.push_str(&format!("        tcp dport {port} accept\n"));
    }
    for (family, networks) in [("ip", v4), ("ip6", v6)] {
        // One rule each: a set may not have networks that overlap.
        for network in networks {
            let rule = format!("        {family} saddr {network} tcp dport {port} accept\n");
            text.push_str(&rule);
        }
    }
    let ports: BTreeSet<_> = host.open_ports.iter().collect();
    for port in ports {
        text.push_str(&format!("        tcp dport {port} accept\n"));
    }
    text.push_str("    }\n");
    text.push_str(&output(config));
    text.push_str("}\n");
    text
}

/// What goes out: users of the enclave reach HSMs, and nothing else.
fn output(config: &Config) -> String {
    let logins = match config.identity {
        Identity::UnixUser => logins(config).unwrap_or_default(),
        Identity::AuthorizedKeys => Vec::new(),
    };
    let names = |reaches: bool| -> String {
        let some = logins.iter().filter(|login| login.reaches_hsm || !reaches);
        let some: Vec<_> = some.map(|login| format!("\"{}\"", login.user)).collect();
        some.join(", ")
    };
    let (all, reaching) = (names(false), names(true));
    let mut text = String::from(
        "\x20   chain output {\n\
         \x20       type filter hook output priority filter; policy accept;\n\
         \x20       oif \"lo\" accept\n\
         \x20       ct state established,related accept\n",
    );
    if !reaching.is_empty() {
        for rule in ways(config) {
            text.push_str(&format!(
                "        meta skuid {{ {reaching} }} {rule} accept\n"
            ));
        }
    }
    if !all.is_empty() {
        text.push_str(&format!("        meta skuid {{ {all} }} reject\n"));
    }
    text.push_str("    }\n");
    text
}

/// The way to each device: its address and port; for one with a name, its port, and to whoever
/// knows names. Where the module of a token goes, only its maker knows.
fn ways(config: &Config) -> BTreeSet<String> {
    let used: BTreeSet<&HsmName> = config.keys.values().map(|key| &key.hsm).collect();
    let hsms = config.hsms.iter().filter(|(name, _)| used.contains(name));
    let urls = hsms.flat_map(|(_, hsm)| match hsm {
        Hsm::NetHsm(hsm) => hsm.devices().iter().map(|one| one.url.as_str()).collect(),
        Hsm::YubiHsm2(YubiHsm2 {
            connector: Connector::Http(url),
            ..
        }) => vec![url.as_str()],
        Hsm::YubiHsm2(_) | Hsm::Pkcs11(_) => Vec::new(),
    });
    let mut ways = BTreeSet::new();
    for url in urls {
        let Some((host, port)) = host_and_port(url) else {
            continue;
        };
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(v6)) => {
                ways.insert(format!("ip6 daddr {v6} tcp dport {port}"));
            }
            Ok(IpAddr::V4(v4)) => {
                ways.insert(format!("ip daddr {v4} tcp dport {port}"));
            }
            Err(_) => {
                ways.insert("udp dport 53".to_owned());
                ways.insert("tcp dport 53".to_owned());
                ways.insert(format!("tcp dport {port}"));
            }
        }
    }
    ways
}

/// The host, an IPv6 address without its brackets, and the port of the address of a device.
fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split('/').next()?;
    let (host, rest) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    match rest.strip_prefix(':') {
        Some(port) => Some((host, port.parse().ok()?)),
        None => Some((host, 443)),
    }
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for (url, host, port) in [
            ("https://192.0.2.1/api/v1", "192.0.2.1", 443),
            (
                "https://hsm.example.org:8443/api/v1",
                "hsm.example.org",
                8443,
            ),
            ("https://[2001:db8::1]:8443", "2001:db8::1", 8443),
            ("https://[2001:db8::1]/", "2001:db8::1", 443),
            ("http://192.0.2.1:12345", "192.0.2.1", 12345),
        ] {
            assert_eq!(host_and_port(url), Some((host, port)), "{url}");
        }
        assert_eq!(host_and_port("ftp://192.0.2.1"), None);
    }
}
