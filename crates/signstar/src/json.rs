//! JSON documents on one line, and objects that are nothing else.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// `document` on one line, members in the order of their declaration.
#[expect(
    clippy::expect_used,
    reason = "the documents of this crate hold strings, numbers and maps with string keys"
)]
pub(crate) fn line(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("strings and numbers always have a spelling in JSON")
}

/// Reads a `T` from a JSON object alone: `serde` also takes an array of its values for a struct.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}
