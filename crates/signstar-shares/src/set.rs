//! What all shares of one splitting have in common.

use std::fmt;

use crate::Scheme;

/// The name of a set: 16 octets that follow from its key and scheme, no secret.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SetId(pub(crate) [u8; Self::LENGTH]);

impl SetId {
    pub(crate) const LENGTH: usize = 16;

    /// The octets.
    pub fn as_octets(&self) -> &[u8; 16] {
        &self.0
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetId({self})")
    }
}

/// A set: its name, and how many shares it takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Set {
    pub(crate) id: SetId,
    pub(crate) scheme: Scheme,
}
