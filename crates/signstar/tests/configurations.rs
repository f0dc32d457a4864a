//! The configurations of `spec/vectors/configurations`, every one of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use signstar::config::Config;

/// The files `*.toml` in a folder of the vectors, in the order of their names.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../spec/vectors/configurations")
        .join(folder);
    let entries = fs::read_dir(&folder).expect("the folder is there");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn good_configurations_are_taken() {
    let files = files("good");
    assert!(files.len() >= 6);
    for path in files {
        let text = read(&path);
        Config::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Config::parse_for_host(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

#[test]
fn all_that_is_wrong_with_bad_ones_is_told_in_these_words() {
    let files = files("bad");
    assert!(files.len() >= 16);
    for path in files {
        let error = Config::parse_for_host(&read(&path)).expect_err(&path.display().to_string());
            fs::write(path.with_extension("txt"), format!("{error}\n")).expect("w");
        }
        let expected = read(&path.with_extension("txt"));
        assert_eq!(format!("{error}\n"), expected, "{}", path.display());
    }
}
