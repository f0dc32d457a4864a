//! A box that is opened without this program.

use std::{fs, process::Command};

use crate::{is_installed, made, output, spec};

#[test]
fn another_implementation_opens_our_boxes() {
    if !is_installed("python3") {
        return;
    }
    let script = spec().join("vectors/shares.py");
    let folder = tempfile::tempdir().expect("a folder");
    let secret: Vec<u8> = (0..=255).cycle().take(1000).collect();
    for (threshold, count) in [(2, 2), (3, 5), (7, 9), (16, 16)] {
        let (sealed, shares) = made(&secret, threshold, count);
        let file = folder.path().join("box");
        fs::write(&file, sealed.to_string()).expect("writable");
        let mut arguments = vec![script.clone(), "open".into(), file];
        // The last ones, in turns as text and as words.
        for share in shares.iter().rev().take(threshold.into()) {
            let index = share.index();
            let form = if index % 2 == 0 {
                share.to_text()
            } else {
                share.to_words()
            };
            let file = folder.path().join(format!("share-{index}"));
            fs::write(&file, form.expose()).expect("writable");
            arguments.push(file);
        }
        assert_eq!(output("python3", &arguments), secret);
        arguments.pop();
        let refused = Command::new("python3")
            .args(&arguments)
            .output()
            .expect("it starts");
        assert_eq!(refused.stderr, b"error: too-few\n");
    }
}

#[test]
fn the_vectors_are_those_of_their_independent_maker() {
    if is_installed("python3") {
        output(
            "python3",
            [
                spec().join("vectors/shares.py").as_os_str(),
                "--check".as_ref(),
            ],
        );
    }
}
