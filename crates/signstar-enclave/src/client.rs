//! Somebody who may ask for signatures.

use signstar::config::Mechanism;

use crate::KeyType;

/// The namespace of all SSH signatures of an enclave.
pub const SSH_NAMESPACE: &str = "packages@signstar.example";

/// Somebody who may ask for signatures.
#[derive(Clone, Debug)]
pub struct Client {
    /// The name of the client; its key in the HSM and its operator are called the same.
    pub name: String,
    /// The type of its key.
    pub key_type: KeyType,
    /// What its key is for.
    pub purpose: Purpose,
}

/// What a key is for, and so what its client may ask for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Purpose {
    /// `OpenPGPv4`: packages and the like.
    #[default]
    Packages,
    /// `OpenPGPv4`, `OpenPGPv4-text`, `OpenPGPv6` and `SSHSIG` for [`SSH_NAMESPACE`]: all that one
    /// key can make without making the others worthless (`docs/decisions/0008`).
    Everything,
    /// `raw` and nothing else, by a key that has no certificate.
    Raw(Mechanism),
}

impl Client {
    /// A client called `name` with a key of the type `key_type` for [`Purpose::Packages`].
    pub fn new(name: impl Into<String>, key_type: KeyType) -> Self {
        Self {
            name: name.into(),
            key_type,
            purpose: Purpose::default(),
        }
    }

    /// The same with a key for `purpose`.
    #[must_use]
    pub fn with_key_for(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }
}
