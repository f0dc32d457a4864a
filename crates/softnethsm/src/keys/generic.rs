//! A Generic key: octets to encrypt with.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptingKey, DecryptionContext, EncryptingKey,
    EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::KeyError;
use crate::random;

/// The bytes of a block of AES.
pub(crate) const BLOCK: usize = 16;

/// Why octets cannot be encrypted or decrypted. The texts are the device's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CipherError {
    #[error("Mirage_crypto: AES.of_secret: key length {0}")]
    Key(usize),
    #[error("Mirage_crypto: CBC: IV length {0}")]
    Vector(usize),
    #[error("Mirage_crypto: CBC: argument length {0} not of block size")]
    Message(usize),
    #[error("Key operation failed")]
    Failed,
}

/// Octets of any number, erased on drop. Whether they are a key of AES is seen when they are used.
pub(crate) struct GenericKey(Zeroizing<Vec<u8>>);

impl GenericKey {
    /// Makes a key of as many bytes as `bits` bits need.
    pub(super) fn generate(bits: u32) -> Result<Self, KeyError> {
        if !(128..=8192).contains(&bits) {
            return Err(KeyError::GenericLength);
        }
        let length = usize::try_from(bits.div_ceil(8)).map_err(|_| KeyError::GenericLength)?;
        let mut octets = Zeroizing::new(vec![0; length]);
        random::fill(&mut octets).map_err(|_| KeyError::Failed)?;
        Ok(Self(octets))
    }

    pub(super) fn from_octets(octets: &[u8]) -> Self {
        Self(Zeroizing::new(octets.to_vec()))
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }

    /// AES-CBC without padding (NIST SP 800-38A §6.2).
    pub(crate) fn encrypt(&self, message: &[u8], iv: &[u8]) -> Result<Vec<u8>, CipherError> {
        let (key, iv) = self.start(message, iv)?;
        let mut octets = message.to_vec();
        // Nothing is encrypted to nothing, which AWS-LC need not be asked.
        if !octets.is_empty() {
            EncryptingKey::cbc(key)
                .and_then(|key| key.less_safe_encrypt(&mut octets, EncryptionContext::Iv128(iv)))
                .map_err(|_| CipherError::Failed)?;
        }
        Ok(octets)
    }

    /// Undoes [`GenericKey::encrypt`].
    pub(crate) fn decrypt(
        &self,
        encrypted: &[u8],
        iv: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let (key, iv) = self.start(encrypted, iv)?;
        let mut octets = Zeroizing::new(encrypted.to_vec());
        if !octets.is_empty() {
            DecryptingKey::cbc(key)
                .and_then(|key| {
                    key.decrypt(&mut octets, DecryptionContext::Iv128(iv))
                        .map(|_| ())
                })
                .map_err(|_| CipherError::Failed)?;
        }
        Ok(octets)
    }

    /// Checks all lengths, in the order of the device.
    fn start(
        &self,
        message: &[u8],
        iv: &[u8],
    ) -> Result<(UnboundCipherKey, FixedLength<BLOCK>), CipherError> {
        let algorithm: &Algorithm = match self.0.len() {
            16 => &AES_128,
            24 => &AES_192,
            32 => &AES_256,
            other => return Err(CipherError::Key(other)),
        };
        let iv: [u8; BLOCK] = iv.try_into().map_err(|_| CipherError::Vector(iv.len()))?;
        if !message.len().is_multiple_of(BLOCK) {
            return Err(CipherError::Message(message.len()));
        }
        let key = UnboundCipherKey::new(algorithm, &self.0).map_err(|_| CipherError::Failed)?;
        Ok((key, FixedLength::from(iv)))
    }
}
