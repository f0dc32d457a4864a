//! A sealed value: AES-256-GCM, bound to the place where it is kept.
//!
//! Layout, as on the device: 12-byte random nonce, ciphertext, 16-byte tag. The associated data is
//! the path of the value, so a value moved to another path does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::SealError;
use crate::random;

const TAG_LEN: usize = 16;

/// A 32-byte key that seals and opens values. It cannot be printed and is erased on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SealKey([u8; 32]);

impl SealKey {
    /// Takes ownership of key material of exactly 32 bytes.
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Makes a key of 32 random bytes.
    pub(crate) fn random() -> Result<Self, SealError> {
        let mut key = Self([0; 32]);
        random::fill(&mut key.0)?;
        Ok(key)
    }

    /// Takes the key from a decrypted value; anything but 32 bytes is refused.
    pub(crate) fn from_slice(bytes: &[u8]) -> Result<Self, SealError> {
        bytes.try_into().map(Self).map_err(|_| SealError::Broken)
    }

    /// Derives the key of one store: SHA-256 of this key followed by the store's name.
    pub(crate) fn derive(&self, store: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.0);
        context.update(store.as_bytes());
        let mut derived = Self([0; 32]);
        for (to, from) in derived.0.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        derived
    }

    /// Bytes of the key, to be sealed under another key or written to the device key file.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals `plain` for the place `path`.
    pub(crate) fn seal(&self, path: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        random::fill(&mut nonce)?;
        let mut body = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_LEN));
        body.extend_from_slice(plain);
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(path.as_bytes()),
                &mut *body,
            )
            .map_err(|_| SealError::Broken)?;
        Ok([nonce.as_slice(), &body].concat())
    }

    /// Opens what was sealed for the place `path`. Fails if the key is another one, if a single bit
    /// changed, or if the value was sealed for another path: these cannot be told apart.
    pub(crate) fn open(&self, path: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, body) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::Broken)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(path.as_bytes()),
                &mut body,
            )
            .map_err(|_| SealError::Broken)?
            .len();
        body.truncate(length);
        Ok(body)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&AES_256_GCM, &self.0)
            .map(LessSafeKey::new)
            .map_err(|_| SealError::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_and_any_other_path_is_refused() {
        let key = SealKey::random().expect("randomness");
        let sealed = key.seal("/key/a", b"secret").expect("sealed");
        assert_eq!(*key.open("/key/a", &sealed).expect("opened"), b"secret");
        assert!(key.open("/key/b", &sealed).is_err());
        for index in 0..sealed.len() {
            for bit in 0..8 {
                let mut flipped = sealed.clone();
                flipped[index] ^= 1 << bit;
                assert!(
                    key.open("/key/a", &flipped).is_err(),
                    "byte {index} bit {bit}"
                );
            }
            assert!(
                key.open("/key/a", &sealed[..index]).is_err(),
                "cut at {index}"
            );
        }
    }

    #[test]
    fn every_store_has_its_own_key() {
        let key = SealKey::new([7; 32]);
        assert_ne!(key.derive("auth_store").0, key.derive("key_store").0);
        assert!(
            key.derive("key_store")
                .open("/key/a", &key.seal("/key/a", b"x").expect("sealed"))
                .is_err()
        );
    }
}
