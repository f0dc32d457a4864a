//! A package repository beside the log, watched by somebody who trusts neither.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use signstar_enclave::KeyType;

use crate::story::{Outcome, Story, program, signature};

/// A repository with two packages by one client and a database by another, all signed.
struct Watched {
    story: Story,
    packages: [PathBuf; 2],
    database: PathBuf,
}

impl Watched {
    fn begin() -> Self {
        let clients = [
            ("builder", KeyType::Curve25519),
            ("indexer", KeyType::Curve25519),
        ];
        let story = Story::with_clients(&clients);
        let packages = ["one-1-any.pkg.tar.zst", "two-1-any.pkg.tar.zst"]
            .map(|name| story.file(name, format!("content of {name}")));
        let database = story.file("repository.db", "a list of packages");
        story.send("builder", &packages).expect(0);
        story.send("indexer", &[&database]).expect(0);
        Self {
            story,
            packages,
            database,
        }
    }

    fn log(&self, verb: &str) -> Command {
        let log = &self.story.description().log;
        let mut command = self.story.command(&program("signstar-log"));
        command.arg(verb).arg(&log.dir);
        command
    }

    /// `signstar-log monitor` with the repository: its exit status and what it says.
    fn monitor(&self, more: &[&str]) -> (Option<i32>, Value) {
        let outcome = Outcome::of(
            self.log("monitor")
                .arg(&self.story.description().log.vkey)
                .arg("--state")
                .arg(self.story.path().join("seen"))
                .arg("--repository")
                .arg(self.story.files())
                .args(["--output", "json"])
                .args(more),
        );
        let said = serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("{error}: {outcome:#?}"));
        (outcome.code, said)
    }

    /// The counts of signatures in both, of those that are not in the log, and of entries without
    /// a file.
    fn counts(said: &Value) -> [u64; 3] {
        let repository = &said["repository"];
        [
            &repository["matching"],
            &repository["not-in-log"]["count"],
            &repository["without-file"]["count"],
        ]
        .map(|count| count.as_u64().expect("a count"))
    }
}

/// What a list names: the files at its paths, or those of its entries.
fn names(list: &Value) -> Vec<&str> {
    fn name(it: &Value) -> Option<&str> {
        match it.as_str() {
            Some(path) => Path::new(path).file_name()?.to_str(),
            None => it["file-name"].as_str(),
        }
    }
    let list = list.as_array().expect("a list");
    list.iter().map(|it| name(it).expect("a name")).collect()
}

#[test]
fn a_repository_whose_signatures_are_all_in_the_log_is_well() {
    let watched = Watched::begin();
    let (status, said) = watched.monitor(&[]);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(said["state"], "first");
    assert_eq!(said["size"], 3);
    assert_eq!(said["origin"], "signstar.example/log");
    assert_eq!(Watched::counts(&said), [3, 0, 0]);

    // The same again; then with something new, for those who ask.
    assert_eq!(watched.monitor(&["--exit-new"]).0, Some(0));
    let more = watched.story.file("three-1-any.pkg.tar.zst", "three");
    watched.story.send("builder", &[&more]).expect(0);
    let (status, said) = watched.monitor(&["--exit-new"]);
    assert_eq!(status, Some(10), "{said}");
    assert_eq!(said["state"], "grown");
    assert_eq!(names(&said["entries"]), ["three-1-any.pkg.tar.zst"]);
    assert_eq!(Watched::counts(&said), [4, 0, 0]);
}

