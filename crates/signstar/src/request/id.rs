//! What a client calls its request.

use std::fmt;

/// The name of a request, so that a client can ask again for the same: 1 to 64 of `A-Z`, `a-z`,
/// `0-9`, `.`, `_` and `-`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(String);

impl RequestId {
    /// The most octets it may have.
    pub const MAX_OCTETS: usize = 64;

    /// Takes `text` if it is one, else nothing.
    pub fn new(text: &str) -> Option<Self> {
        let is_known = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        let fits = (1..=Self::MAX_OCTETS).contains(&text.len());
        (fits && text.bytes().all(is_known)).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
