//! What a key is given to sign, made from a file.

use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::{
    Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA224, SHA256, SHA384, SHA512,
};
use nethsm::key::{KeyType, SignMode};

use crate::failure::Failure;
use crate::file::open;

/// A digest algorithm, under the name that `--hash` has for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &SHA224,
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }

    /// Bytes of a digest.
    pub(crate) fn length(self) -> usize {
        self.algorithm().output_len()
    }

    /// What stands before the digest in a DER `DigestInfo` (RFC 8017 §9.2, note 1).
    fn digest_info(self) -> &'static [u8] {
        match self {
            Self::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
            Self::Sha224 => {
                b"\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c"
            }
            Self::Sha256 => {
                b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
            }
            Self::Sha384 => {
                b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
            }
            Self::Sha512 => {
                b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
            }
        }
    }

    /// The hash of a whole file, read once; `-` is standard input.
    pub(crate) fn of_file(self, path: &Path) -> Result<Vec<u8>, Failure> {
        let mut context = Context::new(self.algorithm());
        let mut from = open(path)?;
        let mut block = vec![0; 1 << 16];
        loop {
            match from.read(&mut block) {
                Ok(0) => break,
                Ok(length) => context.update(block.get(..length).unwrap_or_default()),
                Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(Failure::file("read", path, &cause)),
            }
        }
        Ok(context.finish().as_ref().to_vec())
    }
}

/// What a mode wants to be given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// The message itself.
    Message,
    /// A digest, made with this.
    Digest(Hash),
    /// A `DigestInfo` around a digest made with this, or with another if a person says so.
    DigestInfo(Hash),
    /// An MD5 digest, which is not made here.
    Md5,
}

/// What a mode wants with a key of this type.
pub(crate) fn wanted(mode: SignMode, key_type: KeyType) -> Wanted {
    match mode {
        SignMode::Pkcs1 => Wanted::DigestInfo(Hash::Sha512),
        SignMode::PssMd5 => Wanted::Md5,
        SignMode::PssSha1 => Wanted::Digest(Hash::Sha1),
        SignMode::PssSha224 => Wanted::Digest(Hash::Sha224),
        SignMode::PssSha256 => Wanted::Digest(Hash::Sha256),
        SignMode::PssSha384 => Wanted::Digest(Hash::Sha384),
        SignMode::PssSha512 => Wanted::Digest(Hash::Sha512),
        SignMode::EdDsa | SignMode::Bip340 => Wanted::Message,
        // As many bytes as the order of the curve has, P-521 the longest digest there is.
        SignMode::Ecdsa => Wanted::Digest(match key_type {
            KeyType::EcP384 | KeyType::BrainpoolP384 => Hash::Sha384,
            KeyType::EcP521 | KeyType::BrainpoolP512 => Hash::Sha512,
            _ => Hash::Sha256,
        }),
    }
}

/// The octets for the device, from a digest.
pub(crate) fn framed(
    wanted: Wanted,
    hash: Option<Hash>,
    digest: &[u8],
) -> Result<Vec<u8>, Failure> {
    let (expected, info) = match wanted {
        Wanted::Message => return Ok(digest.to_vec()),
        Wanted::Md5 => (16, None),
        Wanted::Digest(hash) => (hash.length(), None),
        Wanted::DigestInfo(usual) => {
            let hash = hash.unwrap_or(usual);
            (hash.length(), Some(hash.digest_info()))
        }
    };
    if digest.len() != expected {
        return Err(Failure::usage(
            format!("the digest has {} bytes, not {expected}", digest.len()),
            "give the digest that belongs to --mode, and to --hash for PKCS1",
        ));
    }
    Ok([info.unwrap_or_default(), digest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Hash; 5] = [
        Hash::Sha1,
        Hash::Sha224,
        Hash::Sha256,
        Hash::Sha384,
        Hash::Sha512,
    ];

    #[test]
    fn a_digest_info_says_how_long_it_is() {
        for hash in ALL {
            let info =
                framed(Wanted::DigestInfo(hash), None, &vec![7; hash.length()]).expect("fits");
            assert_eq!(usize::from(info[1]) + 2, info.len(), "{hash:?}");
            assert_eq!(
                usize::from(hash.digest_info()[hash.digest_info().len() - 1]),
                hash.length()
            );
        }
    }

    #[test]
    fn a_digest_of_the_wrong_length_is_not_sent() {
        framed(Wanted::Digest(Hash::Sha256), None, &[0; 64]).expect_err("too long");
        framed(
            Wanted::DigestInfo(Hash::Sha512),
            Some(Hash::Sha256),
            &[0; 32],
        )
        .expect("as said");
    }

    #[test]
    fn the_hash_of_a_file_is_the_usual_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").expect("written");
        let digest = Hash::Sha256.of_file(&path).expect("read");
        assert!(hex::encode(digest).starts_with("ba7816bf8f01cfea"));
    }
}
