//! Addresses of devices, and how they are recognised.

use crate::config::{Config, Hsm, document::Document};

pub(super) fn check_for_host(config: &Config, document: &mut Document<'_>) {
    for (name, hsm) in &config.hsms {
        let Hsm::NetHsm(hsm) = hsm else { continue };
        for device in hsm.devices() {
            if !is_address(&device.url) {
                document.mistake(
                    &["hsm", name.as_str(), "url"],
                    not_an_address(&device.url),
                    Some("as in \"https://192.0.2.1/api/v1\"".to_owned()),
                );
            }
            if !is_trust(&device.tls) {
                document.mistake(
                    &["hsm", name.as_str(), "tls"],
                    format!("`{}` tells of no way to recognise a device", device.tls),
                    Some(
                        "write \"system\", \"ca:/PATH\", \"pin:\" and 64 hexadecimal digits, or \
                         \"insecure\""
                            .to_owned(),
                    ),
                );
            }
        }
    }
}

/// What is told of an address; not itself, if there may be a password in it.
fn not_an_address(url: &str) -> String {
    match url.contains('@') {
        true => "the address of a device has no user and no password".to_owned(),
        false => format!("`{url}` is not the address of a device"),
    }
}

/// Whether `url` is `https://HOST[:PORT]`, perhaps with `/api/v1` behind it.
fn is_address(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((v6, rest)) => (v6.parse::<std::net::Ipv6Addr>().is_ok(), rest),
            None => return false,
        },
        None => {
            let (host, rest) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            (!host.is_empty() && host.chars().all(plain), rest)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse::<std::num::NonZeroU16>().is_ok(),
        None => port.is_empty(),
    };
    host && port && matches!(path, "" | "/" | "/api/v1" | "/api/v1/")
}

fn is_trust(tls: &str) -> bool {
    match tls.split_once(':') {
        Some(("ca", file)) => file.starts_with('/'),
        Some(("pin", pins)) => pins.split(',').all(|digits| {
            digits.len() == 64 && digits.bytes().all(|octet| octet.is_ascii_hexdigit())
        }),
        Some(_) => false,
        None => matches!(tls, "system" | "insecure"),
    }
}
