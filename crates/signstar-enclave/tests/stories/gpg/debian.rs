//! Source packages and repositories of Debian.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use super::{Desk, expect_clear_text};
use crate::story::{Outcome, is_installed, program};

const CONTROL: &str = "\
Source: story
Section: misc
Priority: optional
Maintainer: Example Packaging <packages@example.org>
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: story
Architecture: all
Description: story
 One that ends well.
";

const CHANGELOG: &str = "\
story (1) unstable; urgency=medium

  * It begins.

 -- Example Packaging <packages@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
";

const DISTRIBUTIONS: &str = "\
Origin: Example
Codename: story
Architectures: source amd64
Components: main
Description: One that ends well
SignWith: !reprepro-sign
";

fn needs(programs: &[&str]) -> bool {
    programs
        .iter()
        .filter(|program| is_installed(program))
        .count()
        == programs.len()
}

/// A source package, unpacked.
fn source(desk: &Desk) -> PathBuf {
    let folder = desk.story.files().join("story-1");
    fs::create_dir_all(folder.join("debian/source")).expect("folders");
    for (name, text) in [
        ("control", CONTROL),
        ("changelog", CHANGELOG),
        ("source/format", "3.0 (native)\n"),
        ("rules", "#!/usr/bin/make -f\nclean:\n"),
    ] {
        fs::write(folder.join("debian").join(name), text).expect("written");
    }
    let executable = Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("debian/rules"), executable).expect("set");
    folder
}

fn build(desk: &Desk, folder: &Path, signing: &str) -> Outcome {
    let mut build = desk.run("dpkg-buildpackage");
    for name in ["DEB_SIGN_KEYID", "DEB_SIGN_KEYFILE", "DEB_BUILD_OPTIONS"] {
        build.env_remove(name);
    }
    Outcome::of(build.current_dir(folder).args(["-S", "-d", signing]))
}

const SIGNED: [&str; 3] = [
    "story_1.dsc",
    "story_1_source.buildinfo",
    "story_1_source.changes",
];

fn expect_signed(desk: &Desk) {
    for name in SIGNED {
        expect_clear_text(desk, &desk.story.files().join(name));
        assert!(desk.was_signed(name), "{name}");
    }
}

fn is_signed(desk: &Desk, name: &str) -> bool {
    let text = fs::read_to_string(desk.story.files().join(name)).expect("text");
    text.contains("BEGIN PGP")
}

#[test]
fn dpkg_buildpackage_has_everything_signed() {
    if !needs(&["dpkg-buildpackage", "make", "gpg-agent"]) {
        return;
    }
    let desk = Desk::ready();
    let folder = source(&desk);
    build(&desk, &folder, &format!("-k{}", desk.key)).expect(0);
    expect_signed(&desk);
    let verify = Outcome::of(
        desk.run("gpg")
            .args(["--verify"])
            .arg(desk.story.files().join("story_1.dsc")),
    );
    verify.expect(0);
}

#[test]
fn dpkg_buildpackage_fails_without_a_signature() {
    if !needs(&["dpkg-buildpackage", "make", "gpg-agent"]) {
        return;
    }
    let desk = Desk::ready();
    desk.refuse_everything();
    let outcome = build(&desk, &source(&desk), &format!("-k{}", desk.key));
    outcome.expect_failure();
    outcome.expect_complaint("failed to sign");
    assert!(!is_signed(&desk, "story_1.dsc"));
}

#[test]
fn debsign_has_everything_signed() {
    if !needs(&["dpkg-buildpackage", "make", "debsign"]) {
        return;
    }
    let desk = Desk::ready();
    build(&desk, &source(&desk), "--no-sign").expect(0);
    let changes = "story_1_source.changes";
    let debsign = |desk: &Desk| {
        let ours = program("signstar-gpg");
        let mut debsign = desk.run("debsign");
        // The program that DEBSIGN_PROGRAM names as well.
        debsign.arg(format!("-p{}", ours.display()));
        Outcome::of(debsign.args([&format!("-k{}", desk.key), changes]))
    };
    desk.configure(|text| text.replace("outputs = [", "enabled = false\noutputs = ["));
    debsign(&desk).expect_failure();
    assert!(!SIGNED.iter().any(|name| is_signed(&desk, name)));

    desk.configure(|text| text.replace("enabled = false\n", ""));
    debsign(&desk).expect(0);
    expect_signed(&desk);
    let summed = desk
        .run("sha256sum")
        .arg("story_1.dsc")
        .output()
        .expect("it runs");
    let sum = String::from_utf8_lossy(&summed.stdout);
    let sum = sum.split(' ').next().expect("a sum");
    let text = fs::read_to_string(desk.story.files().join(changes)).expect("text");
    assert!(text.contains(sum), "the sums are those of signed files");
}

#[test]
fn reprepro_signs_a_repository() {
    if !needs(&["reprepro"]) {
        return;
    }
    let desk = Desk::ready();
    let base = desk.story.files().join("repository");
    fs::create_dir_all(base.join("conf")).expect("folders");
    fs::write(base.join("conf/distributions"), DISTRIBUTIONS).expect("written");
    let hook = Path::new(env!("CARGO_MANIFEST_DIR")).join("../signstar-gpg/hooks/reprepro-sign");
    symlink(hook, base.join("conf/reprepro-sign")).expect("linked");
    symlink(program("signstar-gpg"), desk.bin().join("signstar-gpg")).expect("linked");
    let export = |desk: &Desk| {
        let mut reprepro = desk.run("reprepro");
        Outcome::of(reprepro.arg("--basedir").arg(&base).arg("export"))
    };
    export(&desk).expect(0);
    let at = |name: &str| base.join("dists/story").join(name);
    expect_clear_text(&desk, &at("InRelease"));
    let verified = desk.gpg.verify_as(&at("Release"), &at("Release.gpg"));
    assert_eq!(verified.expect("good"), desk.key);

    let before = fs::read(at("InRelease")).expect("there");
    desk.refuse_everything();
    let refused = export(&desk);
    refused.expect_failure();
    assert_eq!(fs::read(at("InRelease")).expect("there"), before);
}
