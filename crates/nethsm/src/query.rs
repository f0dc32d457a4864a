//! What may stand behind the `?` of a path.

use crate::path::{decode, encode};

/// The query of a call: which parameters it has, in both directions.
pub trait Query: Default {
    /// The parameters, in order.
    const NAMES: &'static [&'static str];

    /// The parameters that are given, with their values, not yet encoded.
    fn pairs(&self) -> Vec<(&'static str, &str)>;

    /// Reads what is given, already decoded. As on the device, parameters of other names are
    /// no error, and the first of two counts.
    fn read(pairs: &[(String, String)]) -> Self;
}

/// No parameters.
impl Query for () {
    const NAMES: &'static [&'static str] = &[];

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        Vec::new()
    }

    fn read(_: &[(String, String)]) -> Self {}
}

/// Which keys a list shall have.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyFilter {
    /// `filter`: only keys whose tags let the asking operator use them. Administrators see
    /// all keys in any case.
    pub usable: bool,
    /// `label`: only keys with exactly this label.
    pub label: Option<String>,
}

impl Query for KeyFilter {
    const NAMES: &'static [&'static str] = &["filter", "label"];

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let filter = self.usable.then_some(("filter", ""));
        let label = self.label.as_deref().map(|label| ("label", label));
        filter.into_iter().chain(label).collect()
    }

    /// `filter` counts with any value, none included.
    fn read(pairs: &[(String, String)]) -> Self {
        let value = |wanted: &str| {
            let found = pairs.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        Self {
            usable: value("filter").is_some(),
            label: value("label"),
        }
    }
}

/// The query as it stands in an address: empty, or `?` and what follows, percent-encoded.
///
/// ```
/// use nethsm::query::{self, KeyFilter};
///
/// let filter = KeyFilter { usable: true, label: Some("a b".to_owned()) };
/// assert_eq!(query::write(&filter), "?filter=&label=a%20b");
/// assert_eq!(query::read::<KeyFilter>("filter=&label=a%20b"), filter);
/// ```
pub fn write<Q: Query>(query: &Q) -> String {
    let mut text = String::new();
    for (name, value) in query.pairs() {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

/// Reads the part of an address behind the `?`, still percent-encoded; empty if there is none.
pub fn read<Q: Query>(text: &str) -> Q {
    let pairs: Vec<_> = text
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    Q::read(&pairs)
}
