//! JSON objects in the one spelling that entries have.

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, Error as _, MapAccess, Visitor, value::BorrowedStrDeserializer},
    forward_to_deserialize_any,
};

/// Reads a `T` in one pass from the octets that [`json::line`](crate::json::line) writes for it:
/// an object without white space, whose members stand in the order of their names, with strings
/// that escape nothing but `"` and `\`, and with integers.
///
/// Nothing for all other octets. Why, `serde_json` can tell.
pub(super) fn read<'de, T: Deserialize<'de>>(octets: &'de [u8]) -> Option<T> {
    let mut line = Line(str::from_utf8(octets).ok()?);
    line.take("{").ok()?;
    let members = Members {
        line: &mut line,
        last: "",
    };
    let document = T::deserialize(de::value::MapAccessDeserializer::new(members)).ok()?;
    line.0.is_empty().then_some(document)
}

/// Not in that spelling, or not a `T`.
type Unreadable = de::value::Error;

/// What is not read yet.
struct Line<'de>(&'de str);

impl<'de> Line<'de> {
    fn take(&mut self, expected: &str) -> Result<(), Unreadable> {
        let rest = self.0.strip_prefix(expected);
        self.0 = rest.ok_or_else(unreadable)?;
        Ok(())
    }

    /// What stands up to the octet `end`, which ASCII has.
    fn split(&mut self, end: usize) -> Result<&'de str, Unreadable> {
        let (before, rest) = self.0.split_at_checked(end).ok_or_else(unreadable)?;
        self.0 = rest;
        Ok(before)
    }

    /// A string in which nothing is escaped.
    fn plain(&mut self) -> Result<&'de str, Unreadable> {
        self.take("\"")?;
        let plain = self.split(plain(self.0.as_bytes()))?;
        self.take("\"")?;
        Ok(plain)
    }

    /// A string in which something is escaped, without its first `"`.
    fn escaped(&mut self) -> Result<String, Unreadable> {
        let mut text = String::new();
        loop {
            text.push_str(self.split(plain(self.0.as_bytes()))?);
            if self.take("\"").is_ok() {
                return Ok(text);
            }
            self.take("\\")?;
            let octet = self.split(1)?;
            if !matches!(octet, "\"" | "\\") {
                return Err(unreadable());
            }
            text.push_str(octet);
        }
    }

    fn integer(&mut self) -> Result<u64, Unreadable> {
        let end = self.0.bytes().position(|octet| !octet.is_ascii_digit());
        let digits = self.split(end.ok_or_else(unreadable)?)?;
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(unreadable());
        }
        digits.parse().map_err(|_| unreadable())
    }
}

/// A value.
impl<'de> Deserializer<'de> for &mut Line<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let before = self.0;
        if !before.starts_with('"') {
            return visitor.visit_u64(self.integer()?);
        }
        if let Ok(plain) = self.plain() {
            return visitor.visit_borrowed_str(plain);
        }
        self.0 = before;
        self.take("\"")?;
        visitor.visit_string(self.escaped()?)
    }

    /// A member that is there has a value.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.plain()?))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The members, behind the `{`.
struct Members<'a, 'de> {
    line: &'a mut Line<'de>,
    last: &'de str,
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        if self.line.take("}").is_ok() {
            return Ok(None);
        }
        if !self.last.is_empty() {
            self.line.take(",")?;
        }
        let name = self.line.plain()?;
        // So none is there twice, and none has an empty name.
        if name <= self.last {
            return Err(unreadable());
        }
        self.last = name;
        self.line.take(":")?;
        seed.deserialize(BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, Unreadable> {
        seed.deserialize(&mut *self.line)
    }
}

/// How many octets at the beginning stand for themselves in a string.
fn plain(octets: &[u8]) -> usize {
    let special = |octet: u8| octet < b' ' || octet == b'"' || octet == b'\\';
    // Without leaving early, so that a chunk is looked at at once.
    let is_plain = |chunk: &&[u8; 32]| !chunk.iter().fold(false, |any, &o| any | special(o));
    let (chunks, _) = octets.as_chunks();
    let whole = 32 * chunks.iter().take_while(is_plain).count();
    let rest = octets.iter().skip(whole);
    whole + rest.take_while(|&&octet| !special(octet)).count()
}

fn unreadable() -> Unreadable {
    Unreadable::custom("")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    /// Members of every kind that entries have.
    #[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Thing {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        a_length: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        a_name: Option<String>,
        kind: Kind,
        name: String,
        version: u64,
    }

