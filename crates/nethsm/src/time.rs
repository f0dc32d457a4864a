//! Points in time, as the device writes them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time on the wire: RFC 3339 in UTC. Written to the second with `Z`; read with
/// any fraction and `Z` or `+00:00`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct DeviceTime(pub Timestamp);

/// Why a text is no time for the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadTime {
    /// Not RFC 3339.
    #[error("a time is written as in RFC 3339, for instance 2026-01-31T12:00:00Z")]
    Format,
    /// Not in UTC.
    #[error("the offset of a time must be 0")]
    Offset,
}

impl BadTime {
    /// The message with which the device refuses such a time.
    pub const fn answer(self) -> &'static str {
        match self {
            Self::Format => "Error while parsing timestamp.",
            Self::Offset => "Error while parsing timestamp. Offset must be 0.",
        }
    }
}

impl FromStr for DeviceTime {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        // jiff reads more than RFC 3339; what it reads beyond that has no date-T-time here.
        if text.as_bytes().get(10) != Some(&b'T') || text.contains('[') {
            return Err(BadTime::Format);
        }
        let time: Timestamp = text.parse().map_err(|_| BadTime::Format)?;
        if text.ends_with('Z') || text.ends_with("+00:00") {
            Ok(Self(time))
        } else {
            Err(BadTime::Offset)
        }
    }
}

impl fmt::Display for DeviceTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.0)
    }
}

impl Serialize for DeviceTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Fails with the very message that the device answers.
impl<'de> Deserialize<'de> for DeviceTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|bad: BadTime| de::Error::custom(bad.answer()))
    }
}
