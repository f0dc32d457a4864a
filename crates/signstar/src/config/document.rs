//! The text of a configuration, table by table, with the lines of everything.

use std::{collections::BTreeMap, ops::Range};

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::Mistake;

/// What is never repeated.
const SECRET: &str = "passphrase";
const ITS_PLACE: &str = "write where it is, { file = \"PATH\" } or { systemd-creds = \"PATH\" }; if \
                         this was a real one, take another";

/// A text that is being read, and what was found to be wrong with it.
#[derive(Debug)]
pub(super) struct Document<'t> {
    text: &'t str,
    table: DeTable<'t>,
    mistakes: Vec<Mistake>,
}

impl<'t> Document<'t> {
    /// Begins to read `text`. Mistakes of syntax are noted; what could be made out is read.
    pub(super) fn new(text: &'t str) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut document = Self {
            text,
            table: table.into_inner(),
            mistakes: Vec::new(),
        };
        for error in errors {
            let span = error.span().unwrap_or_default();
            let hint = syntax(error.message(), line_around(text, span.start));
            let line = document.line(span);
            document.note(line, String::new(), error.message().to_owned(), hint);
        }
        document
    }

    /// The line of the deepest part of `place` that there is.
    pub(super) fn line_of(&self, place: &[&str]) -> usize {
        let mut table = Some(&self.table);
        let mut line = 1;
        for part in place {
            let Some((key, value)) = table.and_then(|table| table.get_key_value(*part)) else {
                break;
            };
            line = self.line(key.span());
            table = value.get_ref().as_table();
        }
        line
    }

    /// Whether there is something at `place`, right or wrong.
    pub(super) fn has(&self, place: [&str; 2]) -> bool {
        let [first, second] = place;
        self.table
            .get(first)
            .and_then(|value| value.get_ref().as_table())
            .is_some_and(|table| table.contains_key(second))
    }

    /// Notes a mistake at `place`.
    pub(super) fn mistake(&mut self, place: &[&str], what: String, hint: Option<String>) {
        let line = self.line_of(place);
        self.note(line, place.join("."), what, hint);
    }

    /// All mistakes, in the order of the lines; with a mistake of syntax only those of syntax, as
    /// others may only follow from it.
    pub(super) fn into_mistakes(mut self) -> Vec<Mistake> {
        self.mistakes.sort();
        self.mistakes.dedup();
        if self.mistakes.iter().any(|mistake| mistake.place.is_empty()) {
            self.mistakes.retain(|mistake| mistake.place.is_empty());
        }
        self.mistakes
    }

    /// Notes every name at the top that is none of `known`.
    pub(super) fn only(&mut self, known: &[&str]) {
        let names = self.table.keys().map(|key| key.get_ref().to_string());
        let unknown: Vec<String> = names.filter(|key| !known.contains(&key.as_str())).collect();
        for key in unknown {
            self.mistake(
                &[&key],
                format!("there is no `{key}`"),
                Some(suggestion(&key, known)),
            );
        }
    }

    /// The value at the top called `name`; nothing if it is not there or wrong.
    pub(super) fn value<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.table.get(name)?.clone();
        self.read(&[name], value, &[])
    }

    /// The value at the top called `name`, which has to be there.
    pub(super) fn required<T: DeserializeOwned>(&mut self, name: &str, hint: &str) -> Option<T> {
        if !self.table.contains_key(name) {
            let what = "this is missing".to_owned();
            self.mistake(&[name], what, Some(hint.to_owned()));
        }
        self.value(name)
    }

    /// The tables `[name.NAME]`, those that are right. Each has to have what is in `required`.
    pub(super) fn tables<K, T>(&mut self, name: &str, required: &[&str]) -> BTreeMap<K, T>
    where
        K: Ord + TryFrom<String, Error: std::fmt::Display>,
        T: DeserializeOwned,
    {
        self.tables_by(name, required, Self::read)
    }

    /// The same with `read` in place of [`Self::read`].
    pub(super) fn tables_by<K, T>(
        &mut self,
        name: &str,
        required: &[&str],
        read: impl Fn(&mut Self, &[&str], Spanned<DeValue<'t>>, &[&str]) -> Option<T>,
    ) -> BTreeMap<K, T>
    where
        K: Ord + TryFrom<String, Error: std::fmt::Display>,
    {
        let Some(value) = self.table.get(name).cloned() else {
            return BTreeMap::new();
        };
        let DeValue::Table(tables) = value.into_inner() else {
            let what = format!("this is a table for each name, as in [{name}.NAME]");
            self.mistake(&[name], what, None);
            return BTreeMap::new();
        };
        let mut right = BTreeMap::new();
        for (key, value) in tables {
            let place = [name, key.get_ref().as_ref()];
            let parsed = read(self, &place, value, required);
            match K::try_from(key.get_ref().to_string()) {
                Ok(key) => right.extend(parsed.map(|parsed| (key, parsed))),
                Err(error) => self.mistake(&place, error.to_string(), None),
            }
        }
        right
    }

    /// Reads `value`. Each of its members that is wrong is noted, and left out to find the next.
    pub(super) fn read<T: DeserializeOwned>(
        &mut self,
        place: &[&str],
        mut value: Spanned<DeValue<'t>>,
        required: &[&str],
    ) -> Option<T> {
        let before = self.mistakes.len();
        for name in required {
            let lacks = |table: &DeTable<'_>| !table.contains_key(*name);
            if value.get_ref().as_table().is_some_and(lacks) {
                self.mistake(place, format!("`{name}` is missing"), None);
            }
        }
        loop {
            let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
                Ok(read) if self.mistakes.len() == before => return Some(read),
                Ok(_) => return None,
                Err(error) => error,
            };
            let (mut what, mut hint) = in_our_words(error.message());
            let span = error.span().unwrap_or_default();
            let guilty = value.get_ref().as_table().and_then(|table| {
                let mut members = table.iter();
                members.find_map(|(key, value)| {
                    let inside = holds(&key.span(), &span) || reaches(value, &span);
                    inside.then(|| key.get_ref().to_string())
                })
            });
            match (guilty, value.get_mut()) {
                (Some(key), DeValue::Table(table)) => {
                    let is_text = table
                        .get(key.as_str())
                        .is_some_and(|value| value.get_ref().is_str());
                    if key == SECRET && is_text {
                        // It may be the very thing.
                        "a passphrase does not stand in this file".clone_into(&mut what);
                        hint = Some(ITS_PLACE.to_owned());
                    }
                    let place: Vec<_> = place.iter().copied().chain([key.as_str()]).collect();
                    let line = self.line(span);
                    self.note(line, place.join("."), what, hint);
                    table.remove(key.as_str());
                }
                // Whatever else is wrong with the table as a whole follows from what is noted.
                _ if self.mistakes.len() > before => return None,
                _ => {
                    self.mistake(place, what, hint);
                    return None;
                }
            }
        }
    }

    fn note(&mut self, line: usize, place: String, what: String, hint: Option<String>) {
        // What is wrong may have lines of its own, or move the cursor of a terminal.
        self.mistakes.push(Mistake {
            line,
            place: on_one_line(place),
            what: on_one_line(what),
            hint: hint.map(on_one_line),
        });
    }

    fn line(&self, span: Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        1 + before.filter(|octet| **octet == b'\n').count()
    }
}

