//! What is not to be seen: the secret that is shared, and texts with a share in them.

use std::fmt::{self, Write};

use zeroize::Zeroizing;

/// The most octets of a [`Secret`].
pub const MAX_SECRET: usize = 65_536;

/// What is shared: 1 to [`MAX_SECRET`] octets, erased on drop.
#[expect(
    missing_debug_implementations,
    reason = "a secret has no way to be printed"
)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// These octets, whatever they mean.
    ///
    /// # Errors
    ///
    /// [`BadSecret`] for none, and for more than [`MAX_SECRET`]; they are erased.
    pub fn new(octets: Vec<u8>) -> Result<Self, BadSecret> {
        Self::from_zeroizing(Zeroizing::new(octets))
    }

    pub(crate) fn from_zeroizing(octets: Zeroizing<Vec<u8>>) -> Result<Self, BadSecret> {
        if (1..=MAX_SECRET).contains(&octets.len()) {
            Ok(Self(octets))
        } else {
            Err(BadSecret)
        }
    }

    /// The octets, for the one place that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// A secret has no octets, or too many.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a secret has 1 to {MAX_SECRET} octets")]
pub struct BadSecret;

/// A text with a share in it, erased on drop.
#[expect(
    missing_debug_implementations,
    reason = "a secret has no way to be printed"
)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// An empty text with room for `capacity` octets: to grow would leave a copy behind.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(String::with_capacity(capacity)))
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut String {
        &mut self.0
    }
}

impl Write for SecretText {
    /// Fails when there is no room left.
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.capacity() - self.0.len() < part.len() {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}
