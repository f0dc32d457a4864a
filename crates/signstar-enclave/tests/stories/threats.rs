//! The document of threats names tests that exist.

use std::{collections::BTreeSet, fs, path::Path};

/// The names of all functions in the files below `folder`.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            let names = text.lines().filter_map(|line| {
                let (name, _) = line.trim_start().strip_prefix("fn ")?.split_once('(')?;
                Some(name.to_owned())
            });
            found.extend(names);
        }
    }
}

#[test]
fn what_shows_that_a_threat_is_met_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = fs::read_to_string(root.join("docs/threat-model.md")).expect("readable");
    let mut known = BTreeSet::new();
    functions(&root.join("crates"), &mut known);
    let rows: Vec<&str> = document
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| threat "))
        .collect();
    assert!(rows.len() > 20, "{rows:#?}");
    for row in rows {
        let column = row.trim_end_matches(" |").rsplit(" | ").next();
        let column = column.expect("a column");
        if column.contains("cargo deny") {
            continue;
        }
        let names: Vec<&str> = column.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "nothing shows it: {row}");
        for name in names {
            assert!(known.contains(name), "there is no test {name}: {row}");
        }
    }
}
