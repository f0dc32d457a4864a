//! What a command answers: JSON for programs, aligned text for people.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nethsm::client::Url;
use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::Failure;

/// What a command answers.
#[derive(Debug)]
pub(crate) struct Answer {
    json: Value,
    text: Text,
}

#[derive(Debug)]
enum Text {
    /// Made from the JSON.
    Derived,
    /// These lines.
    Plain(String),
    /// Nothing in any form: it went to standard output already.
    Gone,
}

/// How an answer is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: lines and aligned tables.
    #[default]
    Text,
    /// For programs: one JSON value.
    Json,
}

impl Answer {
    /// Something that the device told.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        Self {
            // The types of the API have string keys only.
            json: serde_json::to_value(value).unwrap_or_default(),
            text: Text::Derived,
        }
    }

    /// A list of names, one per line.
    pub(crate) fn names<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self::of(&names.collect::<Vec<_>>())
    }

    /// Something was done, to what stands in `about`.
    pub(crate) fn done(what: &str, about: &[(&str, &str)]) -> Self {
        let mut json = json!({ "done": what });
        let mut text = what.to_owned();
        for (index, (name, value)) in about.iter().enumerate() {
            if let Some(object) = json.as_object_mut() {
                object.insert((*name).to_owned(), json!(value));
            }
            text.push_str(if index == 0 { ": " } else { ", " });
            text.push_str(value);
        }
        Self {
            json,
            text: Text::Plain(text),
        }
    }

    /// A JSON value, and what a person is told instead.
    pub(crate) fn told(json: Value, text: String) -> Self {
        Self {
            json,
            text: Text::Plain(text),
        }
    }

    /// A text of several lines, such as PEM.
    pub(crate) fn lines(name: &str, text: &str) -> Self {
        Self {
            json: json!({ name: text }),
            text: Text::Plain(text.trim_end_matches('\n').to_owned()),
        }
    }

    /// Bytes, as base64.
    pub(crate) fn octets(name: &str, octets: &[u8]) -> Self {
        Self::lines(name, &BASE64_STANDARD.encode(octets))
    }

    /// Whatever there was to say is on standard output.
    pub(crate) fn gone() -> Self {
        Self {
            json: Value::Null,
            text: Text::Gone,
        }
    }

    /// Writes it to standard output.
    pub(crate) fn show(&self, format: Format) -> Result<(), Failure> {
        let text = match (&self.text, format) {
            (Text::Gone, _) => return Ok(()),
            (_, Format::Json) => self.json.to_string(),
            (Text::Plain(text), Format::Text) => harmless(text),
            (Text::Derived, Format::Text) => render(&self.json),
        };
        let end = if text.is_empty() { "" } else { "\n" };
        to_stdout(format!("{text}{end}").as_bytes())
    }
}

/// Writes to standard output. That nobody wants to read is no failure.
pub(crate) fn to_stdout(octets: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(octets).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::file("write", "standard output".as_ref(), &error))
        }
        _ => Ok(()),
    }
}

/// What is said beside the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said {
    /// Good to know.
    Note,
    /// Better not to be ignored.
    Warning,
}

/// Says something on standard error, of a device if it is about one: a line for people, an object
/// for programs.
pub(crate) fn say(format: Format, what: Said, text: &str, device: Option<&Url>) {
    let name = match what {
        Said::Note => "note",
        Said::Warning => "warning",
    };
    match format {
        Format::Text => note(&format!("{name}: {text}")),
        Format::Json => {
            let mut said = json!({ "message": text });
            if let (Some(url), Some(said)) = (device, said.as_object_mut()) {
                said.insert("device".to_owned(), json!(url.to_string()));
            }
            note(&json!({ name: said }).to_string());
        }
    }
}

/// Writes one line to standard error.
pub(crate) fn note(line: &str) {
    // Where this cannot be said, nothing can.
    let _ = writeln!(io::stderr(), "{}", harmless(line));
}

/// `text` without anything but line feeds that moves a cursor, colours a screen or reorders
/// letters: some of it comes from elsewhere.
pub(crate) fn harmless(text: &str) -> String {
    let lies = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.replace(lies, "\u{fffd}")
}

fn render(value: &Value) -> String {
    match value {
        Value::Object(object) if object.is_empty() => "none".to_owned(),
        Value::Object(_) => aligned(&fields(value)),
        Value::Array(items) if items.iter().any(Value::is_object) => table(items),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join("\n"),
        other => cell(other),
    }
}

/// The members of an object, those of objects inside as `outer.inner`.
fn fields(value: &Value) -> Vec<Vec<String>> {
    let Some(object) = value.as_object() else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for (name, value) in object {
        if value.is_object() {
            for mut row in fields(value) {
                if let Some(inner) = row.first_mut() {
                    *inner = format!("{name}.{inner}");
                }
                rows.push(row);
            }
        } else {
            rows.push(vec![name.clone(), cell(value)]);
        }
    }
    rows
}

fn table(items: &[Value]) -> String {
    let rows: Vec<_> = items.iter().map(fields).collect();
    let mut names: Vec<String> = Vec::new();
    for name in rows.iter().flatten().filter_map(|field| field.first()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    // What it is called stands first.
    names.sort_by_key(|name| {
        !matches!(
            name.as_str(),
            "id" | "user" | "namespace" | "kind" | "device"
        )
    });
    let heads = names.iter().map(|name| name.to_uppercase()).collect();
    let lines = rows.iter().map(|fields| {
        let value = |name: &String| {
            let found = fields.iter().find(|field| field.first() == Some(name));
            found
                .and_then(|field| field.get(1))
                .cloned()
                .unwrap_or_default()
        };
        names.iter().map(value).collect()
    });
    aligned(
        &[heads]
            .into_iter()
            .chain(lines)
            .collect::<Vec<Vec<String>>>(),
    )
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => harmless(text).replace('\n', " "),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Columns as wide as their widest cell, two spaces between, none at the end.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_lines_and_lists_of_objects_are_tables() {
        let key = json!({"type": "RSA", "public": {"modulus": "AQ=="}, "tags": ["a", "b"]});
        assert_eq!(
            render(&key),
            "public.modulus  AQ==\ntags            a, b\ntype            RSA"
        );
        let list = json!([{"a": 1, "id": "x"}, {"id": "longer"}]);
        assert_eq!(render(&list), "ID      A\nx       1\nlonger");
        assert_eq!(render(&json!([])), "");
    }

    #[test]
    fn what_the_device_says_cannot_draw_on_the_screen() {
        assert_eq!(render(&json!({"a": "\u{1b}[2Jx\ny"})), "a  \u{fffd}[2Jx y");
    }
}
