//! Paths with parameters: from names to a path, and back to a row and its names.

use crate::call::{Call, Method, Row};
use crate::id::{BadId, KeyId, KeyPrefix, MemberId, NamespaceId, NamespacePrefix, Tag, UserId};
use crate::table::TABLE;

/// What stands in place of the `{...}` of a template.
pub trait Parameters: Sized {
    /// The names in the template, in order.
    const NAMES: &'static [&'static str];

    /// The values, in order, not yet encoded.
    fn texts(&self) -> Vec<&str>;

    /// Reads the values, in order, already decoded.
    ///
    /// # Errors
    ///
    /// [`BadId`] for the first text that is no name; the device answers 400 with
    /// [`BadId::answer`].
    fn read(texts: &[String]) -> Result<Self, BadId>;
}

impl Parameters for () {
    const NAMES: &'static [&'static str] = &[];

    fn texts(&self) -> Vec<&str> {
        Vec::new()
    }

    fn read(_: &[String]) -> Result<Self, BadId> {
        Ok(())
    }
}

fn name<T: std::str::FromStr<Err = BadId>>(texts: &[String], place: usize) -> Result<T, BadId> {
    texts.get(place).map_or("", String::as_str).parse()
}

macro_rules! one {
    ($($name:ident = $text:literal,)+) => { $(
        impl Parameters for $name {
            const NAMES: &'static [&'static str] = &[$text];

            fn texts(&self) -> Vec<&str> {
                vec![self.as_str()]
            }

            fn read(texts: &[String]) -> Result<Self, BadId> {
                name(texts, 0)
            }
        }
    )+ };
}

one! {
    KeyId = "KeyID",
    KeyPrefix = "KeyPrefix",
    MemberId = "MemberID",
    NamespaceId = "NamespaceID",
    NamespacePrefix = "UserID",
    UserId = "UserID",
}

macro_rules! with_tag {
    ($($name:ident = $text:literal,)+) => { $(
        impl Parameters for ($name, Tag) {
            const NAMES: &'static [&'static str] = &[$text, "Tag"];

            fn texts(&self) -> Vec<&str> {
                vec![self.0.as_str(), self.1.as_str()]
            }

            fn read(texts: &[String]) -> Result<Self, BadId> {
                Ok((name(texts, 0)?, name(texts, 1)?))
            }
        }
    )+ };
}

with_tag! {
    KeyId = "KeyID",
    UserId = "UserID",
}

/// The path of a call below [`BASE`](crate::call::BASE), percent-encoded.
///
/// ```
/// use nethsm::path::path_of;
/// use nethsm::table::Sign;
///
/// let key = "packages".parse().expect("a valid name");
/// assert_eq!(path_of::<Sign>(&key), "/keys/packages/sign");
/// ```
pub fn path_of<C: Call>(parameters: &C::Parameters) -> String {
    fill(C::ROW.path, &parameters.texts())
}

fn fill(template: &str, texts: &[&str]) -> String {
    let mut path = String::new();
    let mut texts = texts.iter();
    for segment in segments(template) {
        path.push('/');
        if is_parameter(segment) {
            encode(texts.next().copied().unwrap_or_default(), &mut path);
            if is_prefix(segment) {
                path.push('*');
            }
        } else {
            path.push_str(segment);
        }
    }
    path
}

/// Something that a path leads to: all rows of one template, and the names in the path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resource {
    template: &'static str,
    texts: Vec<String>,
}

impl Resource {
    /// What is at this path, given below [`BASE`](crate::call::BASE), without query, still
    /// percent-encoded. One slash at the end does not matter. A literal goes before a
    /// parameter, and a prefix before a name: neither `/keys/generate` nor `/keys/a*` is a
    /// key. Names are not checked here.
    pub fn at(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let path: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        TABLE
            .iter()
            .filter_map(|row| Some((row, texts(row.path, &path)?)))
            .min_by_key(|(row, texts)| (texts.len(), !row.path.ends_with('*')))
            .map(|(row, texts)| Self {
                template: row.path,
                texts,
            })
    }

    /// The template, for instance `/keys/{KeyID}/sign`.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// The rows of this resource, one per method; never empty.
    pub fn rows(&self) -> impl Iterator<Item = &'static Row> {
        let template = self.template;
        TABLE.iter().filter(move |row| row.path == template)
    }

    /// The row for a method; nothing means 405, and [`Resource::rows`] tells what is allowed.
    pub fn row(&self, method: Method) -> Option<&'static Row> {
        self.rows().find(|row| row.method == method)
    }

    /// The names in the path, for the call that was found.
    ///
    /// # Errors
    ///
    /// [`BadId`] if one of them is no name.
    pub fn parameters<P: Parameters>(&self) -> Result<P, BadId> {
        P::read(&self.texts)
    }

    /// The names in the path, decoded, in order, unchecked.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

/// The texts in place of the parameters, if the path is of this template.
fn texts(template: &str, path: &[&str]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    let mut path = path.iter();
    for expected in segments(template) {
        let found = path.next()?;
        if is_parameter(expected) {
            let mut text = decode(found);
            if is_prefix(expected) {
                text.truncate(text.strip_suffix('*')?.len());
            }
            if text.is_empty() {
                return None;
            }
            texts.push(text);
        } else if expected != *found {
            return None;
        }
    }
    path.next().is_none().then_some(texts)
}

fn segments(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').skip(1)
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

/// Whether any name that starts with the parameter is meant: `{KeyPrefix}*`.
fn is_prefix(segment: &str) -> bool {
    segment.ends_with("}*")
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
pub(crate) fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Undoes percent-encoding. What is no proper encoding of UTF-8 is left as it stands: it
/// holds a `%` then, which no name does.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let Some((byte, after)) = hex_pair(after) else {
            return text.to_owned();
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hex_pair(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], after) = bytes.split_first_chunk()?;
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    Some((u8::try_from(high * 16 + low).ok()?, after))
}
