//! The name that a client gives its file.

use std::fmt;

/// A file name as alleged by a client: 1 to 255 octets of UTF-8 without control characters and
/// without `/`.
///
/// It is for people who read a journal; no decision about a key depends on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AllegedName(String);

impl AllegedName {
    /// The most octets a name may have, as on the usual file systems.
    pub const MAX_OCTETS: usize = 255;

    /// Takes `name` if it is one, else nothing.
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_OCTETS).contains(&name.len());
        let plain = !name.chars().any(|c| c == '/' || Self::is_deceptive(c));
        (fits && plain).then(|| Self(name.to_owned()))
    }

    /// Whether `c` lets a text lie to its reader: control characters, line and paragraph
    /// separators, and the marks that reorder text (Unicode Standard Annex #9 §2).
    pub fn is_deceptive(c: char) -> bool {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AllegedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::AllegedName;

    #[test]
    fn names_that_lie_to_a_reader_are_no_names() {
        for bad in [
            "",
            "a/b",
            "a\nb",
            "a\u{1b}[2Jb",
            "a\u{202e}gpj.exe",
            &"x".repeat(256),
        ] {
            assert_eq!(AllegedName::new(bad), None, "{bad:?}");
        }
        for good in [
            "x",
            "linux-6.17-1-x86_64.pkg.tar.zst",
            "größe.iso",
            &"x".repeat(255),
        ] {
            assert_eq!(AllegedName::new(good).expect("a name").as_str(), good);
        }
    }
}
