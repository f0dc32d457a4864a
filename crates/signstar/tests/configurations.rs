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
        let expected = read(&path.with_extension("txt"));
        assert_eq!(format!("{error}\n"), expected, "{}", path.display());
    }
}

#[test]
fn whatever_line_is_left_out_there_is_an_answer_with_lines_of_the_file() {
    for path in [files("good"), files("bad")].concat() {
        let text = read(&path);
        let lines: Vec<_> = text.lines().collect();
        for left_out in 0..lines.len() {
            let (before, after) = lines.split_at(left_out);
            let rest = [before, after.get(1..).unwrap_or_default()].concat();
            let Err(error) = Config::parse_for_host(&rest.join("\n")) else {
                continue;
            };
            assert!(!error.mistakes().is_empty(), "{}", path.display());
            for mistake in error.mistakes() {
                let is_there = (1..=rest.len().max(1)).contains(&mistake.line);
                assert!(is_there, "{}: {mistake}", path.display());
                assert!(!mistake.what.contains(char::is_control), "{mistake}");
            }
        }
    }
}
