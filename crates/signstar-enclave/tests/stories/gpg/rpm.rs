//! `rpmsign` and who checks its signatures.

use std::fs;

use signstar_enclave::KeyType;

use super::Desk;
use crate::story::{Outcome, is_installed, program};

const SPEC: &str = "\
Name: story
Version: 1
Release: 1
Summary: One that ends well
License: CC0-1.0
BuildArch: noarch
%description
One that ends well.
%files
";

const PACKAGE: &str = "top/RPMS/noarch/story-1-1.noarch.rpm";

fn package(key_type: KeyType) -> Option<Desk> {
    let programs = ["rpmbuild", "rpmsign", "rpmkeys"];
    if programs
        .iter()
        .filter(|program| is_installed(program))
        .count()
        < programs.len()
    {
        return None;
    }
    let desk = Desk::with(key_type);
    let spec = desk.story.file("story.spec", SPEC);
    let top = format!("_topdir {}", desk.story.files().join("top").display());
    let mut build = desk.run("rpmbuild");
    Outcome::of(build.args(["-bb", "--quiet", "--define", &top]).arg(spec)).expect(0);
    Some(desk)
}

fn sign(desk: &Desk) -> Outcome {
    let ours = format!("__gpg {}", program("signstar-gpg").display());
    let name = format!("_gpg_name {}", desk.key);
    let mut sign = desk.run("rpmsign");
    Outcome::of(sign.args(["--define", &ours, "--define", &name, "--addsign", PACKAGE]))
}

/// What `rpmkeys` says of the package when it knows the certificate.
fn check(desk: &Desk) -> Outcome {
    let database = desk.story.path().join("rpmdb");
    let armored = desk.story.path().join("certificate.asc");
    let mut export = desk.gpg.command();
    let certificate = Outcome::of(export.args(["--armor", "--export"]));
    fs::write(&armored, &certificate.stdout).expect("written");
    let keys = || {
        let mut keys = desk.run("rpmkeys");
        keys.arg("--dbpath").arg(&database);
        keys
    };
    Outcome::of(keys().arg("--import").arg(armored)).expect(0);
    Outcome::of(keys().args(["--checksig", "-v", PACKAGE]))
}

#[test]
fn rpmsign_has_packages_signed() {
    for key_type in [KeyType::Rsa2048, KeyType::Curve25519] {
        let Some(desk) = package(key_type) else {
            return;
        };
        sign(&desk).expect(0);
        let outcome = check(&desk);
        outcome.expect(0);
        let id = desk.key[24..].to_lowercase();
        let good = outcome.stdout.lines().any(|line| {
            line.contains("Signature, key ID") && line.contains(&id[8..]) && line.ends_with(": OK")
        });
        assert!(good, "{outcome:#?}");
    }
}

#[test]
fn rpmsign_fails_without_a_signature() {
    let Some(desk) = package(KeyType::Curve25519) else {
        return;
    };
    let before = fs::read(desk.story.files().join(PACKAGE)).expect("there");
    desk.refuse_everything();
    sign(&desk).expect_failure();
    let after = fs::read(desk.story.files().join(PACKAGE)).expect("there");
    assert_eq!(before, after);
}