/// Whether `inner` begins within `outer`.
fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.contains(&inner.start)
}

/// Whether `span` begins in `value`, or in something that belongs to it, wherever it stands.
fn reaches(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    if holds(&value.span(), span) {
        return true;
    }
    match value.get_ref() {
        DeValue::Table(table) => table
            .iter()
            .any(|(key, value)| holds(&key.span(), span) || reaches(value, span)),
        DeValue::Array(array) => array.iter().any(|value| reaches(value, span)),
        _ => false,
    }
}

/// The line of `text` with the octet at `at`.
fn line_around(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let begin = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(begin..).unwrap_or_default();
    line.lines().next().unwrap_or_default()
}

/// What a person can do about a mistake of syntax in `line`.
fn syntax(message: &str, line: &str) -> Option<String> {
    let hint = if line.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']) {
        "write straight quotes: \"...\""
    } else if message.contains("duplicate key") {
        "this stands here twice: keep one of them"
    } else if message.contains("must be quoted") {
        "write text in quotes: \"...\""
    } else if message.starts_with("invalid basic string") {
        "text ends on its line, with the quotes that it began with"
    } else if message.starts_with("unexpected key or value") {
        "write one NAME = VALUE on a line; several values stand in brackets, as in [\"...\", \"...\"]"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

fn on_one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let shown = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(shown).collect()
}

/// A message of serde, cut in two: what is wrong, and what there is.
fn in_our_words(message: &str) -> (String, Option<String>) {
    let message = message
        .trim_end()
        .replace("a nonzero u16", "a number from 1 to 65535")
        .replace("a nonzero u32", "a number from 1 on")
        .replace("a nonzero u64", "a number from 1 on");
    let Some((what, expected)) = message.split_once(", expected ") else {
        return (message, None);
    };
    if let Some(found) = what.strip_prefix("invalid type: ") {
        return (message.clone(), of_another_type(found, expected));
    }
    if !what.starts_with("unknown ") {
        return (message, None);
    }
    let quoted = |text: &str| -> Vec<String> {
        text.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let known = quoted(expected);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let wrong = quoted(what);
    match (wrong.first(), known.is_empty()) {
        (Some(wrong), false) => (what.to_owned(), Some(suggestion(wrong, &known))),
        _ => (message, None),
    }
}

/// How a value is written that was written as one of another type.
fn of_another_type(found: &str, expected: &str) -> Option<String> {
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    let hint = match (kind, expected) {
        ("string", "a sequence") => format!("write it in brackets: [{value}]"),
        ("string", "a boolean") => "write true or false, without quotes".to_owned(),
        ("string", _) if expected.contains("number") || expected.contains("integer") => {
            "write a number, without quotes".to_owned()
        }
        ("integer" | "float" | "boolean", _) if expected.contains("string") => {
            format!("write it in quotes: \"{}\"", value.trim_matches('`'))
        }
        _ => return None,
    };
    Some(hint)
}

/// The nearest of `known`, if one is near, else all of them.
pub(super) fn suggestion(wrong: &str, known: &[&str]) -> String {
    let distance = |known: &str| strsim::damerau_levenshtein(wrong, known);
    let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '-'], "");
    let nearest = known
        .iter()
        .min_by_key(|known| (plain(known) != plain(wrong), distance(known)));
    match nearest {
        Some(nearest) if distance(nearest) <= 2.max(wrong.chars().count() / 3) => {
            format!("did you mean `{nearest}`?")
        }
        _ => {
            let all: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("there is {}", all.join(", "))
        }
    }
}
