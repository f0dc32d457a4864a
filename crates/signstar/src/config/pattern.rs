//! Patterns for the names of files.

use std::fmt;

use serde::Deserialize;

use super::InvalidName;

/// A pattern for the whole name of a file: `*` stands for any number of characters, `?` for one,
/// everything else for itself. There is no escape.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct NamePattern(Vec<char>);

impl NamePattern {
    /// The most characters a pattern may have.
    pub const MAX_CHARACTERS: usize = 255;

    /// Takes `text` if it can match a name: 1 to 255 characters, without `/` and without control
    /// characters.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let characters: Vec<char> = text.chars().collect();
        let fits = (1..=Self::MAX_CHARACTERS).contains(&characters.len());
        if fits && !text.contains(|c: char| c == '/' || c.is_control()) {
            Ok(Self(characters))
        } else {
            Err(InvalidName::Pattern(text.to_owned()))
        }
    }

    /// Whether all of `name` is as this pattern has it.
    ///
    /// Takes at most as many steps as the product of both lengths.
    pub fn matches(&self, name: &str) -> bool {
        // `reached[n]`: the pattern so far matches the first n characters of the name.
        let name: Vec<char> = name.chars().collect();
        let mut reached: Vec<bool> = std::iter::once(true)
            .chain(name.iter().map(|_| false))
            .collect();
        for &part in &self.0 {
            let mut before = false;
            let mut any = false;
            let steps = std::iter::once(None).chain(name.iter().copied().map(Some));
            for (here, character) in reached.iter_mut().zip(steps) {
                let was = *here;
                any |= was;
                *here = match (part, character) {
                    ('*', _) => any,
                    ('?', Some(_)) => before,
                    (part, Some(character)) => before && part == character,
                    (_, None) => false,
                };
                before = was;
            }
        }
        reached.last() == Some(&true)
    }
}

impl TryFrom<String> for NamePattern {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(&text)
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|c| write!(f, "{c}"))
    }
}

#[cfg(test)]
mod tests {
    use super::NamePattern;

    #[test]
    fn a_pattern_is_for_the_whole_name() {
        for (pattern, name, expected) in [
            ("*.pkg.tar.zst", "linux-6.17-1-x86_64.pkg.tar.zst", true),
            ("*.pkg.tar.zst", "linux.pkg.tar.zst.sh", false),
            ("*.pkg.tar.zst", ".pkg.tar.zst", true),
            ("core.db", "core.db", true),
            ("core.db", "core.db2", false),
            ("core.db", "coreXdb", false),
            ("a?c", "aßc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("**", "", true),
            ("?", "", false),
        ] {
            let found = NamePattern::new(pattern).expect("a pattern").matches(name);
            assert_eq!(found, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = NamePattern::new(&"*a".repeat(127)).expect("a pattern");
        assert!(!pattern.matches(&"a".repeat(126)));
        assert!(pattern.matches(&"a".repeat(255)));
    }

    #[test]
    fn what_no_name_can_match_is_no_pattern() {
        for bad in ["", "a/b", "a\n", &"x".repeat(256)] {
            assert!(NamePattern::new(bad).is_err(), "{bad:?}");
        }
    }
}