    #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
    enum Kind {
        #[serde(rename = "k\u{e4}se")]
        Cheese,
        Wine,
    }

    /// The same by the usual reader, and by writing again.
    fn slowly(octets: &[u8]) -> Option<Thing> {
        let thing: Thing = serde_json::from_slice(octets).ok()?;
        (crate::json::line(&thing).as_bytes() == octets).then_some(thing)
    }

    fn any_thing() -> impl Strategy<Value = Thing> {
        let name = prop_oneof!["[a-c\"\\\\/]{0,40}", "[ -~]{0,80}", any::<String>()];
        let kind = prop_oneof![Just(Kind::Cheese), Just(Kind::Wine)];
        let parts = (
            any::<Option<u64>>(),
            proptest::option::of(name.clone()),
            kind,
            name,
            any::<u64>(),
        );
        parts.prop_map(|(a_length, a_name, kind, name, version)| Thing {
            a_length,
            a_name,
            kind,
            name,
            version,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_takes_what_is_written_without_control_characters(thing in any_thing()) {
            let line = crate::json::line(&thing);
            let strings = thing.a_name.iter().chain([&thing.name]);
            let plain = !strings.flat_map(|text| text.bytes()).any(|octet| octet < b' ');
            prop_assert_eq!(read(line.as_bytes()), plain.then_some(thing));
        }

        #[test]
        fn it_takes_nothing_that_would_be_written_in_another_way(
            thing in any_thing(),
            at in any::<prop::sample::Index>(),
            cut in 0..3_usize,
            put in prop_oneof![
                "[\"\\\\{}:, 0-9a-z\n]{0,3}",
                Just(",\"name\":\"\"".to_owned()),
                Just("\\u0041".to_owned()),
                Just("null".to_owned()),
            ],
        ) {
            let mut octets = crate::json::line(&thing).into_bytes();
            let at = at.index(octets.len());
            let end = octets.len().min(at + cut);
            octets.splice(at..end, put.into_bytes());
            if let Some(read) = read::<Thing>(&octets) {
                prop_assert_eq!(Some(read), slowly(&octets));
            }
        }
    }

    #[test]
    fn there_is_one_spelling() {
        let good = r#"{"a-length":10,"a-name":"a\"\\é/","kind":"Wine","name":"","version":0}"#;
        assert_eq!(read(good.as_bytes()), slowly(good.as_bytes()));
        assert!(read::<Thing>(good.as_bytes()).is_some());
        for (from, to) in [
            ("10", "010"),
            ("10", "1e1"),
            ("10", "-0"),
            ("10", ""),
            ("10", "null"),
            ("10", "\"10\""),
            ("10", "99999999999999999999"),
            ("\"a-length\":10,", "\"a-length\":10,\"a-length\":10,"),
            ("\"a-name\"", "\"a\\u002dname\""),
            ("\\\"", "\\u0022"),
            ("\\\\", "\\/"),
            ("\\\\", "\\"),
            ("a\\", "\n\\"),
            ("Wine", "W\\ine"),
            ("Wine", "Beer"),
            ("\"Wine\"", "{\"Wine\":1}"),
            ("\"\"", "1"),
            (",\"version\":0", ""),
            (",\"version\":0", ",\"version\":0,"),
            (",\"version\":0", ",\"version\":0,\"x\":0"),
            (",\"version\":0", ",\"\":0,\"version\":0"),
            ("\"name\":\"\",\"version\":0", "\"version\":0,\"name\":\"\""),
            ("{", "{,"),
            ("{", "["),
            ("{", " {"),
            ("}", "}\n"),
            ("}", ""),
            ("}", "}}"),
            (":", ": "),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(good, bad, "{from} to {to}");
            assert_eq!(read::<Thing>(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(read::<Thing>(b"{}"), None);
        assert_eq!(read::<Thing>(b""), None);
        assert_eq!(read::<Thing>(&good.as_bytes()[..20]), None);
        assert_eq!(
            read::<Thing>(&good.replace('é', "\u{fffd}").into_bytes()[1..]),
            None
        );
        let mut latin = good.as_bytes().to_vec();
        latin[good.find('é').expect("there")] = 0xff;
        assert_eq!(read::<Thing>(&latin), None);
    }
}
