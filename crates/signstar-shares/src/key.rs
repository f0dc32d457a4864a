//! The key of a set: what is split, and what boxes are sealed with.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::{Scheme, Secret, SetId, hash::hmac_sha256};

/// 32 uniformly random octets.
pub(crate) struct Key(Zeroizing<[u8; Self::LENGTH]>);

impl Key {
    pub(crate) const LENGTH: usize = 32;
    /// How much longer a sealed secret is.
    pub(crate) const TAG: usize = 16;

    pub(crate) fn new(octets: Zeroizing<[u8; Self::LENGTH]>) -> Self {
        Self(octets)
    }

    pub(crate) fn octets(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The name of the set that this key makes with `scheme`.
    pub(crate) fn set_id(&self, scheme: Scheme) -> SetId {
        let octet = [scheme.to_octet()];
        SetId(*hmac_sha256(&self.0, &[b"signstar-shares 1 set", &octet]))
    }

    /// `secret` sealed for a box with this header, which has a salt that was used for no other.
    pub(crate) fn seal(&self, header: &[u8], secret: &Secret) -> Vec<u8> {
        let mut octets = Zeroizing::new(Vec::with_capacity(secret.expose().len() + Self::TAG));
        octets.extend_from_slice(secret.expose());
        #[expect(
            clippy::expect_used,
            reason = "a secret is far below the limit of the cipher"
        )]
        let tag = self
            .cipher(header)
            .seal_in_place_separate_tag(nonce(), Aad::from(header), &mut octets)
            .expect("at most 64 KiB");
        octets.extend_from_slice(tag.as_ref());
        // The secret has been overwritten in place.
        std::mem::take(&mut *octets)
    }

    /// What was sealed, if nobody changed it or the header.
    pub(crate) fn open(&self, header: &[u8], sealed: &[u8]) -> Option<Secret> {
        let mut octets = Zeroizing::new(sealed.to_vec());
        let length = self
            .cipher(header)
            .open_in_place(nonce(), Aad::from(header), &mut octets)
            .ok()?
            .len();
        octets.truncate(length);
        Secret::from_zeroizing(octets).ok()
    }

    fn cipher(&self, header: &[u8]) -> LessSafeKey {
        let key = hmac_sha256::<32>(&self.0, &[b"signstar-shares 1 box", header]);
        #[expect(clippy::expect_used, reason = "the length is in the type")]
        let key = UnboundKey::new(&CHACHA20_POLY1305, &*key).expect("a key of 32 octets");
        LessSafeKey::new(key)
    }
}

/// The key of a box seals once: its nonce may be fixed.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}
