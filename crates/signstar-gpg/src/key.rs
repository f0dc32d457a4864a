//! The key of a certificate, and how it is named.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pgp::{
    composed::{Deserializable, SignedPublicKey},
    ser::Serialize,
    types::KeyDetails,
};
use signstar::sign::Certificate;

use crate::Error;

/// A certificate, as far as keys are listed and looked up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    /// The primary key, then its subkeys.
    pub components: Vec<Component>,
    /// The user IDs, those that are UTF-8.
    pub user_ids: Vec<String>,
}

/// A component key of version 4.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Component {
    /// 40 hexadecimal digits in upper case.
    pub fingerprint: String,
    /// The number of its algorithm (RFC 9580 §9.1).
    pub algorithm: u8,
    /// The size of its field or modulus.
    pub bits: u16,
    /// What its curve is called, empty for RSA.
    pub curve: &'static str,
    /// When it was made.
    pub created: SystemTime,
}

impl Key {
    /// Reads what `certificate` says of its keys.
    pub(crate) fn read(certificate: &Certificate) -> Result<Self, Error> {
        let octets = certificate.to_octets()?;
        let inner = SignedPublicKey::from_bytes(&*octets)?;
        let primary = &inner.primary_key;
        let mut components = vec![Component::of(
            &primary.to_bytes()?,
            &primary.fingerprint().to_string(),
        )];
        for subkey in &inner.public_subkeys {
            let fingerprint = subkey.key.fingerprint().to_string();
            components.push(Component::of(&subkey.key.to_bytes()?, &fingerprint));
        }
        Ok(Self {
            components,
            user_ids: certificate.user_ids().map(str::to_owned).collect(),
        })
    }

    /// Whether `name` means this key.
    ///
    /// A fingerprint, a key ID (of 16 or 8 digits), a whole user ID or the address in it. Unlike
    /// `gpg` no part of a name will do: whoever is not named clearly is somebody else.
    pub fn is_called(&self, name: &str) -> bool {
        let name = name.trim();
        if let Some(digits) = key_id(name.strip_suffix('!').unwrap_or(name)) {
            return self
                .components
                .iter()
                .any(|component| component.fingerprint.ends_with(&digits));
        }
        let name = name.strip_prefix('=').unwrap_or(name);
        self.user_ids.iter().any(|user_id| {
            let address = address(user_id);
            let bare = name
                .strip_prefix('<')
                .and_then(|name| name.strip_suffix('>'));
            user_id.eq_ignore_ascii_case(name)
                || address.is_some_and(|address| address.eq_ignore_ascii_case(bare.unwrap_or(name)))
        })
    }
}

/// The digits of a fingerprint or a key ID in upper case, without what may stand around them.
fn key_id(name: &str) -> Option<String> {
    let digits: String = name.chars().filter(|char| *char != ' ').collect();
    let digits = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
        .unwrap_or(&digits);
    let is_one = matches!(digits.len(), 8 | 16 | 40)
        && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    is_one.then(|| digits.to_ascii_uppercase())
}

/// The address in a user ID.
fn address(user_id: &str) -> Option<&str> {
    match user_id.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>'),
        None => user_id.contains('@').then_some(user_id),
    }
}

impl Component {
    /// Reads the body of a key packet of version 4 (RFC 9580 §5.5.2.2): the number 4, the time,
    /// the algorithm, then its parameters, which begin with a length.
    fn of(body: &[u8], fingerprint: &str) -> Self {
        let created = match body {
            [4, a, b, c, d, ..] => u32::from_be_bytes([*a, *b, *c, *d]),
            _ => 0,
        };
        let algorithm = body.get(5).copied().unwrap_or_default();
        let parameters = body.get(6..).unwrap_or_default();
        let (bits, curve) = match (algorithm, parameters) {
            (1..=3, [high, low, ..]) => (u16::from_be_bytes([*high, *low]), ""),
            (18 | 19 | 22, [length, rest @ ..]) => {
                curve(rest.get(..usize::from(*length)).unwrap_or_default())
            }
            (27, _) => (256, "ed25519"),
            _ => (0, ""),
        };
        Self {
            fingerprint: fingerprint.to_ascii_uppercase(),
            algorithm,
            bits,
            curve,
            created: UNIX_EPOCH + Duration::from_secs(created.into()),
        }
    }

    /// The last 16 digits of the fingerprint.
    pub fn key_id(&self) -> &str {
        let start = self.fingerprint.len().saturating_sub(16);
        self.fingerprint.get(start..).unwrap_or_default()
    }

    /// When it was made, in seconds since 1970-01-01 00:00 UTC.
    pub fn created_seconds(&self) -> u64 {
        seconds(self.created)
    }
}

/// Seconds since 1970-01-01 00:00 UTC.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Size and name of the curve with this object identifier (RFC 9580 §9.2), as `gpg` calls it.
fn curve(oid: &[u8]) -> (u16, &'static str) {
    match oid {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => (256, "nistp256"),
        [0x2b, 0x81, 0x04, 0x00, 0x22] => (384, "nistp384"),
        [0x2b, 0x81, 0x04, 0x00, 0x23] => (521, "nistp521"),
        [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01] => (255, "ed25519"),
        [0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01] => (255, "cv25519"),
        _ => (0, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        let component = |fingerprint: &str| Component {
            fingerprint: fingerprint.to_owned(),
            algorithm: 22,
            bits: 255,
            curve: "ed25519",
            created: UNIX_EPOCH,
        };
        Key {
            components: vec![
                component("C2CACDE432026CADA410991F4B32F30BDFAA05EA"),
                component("00112233445566778899AABBCCDDEEFF00112233"),
            ],
            user_ids: vec![
                "Example Packaging <packages@example.org>".to_owned(),
                "plain@example.org".to_owned(),
                "Nobody in particular".to_owned(),
            ],
        }
    }

    #[test]
    fn a_key_has_many_names() {
        for name in [
            "C2CACDE432026CADA410991F4B32F30BDFAA05EA",
            "0xc2cacde432026cada410991f4b32f30bdfaa05ea",
            "C2CA CDE4 3202 6CAD A410  991F 4B32 F30B DFAA 05EA",
            "4B32F30BDFAA05EA",
            "0xDFAA05EA!",
            "CCDDEEFF00112233!",
            "Example Packaging <packages@example.org>",
            "=Example Packaging <packages@example.org>",
            "packages@example.org",
            "<PACKAGES@example.org>",
            "plain@example.org",
            "Nobody in particular",
        ] {
            assert!(key().is_called(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_may_be_anybody_is_not_this_key() {
        for name in [
            "",
            "Example",
            "Packaging",
            "example.org",
            "@example.org",
            "ackages@example.org",
            "AA05EA",
            "C2CACDE432026CADA410991F4B32F30BDFAA05EB",
            "Other <packages@example.com>",
            "<>",
        ] {
            assert!(!key().is_called(name), "{name}");
        }
    }

    #[test]
    fn key_packets_are_described() {
        let of = |body: &[u8]| {
            let component = Component::of(body, "ab");
            (component.algorithm, component.bits, component.curve)
        };
        assert_eq!(of(&[4, 0, 0, 0, 1, 1, 0x10, 0, 0xff]), (1, 4096, ""));
        assert_eq!(
            of(&[4, 0, 0, 0, 1, 19, 5, 0x2b, 0x81, 0x04, 0x00, 0x22]),
            (19, 384, "nistp384")
        );
        assert_eq!(of(&[]), (0, 0, ""));
        assert_eq!(of(&[4, 0, 0, 0, 1, 22, 200]), (22, 0, ""));
    }
}
