//! The members of a question, for messages about them.

use std::borrow::Cow;

use crate::lenient;

/// The members that a question must have. The device names the last one that is missing.
const REQUIRED: [(&str, &[&str]); 11] = [
    (
        "provision_req",
        &["unlockPassphrase", "adminPassphrase", "systemTime"],
    ),
    ("user_req", &["realName", "role", "passphrase"]),
    (
        "passphrase_change_req",
        &["newPassphrase", "currentPassphrase"],
    ),
    ("private_key_req", &["mechanisms", "type", "private"]),
    ("generate_key_req", &["mechanisms", "type"]),
    ("sign_req", &["mode", "message"]),
    ("encrypt_req", &["mode", "message"]),
    ("decrypt_req", &["mode", "encrypted"]),
    ("network_api", &["ipAddress", "netmask", "gateway"]),
    ("log", &["ipAddress", "port", "logLevel"]),
    (
        "cluster_join_req",
        &["members", "joinerKit", "backupPassphrase"],
    ),
];

/// The member that the device would say is missing.
pub(super) fn missing(schema: &str, names: &[(&str, usize)]) -> Option<&'static str> {
    let (_, required) = REQUIRED.iter().find(|(known, _)| *known == schema)?;
    let is_there = |name: &str| names.iter().any(|(own, _)| *own == name);
    required.iter().rev().copied().find(|name| !is_there(name))
}

/// The names of the members of an object, and where each starts.
pub(super) fn names(json: &[u8]) -> Vec<(&str, usize)> {
    let mut names = Vec::new();
    let (mut depth, mut at, mut is_name) = (0_usize, 0, false);
    while let Some(octet) = json.get(at) {
        match octet {
            b'{' | b'[' => {
                depth += 1;
                is_name = depth == 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => is_name = depth == 1,
            b':' => is_name = false,
            b'"' => {
                let rest = json.get(at..).unwrap_or_default();
                let Some(length) = lenient::string(rest) else {
                    return names;
                };
                let name = rest.get(1..length - 1).unwrap_or_default();
                if let (true, Ok(name)) = (is_name, std::str::from_utf8(name)) {
                    names.push((name, at));
                }
                at += length - 1;
            }
            _ => {}
        }
        at += 1;
    }
    names
}

/// The member in whose value the parser stopped.
pub(super) fn at<'a>(
    names: &[(&'a str, usize)],
    error: &serde_json::Error,
    json: &[u8],
) -> Option<&'a str> {
    let before = json.split_inclusive(|octet| *octet == b'\n');
    let lines: usize = before
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let place = lines + error.column();
    let before = names.iter().take_while(|(_, start)| *start < place);
    before.last().map(|(name, _)| *name)
}

/// The device calls this member by another name.
pub(super) fn as_on_device(name: &str) -> &str {
    if name == "private" { "priv" } else { name }
}

/// What the device says of the member `ipAddress` that is none, up to the first character that is
/// wrong.
pub(super) fn no_address(json: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Wish<'a> {
        #[serde(borrow, rename = "ipAddress")]
        address: Cow<'a, str>,
    }
    let wish = serde_json::from_slice::<Wish<'_>>(json).ok();
    let wrong = wish.and_then(|wish| {
        let is_wrong = |character: char| !character.is_ascii_digit() && character != '.';
        let mut characters = wish.address.char_indices();
        characters.find(|(_, character)| is_wrong(*character))
    });
    let why = match wrong {
        Some((place, character)) if character.is_ascii_graphic() => {
            format!("invalid character '{character}' at {place}")
        }
        _ => "not enough data".to_owned(),
    };
    format!("Ipaddr: not an IPv4 address: {why}\nnot an IPv6 address: not enough data")
}
