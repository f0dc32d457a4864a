//! What proves that a holder can read a share, and what the box knows of it.

use std::{fmt, str::FromStr};

use crate::{SecretText, hash::sha256};

/// The SHA-256 of the text of a share and LF, as `age -d SHARE | sha256sum` prints it.
///
/// It proves to whoever has the box that its sender can read the share, and does not help to open
/// the box.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt([u8; 32]);

impl Receipt {
    pub(crate) fn of(text: &SecretText) -> Self {
        Self(sha256(&[text.expose().as_bytes(), b"\n"]))
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(sha256(&[b"signstar-shares 1 share", &self.0]))
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// 64 hexadecimal digits in lower case; after them `  -` as of `sha256sum`, and one LF or CRLF, or
/// not.
impl FromStr for Receipt {
    type Err = BadReceipt;

    fn from_str(text: &str) -> Result<Self, BadReceipt> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let digits = line.strip_suffix("  -").unwrap_or(line);
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(BadReceipt);
        }
        let mut octets = [0; 32];
        hex::decode_to_slice(digits, &mut octets).map_err(|_| BadReceipt)?;
        Ok(Self(octets))
    }
}

/// A text that is no receipt.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is no receipt of a share")]
pub struct BadReceipt;

impl BadReceipt {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        "a receipt is what `age -d -i ~/.ssh/id_ed25519 SHARE | sha256sum` prints"
    }
}

/// What a box knows of a share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fingerprint(pub(crate) [u8; 16]);
