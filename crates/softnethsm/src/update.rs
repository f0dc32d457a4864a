//! Updates: read, verified and remembered, never installed.
//!
//! ```text
//! _NETHSM_UPDATE_ NUL   16 octets
//! signature             field: RSA, PKCS #1 v1.5, SHA-256, over all that follows
//! release notes         field
//! version               field: MAJOR.MINOR
//! blocks                4 octets, big-endian: how many of 512 octets the image has
//! image                 so many octets, and nothing behind
//! ```
//!
//! A field is 3 octets of length, big-endian, and so many octets.

use std::io::{self, BufReader, Read};

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use pkcs8::Document;

use crate::error::Error;

const MAGIC: &[u8; 16] = b"_NETHSM_UPDATE_\0";
const BLOCK: u64 = 512;

/// The version that this device says it has.
pub(crate) const VERSION: (u32, u32) = (5, 0);

/// An update that was verified and waits to be committed or cancelled.
pub(crate) struct Pending {
    pub(crate) release_notes: String,
}

/// Why an update is refused. The text is what the API answers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadUpdate {
    #[error("Invalid update file")]
    Form,
    #[error("Signature verification of the update file failed")]
    Signature,
    #[error("Downgrade of the major version is not allowed")]
    Downgrade,
    #[error("the update file cannot be read")]
    Unreadable(#[source] io::Error),
}

impl From<io::Error> for BadUpdate {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Form
        } else {
            Self::Unreadable(error)
        }
    }
}

/// The public key of who may make updates.
pub(crate) struct UpdateKey(ParsedPublicKey);

impl UpdateKey {
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let pem = std::str::from_utf8(pem).map_err(|_| Error::UpdateKey)?;
        let (_, der) = Document::from_pem(pem).map_err(|_| Error::UpdateKey)?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_bytes());
        key.map(Self).map_err(|_| Error::UpdateKey)
    }
}

impl Pending {
    /// Reads and verifies an update. Without a key, whatever is well-formed has no good signature.
    pub(crate) fn read(file: impl Read, key: Option<&UpdateKey>) -> Result<Self, BadUpdate> {
        let mut file = BufReader::new(file);
        let mut magic = [0; MAGIC.len()];
        file.read_exact(&mut magic)?;
        if magic != *MAGIC {
            return Err(BadUpdate::Form);
        }
        let (_, signature) = field(&mut file)?;
        let mut signed = Context::new(&SHA256);
        let mut signed_field = |file: &mut BufReader<_>| {
            let (length, octets) = field(file)?;
            signed.update(&length);
            signed.update(&octets);
            String::from_utf8(octets).map_err(|_| BadUpdate::Form)
        };
        let release_notes = signed_field(&mut file)?;
        let version = signed_field(&mut file)?;
        let mut blocks = [0; 4];
        file.read_exact(&mut blocks)?;
        signed.update(&blocks);
        let mut left = u64::from(u32::from_be_bytes(blocks)) * BLOCK;
        let mut piece = vec![0; 64 << 10];
        loop {
            let length = file.read(&mut piece)?;
            left = match u64::try_from(length) {
                Ok(0) => break,
                Ok(length) => left.checked_sub(length).ok_or(BadUpdate::Form)?,
                Err(_) => return Err(BadUpdate::Form),
            };
            signed.update(piece.get(..length).unwrap_or_default());
        }
        if left > 0 {
            return Err(BadUpdate::Form);
        }
        let key = key.ok_or(BadUpdate::Signature)?;
        key.0
            .verify_digest_sig(&signed.finish(), &signature)
            .map_err(|_| BadUpdate::Signature)?;
        let (major, _minor) = numbers(&version).ok_or(BadUpdate::Form)?;
        if major < VERSION.0 {
            return Err(BadUpdate::Downgrade);
        }
        Ok(Self { release_notes })
    }
}

/// The version of the device as text.
pub(crate) fn version() -> String {
    format!("{}.{}", VERSION.0, VERSION.1)
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The length as it stands there, and the octets. It grows with what is there, not with what is
/// announced.
fn field(file: &mut impl Read) -> Result<([u8; 3], Vec<u8>), BadUpdate> {
    let mut length = [0; 3];
    file.read_exact(&mut length)?;
    let [high, middle, low] = length;
    let announced = u32::from_be_bytes([0, high, middle, low]);
    let mut octets = Vec::new();
    file.take(announced.into()).read_to_end(&mut octets)?;
    if u32::try_from(octets.len()) == Ok(announced) {
        Ok((length, octets))
    } else {
        Err(BadUpdate::Form)
    }
}
