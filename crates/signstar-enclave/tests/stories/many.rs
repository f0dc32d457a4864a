//! Many files, and files with names of all kinds.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::{Path, PathBuf},
};

use signstar_enclave::{HsmKind, KeyType};

use crate::story::{GnuPg, Outcome, Story, packagers, signature};

/// How many connections the enclave has let in so far.
fn connections(story: &Story) -> usize {
    let log = fs::read_to_string(story.home().join("sshd.log")).expect("a log");
    log.lines()
        .filter(|line| line.contains("Accepted publickey"))
        .count()
}

#[test]
fn many_files_take_one_connection() {
    one_connection(HsmKind::SoftNetHsm);
}

#[test]
fn many_files_take_one_connection_with_a_token() {
    one_connection(HsmKind::SoftHsm2);
}

#[test]
fn many_files_take_one_connection_with_a_yubihsm2() {
    one_connection(HsmKind::YubiHsmMock);
}

fn one_connection(hsm: HsmKind) {
    let Some(story) = Story::on(hsm, packagers(&[("client1", KeyType::Curve25519)])) else {
        return;
    };
    let files: Vec<PathBuf> = (0..300)
        .map(|n| story.file(format!("{n:03}.pkg.tar.zst"), format!("package {n}\n")))
        .collect();
    assert_eq!(connections(&story), 0);
    let sent = story.send("client1", &files);
    sent.expect(0);
    assert_eq!(connections(&story), 1);
    assert_eq!(story.journal().len(), files.len());
    story.check("client1", &files).expect(0);

    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for file in &files {
        gpg.verify(file).expect("gpg accepts");
    }
    // Each is a signature of its own file.
    gpg.verify_as(&files[0], &signature(&files[1]))
        .expect_err("gpg refuses");
}

#[test]
fn a_file_may_be_empty_and_have_any_name() {
    let story = Story::begin();
    let names: [&[u8]; 9] = [
        b"empty",
        b"with spaces  and more",
        b"with 'single' and \"double\" quotes; $(id) `id` \\",
        b"with\nnew\tlines\r\n",
        "Größe-日本語-🦀".as_bytes(),
        b"not-utf-8-\xff\xfe",
        b"-o",
        b"*?[a]%h~",
        b"\x1b[31mred",
    ];
    let files: Vec<PathBuf> = names
        .iter()
        .map(|name| {
            let content: &[u8] = if *name == b"empty" { b"" } else { name };
            story.file(OsStr::from_bytes(name), content)
        })
        .collect();
    let sent = story.send("client1", &files);
    sent.expect(0);
    assert!(!sent.stderr.contains('\x1b'), "{sent:#?}");
    assert!(!sent.stdout.contains('\x1b'), "{sent:#?}");
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for file in &files {
        gpg.verify(file).expect("gpg accepts");
    }
    story.check("client1", &files).expect(0);
    // Whatever names do to a journal, it has one line for each file.
    assert_eq!(story.journal().len(), files.len());
}

#[test]
fn signatures_can_go_into_a_folder_of_their_own() {
    let story = Story::begin();
    let folders = ["core", "extra", "signatures"].map(|name| story.files().join(name));
    for folder in &folders {
        fs::create_dir(folder).expect("a folder");
    }
    let files = [story.file("core/a", "a"), story.file("extra/b", "b")];
    let mut sender = story.sender("client1");
    sender.arg("--output-dir").arg(&folders[2]).args(&files);
    Outcome::of(&mut sender).expect(0);
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for (file, name) in files.iter().zip(["a.sig", "b.sig"]) {
        gpg.verify_as(file, &folders[2].join(name))
            .expect("gpg accepts");
        assert!(!signature(file).exists());
    }

    // Relative names are relative to where the client runs.
    let mut sender = story.sender("client1");
    Outcome::of(sender.args(["core/a", "./extra/b", "--armor"])).expect(0);
    for file in &files {
        let armored = PathBuf::from(format!("{}.asc", file.display()));
        gpg.verify_as(file, &armored).expect("gpg accepts");
    }
}

#[test]
fn the_good_files_are_signed_whatever_the_others_are() {
    let story = Story::begin();
    let missing = story.files().join("missing");
    let folder = story.files().join("folder");
    fs::create_dir(&folder).expect("a folder");
    // A regular file that opens, and fails when it is read, whoever reads it.
    let unreadable = story.files().join("unreadable");
    symlink("/proc/self/mem", &unreadable).expect("a link");
    let good = [story.file("first", "first"), story.file("last", "last")];

    let all: [&Path; 5] = [&good[0], &missing, &folder, &unreadable, &good[1]];
    let sent = story.send("client1", &all);
    sent.expect(1);
    for bad in [&missing, &folder, &unreadable] {
        sent.expect_complaint(&bad.display().to_string());
        assert!(!signature(bad).exists());
    }
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for file in &good {
        gpg.verify(file).expect("gpg accepts");
    }
    assert_eq!(story.journal().len(), good.len());

    let sent = story.send("client1", &[&missing]);
    sent.expect(1);
    assert_eq!(
        connections(&story),
        1,
        "nothing to ask for, nobody to connect to"
    );
}
