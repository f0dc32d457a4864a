//! Entries of a log that fit a question.

use std::ops::Range;

use serde::Serialize;
use signstar::{
    log::{CannotRead, Entry, InvalidEntry, Reader, RecordedName, WIDTH},
    request::{Digest, FileDigest},
};

use crate::source::{Source, SourceError};

/// What is asked for. What is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The client, by name or pseudonym.
    pub client: Option<String>,
    /// The label of the key, or its fingerprint in lower case.
    pub key: Option<String>,
    /// The SHA-512 of the file, in lower case, or its beginning.
    pub digest: Option<String>,
    /// A pattern for the name of the file: `*` is any text, `?` any character.
    pub name: Option<String>,
    /// Not before, in seconds since 1970-01-01 00:00 UTC.
    pub since: Option<u64>,
    /// Before, in seconds since 1970-01-01 00:00 UTC.
    pub until: Option<u64>,
}

/// One entry as people and programs read it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// Its number.
    pub index: u64,
    /// What it says, if it is of a version that is understood.
    #[serde(flatten)]
    pub said: Said,
}

/// What an entry says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged, rename_all_fields = "kebab-case")]
pub enum Said {
    /// A signature.
    Signature(Box<Signature>),
    /// Something of a version that is not known here.
    Later {
        /// That version.
        version: u64,
    },
    /// Something that must not be in a log.
    Unreadable {
        /// What is wrong with it.
        error: String,
    },
}

/// What is on record of a signature.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Signature {
    /// When it was granted: seconds since 1970-01-01 00:00 UTC.
    pub time: u64,
    /// Who had it made.
    pub client: String,
    /// The label of the key.
    pub key: String,
    /// The fingerprint of the key.
    pub issuer: String,
    /// The kind of signature, as requests name it.
    pub output: &'static str,
    /// The SHA-512 of the file, if the client sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_sha512: Option<String>,
    /// The SHA-256 of the file, if that is what the client sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_sha256: Option<String>,
    /// The SHA-512 of salt and file, which is all that is known for OpenPGP version 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_salted_sha512: Option<String>,
    /// The name of the file, if it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// The octets of the file, if they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_length: Option<u64>,
    /// The id of the request, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Filter {
    /// Whether `row` is asked for. What is not understood is, unless anything in particular is.
    pub fn takes(&self, row: &Row) -> bool {
        let Said::Signature(signature) = &row.said else {
            return self.is_empty();
        };
        let Signature {
            time,
            client,
            key,
            issuer,
            file_name,
            ..
        } = &**signature;
        let is = |wanted: &Option<String>, said: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == said)
        };
        is(&self.client, client)
            && (is(&self.key, key) || is(&self.key, issuer))
            && self
                .digest
                .as_deref()
                .is_none_or(|digest| row.digest().starts_with(digest))
            && self.name.as_deref().is_none_or(|pattern| {
                file_name
                    .as_deref()
                    .is_some_and(|name| matches(pattern, name))
            })
            && self.since.is_none_or(|since| *time >= since)
            && self.until.is_none_or(|until| *time < until)
    }

    fn is_empty(&self) -> bool {
        let Self {
            client,
            key,
            digest,
            name,
            since,
            until,
        } = self;
        client.is_none()
            && key.is_none()
            && digest.is_none()
            && name.is_none()
            && since.is_none()
            && until.is_none()
    }
}

impl Row {
    /// The digest on record, whatever it is of; empty if there is none.
    pub fn digest(&self) -> &str {
        match &self.said {
            Said::Signature(signature) => [
                &signature.file_sha512,
                &signature.file_sha256,
                &signature.file_salted_sha512,
            ]
            .into_iter()
            .find_map(Option::as_deref)
            .unwrap_or_default(),
            Said::Later { .. } | Said::Unreadable { .. } => "",
        }
    }

    /// Reads entry number `index`.
    pub fn new(index: u64, octets: &[u8]) -> Self {
        let said = match Entry::parse(octets) {
            Ok(entry) => Said::Signature(Box::new(Signature {
                output: entry.output().as_str(),
                time: entry.time(),
                client: entry.client().to_owned(),
                key: entry.key().to_owned(),
                issuer: entry.issuer().to_owned(),
                file_sha512: entry.sha512().map(hex::encode),
                file_sha256: match entry.digest() {
                    FileDigest::Plain(Digest::Sha256(digest)) => Some(hex::encode(digest)),
                    _ => None,
                },
                file_salted_sha512: match entry.digest() {
                    FileDigest::Salted(digest) => Some(hex::encode(digest)),
                    FileDigest::Plain(_) => None,
                },
                file_name: match entry.name() {
                    RecordedName::Plain(name) => Some(name.as_str().to_owned()),
                    _ => None,
                },
                file_length: entry.length(),
                request_id: entry.request_id().map(str::to_owned),
            })),
            Err(InvalidEntry::Version(version)) => Said::Later { version },
            Err(error) => Said::Unreadable {
                error: error.to_string(),
            },
        };
        Self { index, said }
    }
}

/// In which order entries are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// As they were appended.
    OldestFirst,
    /// The other way round.
    NewestFirst,
}

/// Gives each entry in `range` to `take`, until that wants no more (`false`). Each is checked
/// against the head that `reader` was opened with; one bundle is in memory at a time.
pub fn each(
    reader: &mut Reader<&Source>,
    range: Range<u64>,
    order: Order,
    mut take: impl FnMut(u64, &[u8]) -> bool,
) -> Result<(), CannotRead<SourceError>> {
    let width = u64::from(WIDTH);
    let range = range.start..range.end.min(reader.head().size);
    if range.is_empty() {
        return Ok(());
    }
    let bundles = range.start / width..range.end.div_ceil(width);
    let mut one = |index: u64, backwards: bool| {
        let entries = reader.bundle(index)?;
        let numbered = (index * width..)
            .zip(&entries)
            .filter(|(number, _)| range.contains(number));
        let mut numbered: Vec<_> = numbered.collect();
        if backwards {
            numbered.reverse();
        }
        Ok(numbered
            .into_iter()
            .all(|(number, entry)| take(number, entry)))
    };
    match order {
        Order::OldestFirst => {
            for index in bundles {
                if !one(index, false)? {
                    break;
                }
            }
        }
        Order::NewestFirst => {
            for index in bundles.rev() {
                if !one(index, true)? {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Whether `text` is as `pattern` has it. Needs at most as many steps as the product of their
/// lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    // For each beginning of the pattern: whether it is as the text so far.
    let mut fits: Vec<bool> = Vec::with_capacity(pattern.len() + 1);
    fits.push(true);
    for &c in &pattern {
        let before = fits.last() == Some(&true);
        fits.push(before && c == '*');
    }
    for letter in text.chars() {
        let mut next = vec![false];
        for (&c, pair) in pattern.iter().zip(fits.windows(2)) {
            let [before, same] = pair else { continue };
            let longer = next.last() == Some(&true);
            next.push(match c {
                '*' => *same || *before || longer,
                '?' => *before,
                c => *before && c == letter,
            });
        }
        fits = next;
    }
    fits.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "x"),
            ("linux-*.zst", "linux-6.1.zst"),
            ("?inux", "linux"),
            ("*a*b*", "xaybz"),
            ("", ""),
            ("a**b", "ab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "x"),
            ("?", ""),
            ("a*b", "abc"),
            ("*.zst", "linux.zst.sig"),
            ("a?b", "ab"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
