//! The hash functions of PSS and OAEP.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA224, SHA256, SHA384, SHA512};
use md5::{Digest, Md5};
use nethsm::key::{DecryptMode, SignMode};
use zeroize::Zeroizing;

use super::KeyError;

/// A hash function. All are AWS-LC's but MD5, which it lacks and which proves nothing; who asks for
/// it by name gets what they asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The hash of a PSS mode.
    pub(super) fn of_pss(mode: SignMode) -> Result<Self, KeyError> {
        Ok(match mode {
            SignMode::PssMd5 => Self::Md5,
            SignMode::PssSha1 => Self::Sha1,
            SignMode::PssSha224 => Self::Sha224,
            SignMode::PssSha256 => Self::Sha256,
            SignMode::PssSha384 => Self::Sha384,
            SignMode::PssSha512 => Self::Sha512,
            _ => return Err(KeyError::SignMode),
        })
    }

    /// The hash of an OAEP mode; nothing for other modes.
    pub(super) fn of_oaep(mode: DecryptMode) -> Option<Self> {
        Some(match mode {
            DecryptMode::OaepMd5 => Self::Md5,
            DecryptMode::OaepSha1 => Self::Sha1,
            DecryptMode::OaepSha224 => Self::Sha224,
            DecryptMode::OaepSha256 => Self::Sha256,
            DecryptMode::OaepSha384 => Self::Sha384,
            DecryptMode::OaepSha512 => Self::Sha512,
            _ => return None,
        })
    }

    /// The bytes of its output.
    pub(super) fn length(self) -> usize {
        self.algorithm().map_or(16, digest::Algorithm::output_len)
    }

    /// AWS-LC's own; nothing for MD5.
    pub(super) fn algorithm(self) -> Option<&'static digest::Algorithm> {
        match self {
            Self::Md5 => None,
            Self::Sha1 => Some(&SHA1_FOR_LEGACY_USE_ONLY),
            Self::Sha224 => Some(&SHA224),
            Self::Sha256 => Some(&SHA256),
            Self::Sha384 => Some(&SHA384),
            Self::Sha512 => Some(&SHA512),
        }
    }

    /// Hashes the parts one after the other.
    pub(super) fn of(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self.algorithm() {
            Some(algorithm) => {
                let mut context = digest::Context::new(algorithm);
                for part in parts {
                    context.update(part);
                }
                context.finish().as_ref().to_vec()
            }
            None => {
                let mut context = Md5::new();
                for part in parts {
                    context.update(part);
                }
                context.finalize().to_vec()
            }
        })
    }

    /// MGF1 (RFC 8017 appendix B.2.1): `octets` with the mask of `seed` on or off.
    pub(super) fn masked(self, octets: &[u8], seed: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut masked = Zeroizing::new(octets.to_vec());
        for (counter, block) in (0_u32..).zip(masked.chunks_mut(self.length())) {
            let mask = self.of(&[seed, &counter.to_be_bytes()]);
            for (octet, mask) in block.iter_mut().zip(mask.iter()) {
                *octet ^= mask;
            }
        }
        masked
    }
}
