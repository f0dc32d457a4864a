//! `docs/configuration.md` says what the documentation of the types says.

use std::{env, fmt::Write as _, fs, path::Path};

/// A heading, the file in `src/config`, and the type that is read there.
const TABLES: [(&str, &str, &str); 18] = [
    ("At the top", "mod.rs", "Config"),
    ("`[limits]`", "mod.rs", "Limits"),
    ("`[log]`", "log.rs", "PublicLog"),
    ("`[hsm.NAME]`, a NetHSM", "hsm.rs", "Written"),
    ("One of `devices`", "hsm.rs", "Device"),
    ("`network` of a device", "hsm.rs", "DeviceNetwork"),
    ("`time` of an HSM", "hsm.rs", "TimeServer"),
    ("`logging` of an HSM", "hsm.rs", "Logging"),
    ("`metrics` of an HSM", "hsm.rs", "Account"),
    (
        "`[hsm.NAME]`, a token behind PKCS#11",
        "pkcs11.rs",
        "Written",
    ),
    ("`[hsm.NAME]`, a YubiHSM2", "yubihsm2.rs", "Written"),
    ("`[key.NAME]`", "key.rs", "Key"),
    ("`[client.NAME]`", "client.rs", "ClientRules"),
    ("`[user.NAME]`", "user.rs", "Written"),
    ("`[host]`", "host.rs", "Host"),
    ("`[administration]`", "administration.rs", "Written"),
    ("A passphrase", "key.rs", "Credential"),
    (
        "`journal`, if not in a file of its own",
        "mod.rs",
        "Journal",
    ),
];
const WORDS: [(&str, &str, &str); 7] = [
    ("`identity`", "mod.rs", "Identity"),
    ("`file-names`, `log-file-names`", "log.rs", "FileNames"),
    ("`order`", "hsm.rs", "Order"),
    ("`boot`", "hsm.rs", "Boot"),
    ("`level` of `logging`", "hsm.rs", "LogLevel"),
    ("`raw`", "key.rs", "Mechanism"),
    (
        "`credentials` of `[administration]`",
        "administration.rs",
        "Kind",
    ),
];
const INTRODUCTION: &str = "# Configuration, key by key

Made from the documentation of the types that read it; `SIGNSTAR_WRITE_DOCS=1 cargo test -p signstar
--test reference` makes it anew. What is refused, and examples, are in
[spec/configuration.md](../spec/configuration.md); `signstar-configure check` tells what is wrong
with a file, and in which line.
";

/// One key of a table, or one word.
struct Entry {
    name: String,
    is_required: bool,
    text: String,
}

/// The entries of a type, as its source has them.
fn entries(file: &str, name: &str) -> Vec<Entry> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/config")
        .join(file);
    let source = fs::read_to_string(&path).expect("there");
    let lines: Vec<_> = source.lines().collect();
    let begins = |line: &&str| {
        let line = line.trim_start_matches("pub ");
        line == format!("struct {name} {{") || line == format!("enum {name} {{")
    };
    let start = lines.iter().position(begins).expect("such a type");
    let attributes = lines
        .iter()
        .take(start)
        .rev()
        .take_while(|line| line.starts_with('#'));
    let all_have_defaults = attributes
        .clone()
        .any(|line| line.contains("serde(default"));
    let mut entries = Vec::new();
    let (mut text, mut renamed, mut has_default) = (String::new(), None, all_have_defaults);
    for line in lines
        .iter()
        .skip(start + 1)
        .take_while(|line| **line != "}")
    {
        let line = line.trim();
        if let Some(words) = line.strip_prefix("///") {
            text = format!("{text}{words}");
        } else if line.starts_with("#[serde(") {
            has_default |= line.contains("default");
            let name = line
                .split_once("rename = \"")
                .and_then(|(_, rest)| rest.split_once('"'));
            renamed = name.map(|(name, _)| name.to_owned()).or(renamed);
        } else if let Some(end) = line.find([':', '(', ',']) {
            let field = line.get(..end).expect("found").trim_start_matches("pub ");
            let is_optional = line.contains("Option<") || !line.contains(':');
            assert!(
                !text.is_empty(),
                "{file}: {name}: `{field}` has no documentation"
            );
            entries.push(Entry {
                name: renamed.take().unwrap_or_else(|| kebab(field)),
                is_required: !is_optional && !has_default,
                text: std::mem::take(&mut text).trim().to_owned(),
            });
            has_default = all_have_defaults;
        }
    }
    assert!(!entries.is_empty(), "{file}: {name}");
    entries
}

/// As serde writes it.
fn kebab(name: &str) -> String {
    let mut words = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            words.push('-');
        }
        words.push(if letter == '_' {
            '-'
        } else {
            letter.to_ascii_lowercase()
        });
    }
    words
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (heading, file, name) in TABLES {
        write!(page, "\n## {heading}\n\n| key | | |\n|---|---|---|\n").expect("a text");
        for entry in entries(file, name) {
            // The types count several, the file names one at a time.
            let key = match (name, entry.name.as_str()) {
                ("Config", "hsms") => "hsm",
                ("Config", "keys") => "key",
                ("Config", "clients") => "client",
                ("Config", "users") => "user",
                (_, key) => key,
            };
            let is_given = ["domain", "log"].contains(&key);
            let required = if entry.is_required && (name != "Config" || is_given) {
                "required"
            } else {
                ""
            };
            writeln!(page, "| `{key}` | {required} | {} |", entry.text).expect("a text");
        }
    }
    page += "\n## Words\n";
    for (heading, file, name) in WORDS {
        write!(page, "\n{heading}:\n\n").expect("a text");
        for entry in entries(file, name) {
            writeln!(page, "- `\"{}\"`: {}", entry.name, entry.text).expect("a text");
        }
    }
    page
}

#[test]
fn the_reference_says_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = page();
    if env::var_os("SIGNSTAR_WRITE_DOCS").is_some() {
        fs::write(&path, &page).expect("written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/configuration.md is out of date: SIGNSTAR_WRITE_DOCS=1 cargo test -p signstar --test reference"
    );
}

#[test]
fn every_key_of_a_good_file_is_in_it() {
    let page = page();
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/configurations/good");
    for file in fs::read_dir(good).expect("there").flatten() {
        if file.path().extension().is_none_or(|end| end != "toml") {
            continue;
        }
        for line in fs::read_to_string(file.path()).expect("there").lines() {
            let Some((key, _)) = line.split_once(" = ") else {
                continue;
            };
            let is_plain = key
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '-');
            if is_plain && !key.is_empty() {
                assert!(page.contains(&format!("| `{key}` |")), "`{key}`");
            }
        }
    }
}