#[test]
fn signatures_that_are_not_in_the_log_are_wrong() {
    let watched = Watched::begin();
    // One of another enclave, one that is none, and one in a folder below.
    let other = Story::begin();
    let file = other.file("four-1-any.pkg.tar.zst", "four");
    other.send("client1", &[&file]).expect(0);
    let files = watched.story.files();
    fs::create_dir(files.join("old")).expect("a folder");
    fs::copy(
        signature(&file),
        files.join("old/four-1-any.pkg.tar.zst.sig"),
    )
    .expect("copied");
    fs::write(files.join("five.sig"), "no signature").expect("written");
    let (status, said) = watched.monitor(&[]);
    assert_eq!(status, Some(3), "{said}");
    assert_eq!(Watched::counts(&said), [3, 2, 0]);
    let mut found = names(&said["repository"]["not-in-log"]["first"]);
    found.sort_unstable();
    assert_eq!(found, ["five.sig", "four-1-any.pkg.tar.zst.sig"]);

    // For people, too.
    let outcome = Outcome::of(
        watched
            .log("monitor")
            .arg(&watched.story.description().log.vkey)
            .arg("--state")
            .arg(watched.story.path().join("seen"))
            .arg("--repository")
            .arg(&files),
    );
    outcome.expect(3);
    assert!(
        outcome.stdout.contains(
            "repository: 3 signatures in the log, 2 NOT in the log; 0 entries without a file"
        ),
        "{outcome:#?}"
    );
    assert!(
        outcome.stdout.contains("\nnot in the log: "),
        "{outcome:#?}"
    );

    // Where they come from can be mended: with them gone, all is well.
    fs::remove_dir_all(files.join("old")).expect("removed");
    fs::remove_file(files.join("five.sig")).expect("removed");
    assert_eq!(watched.monitor(&[]).0, Some(0));
}

#[test]
fn entries_without_a_file_are_listed_and_are_not_wrong() {
    let watched = Watched::begin();
    fs::remove_file(signature(&watched.packages[1])).expect("removed");
    // Changed and signed anew, the database has another signature; the one before is nowhere.
    fs::write(&watched.database, "a longer list of packages").expect("own file");
    watched
        .story
        .send("indexer", &[&watched.database])
        .expect(0);
    let (status, said) = watched.monitor(&[]);
    assert_eq!(status, Some(0), "{said}");
    let without = &said["repository"]["without-file"];
    assert_eq!(
        names(&without["first"]),
        ["two-1-any.pkg.tar.zst", "repository.db"]
    );
    assert_eq!(Watched::counts(&said), [2, 0, 2]);
}

#[test]
fn signatures_in_the_log_verify_with_the_certificates_of_their_keys() {
    let watched = Watched::begin();
    let verify = |clients: &[&str]| {
        let mut command = watched.log("verify");
        command.arg(&watched.story.description().log.vkey);
        for client in clients {
            let certificate = watched.story.certificate(client);
            command.arg("--certificate").arg(certificate);
        }
        let outcome = Outcome::of(command.args(["--output", "json"]));
        outcome.expect(0);
        let said: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!(said["verified"], true, "{said}");
        [&said["signatures"], &said["other-keys"]].map(|count| count.as_u64().expect("a count"))
    };
    assert_eq!(verify(&[]), [0, 0]);
    assert_eq!(verify(&["builder"]), [2, 1]);
    assert_eq!(verify(&["indexer"]), [1, 2]);
    assert_eq!(verify(&["builder", "indexer"]), [3, 0]);

    // The entries say whose they are.
    let show = |filter: &[&str]| {
        let vkey = &watched.story.description().log.vkey;
        let mut command = watched.log("show");
        command.args(["--vkey", vkey, "--output", "json"]);
        let outcome = Outcome::of(command.args(filter));
        outcome.expect(0);
        outcome.stdout.lines().count()
    };
    assert_eq!(show(&["--client", "builder"]), 2);
    assert_eq!(show(&["--client", "indexer", "--name", "*.db"]), 1);
    assert_eq!(show(&["--client", "indexer", "--name", "*.zst"]), 0);
}

#[test]
fn a_log_that_cannot_be_read_says_nothing_about_a_repository() {
    let watched = Watched::begin();
    let vkey = watched.story.description().log.vkey.clone();
    let monitor = |place: &Path, key: &str| {
        let mut command = watched.story.command(&program("signstar-log"));
        command.arg("monitor").arg(place).arg(key).arg("--state");
        command.arg(watched.story.path().join("elsewhere"));
        command.arg("--repository").arg(watched.story.files());
        Outcome::of(&mut command)
    };
    let log = watched.story.description().log.dir.clone();
    monitor(Path::new("/nowhere"), &vkey).expect(1);
    monitor(&log, "no key").expect(2);
    monitor(&log, &Story::begin().description().log.vkey.clone()).expect(3);
    monitor(&log, &vkey).expect(0);
}
