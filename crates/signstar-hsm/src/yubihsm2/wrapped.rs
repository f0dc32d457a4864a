//! Objects that have left a YubiHSM2, encrypted under a wrap key.
//!
//! The device encrypts with AES-256 in CCM: a nonce of 13 octets, the ciphertext, a tag of 16. Inside are
//! the algorithm of the wrap key, what the device tells of the object, and the object itself.

use std::fmt;

use aes::Aes256;
use ccm::{
    Ccm,
    aead::{Aead, KeyInit},
    consts::{U13, U16},
};
use zeroize::Zeroizing;

use super::{
    command::{Algorithm, Garbled},
    object::Info,
};

type Cipher = Ccm<Aes256, U16, U13>;

/// The octets of a nonce.
const NONCE: usize = 13;

/// The key that objects are encrypted with when they leave a device. Erased when it is dropped.
#[derive(Clone)]
pub struct WrapKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for WrapKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrapKey(..)")
    }
}

/// What was exported was not encrypted under this key, or was changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("it was not exported under this wrap key, or was changed since")]
pub struct NotUnderThisKey;

impl WrapKey {
    /// The key with these octets.
    pub fn new(octets: Zeroizing<[u8; 32]>) -> Self {
        Self(octets)
    }

    /// The key that is written as 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut octets = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text, &mut *octets).ok()?;
        Some(Self(octets))
    }

    /// Its octets.
    pub fn as_octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// Encrypts an object as a device does: what is told of it without its length, then itself.
    pub fn seal(&self, nonce: [u8; NONCE], object: &[u8]) -> Option<Vec<u8>> {
        let plain = Zeroizing::new([&[Algorithm::AES256_CCM.0][..], object].concat());
        let sealed = self.cipher().encrypt(&nonce.into(), &plain[..]).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// Decrypts an object, without the algorithm of the key before it.
    pub fn open(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotUnderThisKey> {
        let (nonce, sealed) = wrapped
            .split_first_chunk::<NONCE>()
            .ok_or(NotUnderThisKey)?;
        let opened = self.cipher().decrypt(&(*nonce).into(), sealed);
        let plain = Zeroizing::new(opened.map_err(|_| NotUnderThisKey)?);
        match plain.split_first() {
            Some((algorithm, object)) if *algorithm == Algorithm::AES256_CCM.0 => {
                Ok(Zeroizing::new(object.to_vec()))
            }
            _ => Err(NotUnderThisKey),
        }
    }

    /// What the device told of an object when it exported it.
    pub fn info(&self, wrapped: &[u8]) -> Result<Info, NotUnderThisKey> {
        let object = self.open(wrapped)?;
        let head = object.get(..Info::HEAD).ok_or(Garbled);
        head.and_then(Info::decode_head)
            .map_err(|Garbled| NotUnderThisKey)
    }

    fn cipher(&self) -> Cipher {
        Cipher::new(&(*self.0).into())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            command::label,
            object::{Capabilities, Description, Domains, ObjectType},
        },
        *,
    };

    fn object() -> Vec<u8> {
        let info = Info {
            description: Description {
                id: 7,
                label: label("packages").expect("a label"),
                domains: Domains(1),
                capabilities: Capabilities::SIGN_EDDSA,
                algorithm: Algorithm::ED25519,
            },
            of_type: ObjectType::ASYMMETRIC_KEY,
            length: 32,
            sequence: 0,
            origin: 1,
            delegated: Capabilities::NONE,
        };
        [&info.encode()[..Info::HEAD], &[5; 32]].concat()
    }

    #[test]
    fn what_was_exported_opens_with_its_key_only() {
        let key = WrapKey::new(Zeroizing::new([3; 32]));
        let wrapped = key.seal([1; 13], &object()).expect("sealed");
        assert_eq!(wrapped.len(), 13 + 1 + 58 + 32 + 16);
        assert_eq!(*key.open(&wrapped).expect("opens"), object());
        let info = key.info(&wrapped).expect("an object");
        assert_eq!(info.description.id, 7);

        let other = WrapKey::new(Zeroizing::new([4; 32]));
        assert_eq!(other.info(&wrapped), Err(NotUnderThisKey));
        for place in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[place] ^= 1;
            assert_eq!(key.info(&changed), Err(NotUnderThisKey), "octet {place}");
        }
        for length in 0..wrapped.len() {
            assert_eq!(key.info(&wrapped[..length]), Err(NotUnderThisKey));
        }
    }

    #[test]
    fn a_key_is_written_as_64_digits() {
        let text = "03".repeat(32);
        let key = WrapKey::from_hex(&text).expect("64 digits");
        assert_eq!(key.as_octets(), &[3; 32]);
        for wrong in [
            "",
            &text[2..],
            &format!("{text}00"),
            &text.replace('3', "x"),
        ] {
            assert!(WrapKey::from_hex(wrong).is_none(), "{wrong}");
        }
    }
}
