//! How many of how many: the threshold and the count of shares.

use std::{fmt, str::FromStr};

/// The fewest shares that may be asked for: one would be the key.
pub const MIN_THRESHOLD: u8 = 2;

/// The most shares of a set.
pub const MAX_COUNT: u8 = 16;

/// `threshold` of `count` shares open the box.
///
/// Written `3 of 5`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Scheme {
    threshold: u8,
    count: u8,
}

impl Scheme {
    /// `threshold` of `count`.
    ///
    /// # Errors
    ///
    /// [`BadScheme`] unless [`MIN_THRESHOLD`] ≤ `threshold` ≤ `count` ≤ [`MAX_COUNT`].
    pub fn new(threshold: u8, count: u8) -> Result<Self, BadScheme> {
        if MIN_THRESHOLD <= threshold && threshold <= count && count <= MAX_COUNT {
            Ok(Self { threshold, count })
        } else {
            Err(BadScheme { threshold, count })
        }
    }

    /// How many shares open the box.
    pub fn threshold(self) -> u8 {
        self.threshold
    }

    /// How many shares there are.
    pub fn count(self) -> u8 {
        self.count
    }

    /// Both in one octet (spec/shares.md, Key and set).
    pub(crate) fn to_octet(self) -> u8 {
        (self.threshold - 1) << 4 | (self.count - 1)
    }

    pub(crate) fn from_octet(octet: u8) -> Result<Self, BadScheme> {
        Self::new((octet >> 4) + 1, (octet & 0xf) + 1)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.threshold, self.count)
    }
}

/// Reads what `Display` writes, and nothing else.
impl FromStr for Scheme {
    type Err = BadScheme;

    fn from_str(text: &str) -> Result<Self, BadScheme> {
        let none = BadScheme {
            threshold: 0,
            count: 0,
        };
        let (threshold, count) = text.split_once(" of ").ok_or(none)?;
        let threshold = threshold.parse().map_err(|_| none)?;
        let count = count.parse().map_err(|_| none)?;
        let scheme = Self::new(threshold, count)?;
        if scheme.to_string() == text {
            Ok(scheme)
        } else {
            Err(none)
        }
    }
}

/// A threshold or a count that cannot be; both 0 where there are no such numbers in a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no threshold: {threshold} of {count} shares")]
pub struct BadScheme {
    /// The threshold that was asked for.
    pub threshold: u8,
    /// The count that was asked for.
    pub count: u8,
}

impl BadScheme {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        "the threshold is at least 2, and at most the number of shares, of which there are up to 16"
    }
}
