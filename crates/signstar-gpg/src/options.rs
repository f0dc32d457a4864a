//! The options of `gpg`: what they are called and whether a value follows.

use std::sync::LazyLock;

/// One line for each: name, kind, letter or `-`, and the name of what it means.
///
/// Facts about GnuPG 2.2 (`gpg --dump-option-table`), with those that 2.4 and 2.5 added.
const TABLE: &str = include_str!("options.txt");

/// Letters without a long name: text mode, and the level of compression.
const LETTERS: [Known; 2] = [
    Known {
        name: "textmode",
        kind: Kind::Flag,
        letter: Some('t'),
        meaning: "textmode",
    },
    Known {
        name: "compress-level",
        kind: Kind::Value,
        letter: Some('z'),
        meaning: "compress-level",
    },
];

static OPTIONS: LazyLock<Vec<Known>> =
    LazyLock::new(|| TABLE.lines().filter_map(Known::parse).collect());

/// An option of `gpg`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Known {
    name: &'static str,
    /// Whether a value follows.
    pub(crate) kind: Kind,
    letter: Option<char>,
    /// One name for all that mean the same.
    pub(crate) meaning: &'static str,
}

/// What follows an option.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Nothing; it says what is to be done.
    Command,
    /// Nothing; it says how.
    Flag,
    /// A value.
    Value,
    /// A value, unless another option follows.
    Optional,
}

/// Why a name is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotOne {
    /// No option begins like this.
    Unknown,
    /// Several options of different meaning begin like this.
    Ambiguous,
}

impl Known {
    fn parse(line: &'static str) -> Option<Self> {
        let mut words = line.split(' ');
        let name = words.next()?;
        let kind = match words.next()? {
            "command" => Kind::Command,
            "flag" => Kind::Flag,
            "value" => Kind::Value,
            "optional" => Kind::Optional,
            _ => return None,
        };
        let letter = words.next()?.chars().next().filter(|letter| *letter != '-');
        let meaning = words.next()?;
        Some(Self {
            name,
            kind,
            letter,
            meaning,
        })
    }

    /// The option called `name`, or the only one that begins so.
    pub(crate) fn long(name: &str) -> Result<Self, NotOne> {
        if let Some(exact) = OPTIONS.iter().find(|option| option.name == name) {
            return Ok(*exact);
        }
        let mut found = OPTIONS
            .iter()
            .filter(|option| !name.is_empty() && option.name.starts_with(name));
        let first = found.next().ok_or(NotOne::Unknown)?;
        if found.all(|other| other.meaning == first.meaning) {
            Ok(*first)
        } else {
            Err(NotOne::Ambiguous)
        }
    }

    /// The option with this letter.
    pub(crate) fn short(letter: char) -> Option<Self> {
        OPTIONS
            .iter()
            .chain(&LETTERS)
            .find(|option| option.letter == Some(letter))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(OPTIONS.len(), TABLE.lines().count());
        assert!(OPTIONS.len() > 400);
        for option in OPTIONS.iter() {
            let meaning = Known::long(option.meaning).expect("an option");
            assert_eq!(meaning.name, option.meaning, "{option:?}");
            assert_eq!(meaning.kind, option.kind, "{option:?}");
        }
    }

    #[test]
    fn a_beginning_will_do_if_it_is_the_only_one() {
        let meaning = |name| Known::long(name).map(|option| option.meaning);
        assert_eq!(meaning("detach"), Ok("detach-sign"));
        assert_eq!(meaning("list-secret-key"), Ok("list-secret-keys"));
        assert_eq!(meaning("list-key"), Ok("list-keys"));
        assert_eq!(meaning("clear"), Ok("clear-sign"));
        assert_eq!(meaning("clearsign"), Ok("clear-sign"));
        assert_eq!(meaning("sign"), Ok("sign"));
        assert_eq!(meaning("no-a"), Err(NotOne::Ambiguous));
        assert_eq!(meaning("status"), Err(NotOne::Ambiguous));
        assert_eq!(meaning("signstar"), Err(NotOne::Unknown));
        assert_eq!(meaning(""), Err(NotOne::Unknown));
    }

    #[test]
    fn letters_are_known() {
        let meaning = |letter| Known::short(letter).map(|option| option.meaning);
        assert_eq!(meaning('b'), Some("detach-sign"));
        assert_eq!(meaning('u'), Some("local-user"));
        assert_eq!(meaning('K'), Some("list-secret-keys"));
        assert_eq!(meaning('t'), Some("textmode"));
        assert_eq!(meaning('Q'), None);
    }
}
