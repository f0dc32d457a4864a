//! What the device counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::body::json;

/// What the device counts, by name: `uptime`, `sign`, `http response 200` and so on. What has
/// not happened yet may be missing.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(pub BTreeMap<String, Count>);

impl Metrics {
    /// A count by its name.
    pub fn get(&self, name: &str) -> Option<&str> {
        Some(&self.0.get(name)?.0)
    }
}

/// A number, as the text that the device makes of it. The description promises numbers, which
/// are read too.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Count(pub String);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, as such or as text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Count, E> {
                Ok(Count(text.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Count, E> {
                Ok(Count(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Count, E> {
                Ok(Count(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Count, E> {
                Ok(Count(number.to_string()))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

json!(Metrics);
