//! What a signature is asked for: a file, known by its hash.

use super::Sha512State;

/// What a request brings along in place of a file.
#[derive(Clone, Debug)]
pub enum Input {
    /// A SHA-512 over the file, still open at its end. For `OpenPGPv6` the salt stands before the
    /// file.
    State(Sha512State),
    /// The digest of the file.
    Digest(Digest),
    /// Nothing, as there is nothing to sign yet.
    Nothing,
}

/// The digest of a file.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Digest {
    /// SHA-256 (FIPS 180-4).
    Sha256([u8; 32]),
    /// SHA-512 (FIPS 180-4).
    Sha512([u8; 64]),
}

/// What a request tells of its file, and the log of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileDigest {
    /// The digest of the file.
    Plain(Digest),
    /// The SHA-512 of the salt of an OpenPGP version 6 signature, followed by the file.
    Salted([u8; 64]),
}

impl FileDigest {
    /// The digest of the file, if it is one.
    pub fn plain(&self) -> Option<Digest> {
        match self {
            Self::Plain(digest) => Some(*digest),
            Self::Salted(_) => None,
        }
    }
}

impl Digest {
    /// Its 32 or 64 octets.
    pub fn as_octets(&self) -> &[u8] {
        match self {
            Self::Sha256(octets) => octets,
            Self::Sha512(octets) => octets,
        }
    }

    /// The name of the hash function in lower case, as `ssh-keygen` and `openssl` spell it.
    pub fn hash_name(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha512(_) => "sha512",
        }
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let octets = hex::encode(self.as_octets());
        write!(f, "{}:{octets}", self.hash_name())
    }
}

impl Input {
    pub(super) const STATE: &'static str = "sha2-0.11-SHA512-state";
    pub(super) const SHA512: &'static str = "SHA512-digest";
    pub(super) const SHA256: &'static str = "SHA256-digest";
    pub(super) const NOTHING: &'static str = "none";

    /// The name of this type in requests.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::State(_) => Self::STATE,
            Self::Digest(Digest::Sha512(_)) => Self::SHA512,
            Self::Digest(Digest::Sha256(_)) => Self::SHA256,
            Self::Nothing => Self::NOTHING,
        }
    }

    /// The open SHA-512, if it is one.
    pub fn state(&self) -> Option<&Sha512State> {
        match self {
            Self::State(state) => Some(state),
            _ => None,
        }
    }

    /// The digest: that which was sent, or the SHA-512 that the state ends in.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::State(state) => Some(Digest::Sha512(state.digest())),
            Self::Digest(digest) => Some(*digest),
            Self::Nothing => None,
        }
    }

    /// The octets that a state was fed with; a digest does not tell.
    pub fn length(&self) -> Option<u64> {
        self.state().map(Sha512State::length)
    }

    /// The octets of `content` in requests.
    pub(super) fn to_octets(&self) -> Vec<u8> {
        match self {
            Self::State(state) => state.to_octets().to_vec(),
            Self::Digest(digest) => digest.as_octets().to_vec(),
            Self::Nothing => Vec::new(),
        }
    }
}

impl From<Sha512State> for Input {
    fn from(state: Sha512State) -> Self {
        Self::State(state)
    }
}

impl From<Digest> for Input {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}
