//! AES-256-GCM as the device uses it everywhere: nonce, ciphertext, tag.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::Error;

/// The bytes that sealing adds.
pub(super) const OVERHEAD: usize = 12 + 16;

/// Seals `plain` for `purpose`. The nonce is made here and nowhere else: a repeated one would
/// give everything away.
pub(super) fn seal(key: &[u8; 32], purpose: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let key = cipher(key)?;
    let mut text = Zeroizing::new(Vec::with_capacity(plain.len() + OVERHEAD));
    text.extend_from_slice(plain);
    let nonce = key
        .seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut *text)
        .map_err(|_| Error::Cryptography)?;
    let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
    sealed.extend_from_slice(nonce.as_ref());
    sealed.extend_from_slice(&text);
    Ok(sealed)
}

/// Opens what was sealed for `purpose`; nothing if it was not, or not with this key.
pub(super) fn open(key: &[u8; 32], purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let key = cipher(key).ok()?;
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let mut text = Zeroizing::new(text.to_vec());
    let length = key
        .open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut text)
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}

fn cipher(key: &[u8; 32]) -> Result<RandomizedNonceKey, Error> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Error::Cryptography)
}
