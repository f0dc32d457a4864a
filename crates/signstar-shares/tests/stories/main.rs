//! What holders of shares and their administrators could tell.

mod holders;
mod joining;
mod pictures;
mod reading;
mod rescue;
mod vectors;

use std::{env, ffi::OsStr, io::Write as _, path::PathBuf, process::Command};

use signstar_shares::{Scheme, SealedBox, Secret, Share, Unreadable, split};

/// A box with `secret`, and its shares.
fn made(secret: &[u8], threshold: u8, count: u8) -> (SealedBox, Vec<Share>) {
    let secret = Secret::new(secret.to_vec()).expect("a secret");
    let scheme = Scheme::new(threshold, count).expect("a scheme");
    split(&secret, scheme, getrandom::fill).expect("randomness")
}

/// The same share once more.
fn again(share: &Share) -> Share {
    read(share.to_text().expose()).expect("its own text")
}

/// What cannot be read, in the words of its error.
fn read(text: &str) -> Result<Share, Unreadable> {
    Share::read(text)
}

/// `spec/` of this repository.
fn spec() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec"))
}

/// Whether a program is there; says so if not.
fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        let _ = writeln!(std::io::stderr(), "SKIPPED: `{program}` is not installed");
    }
    found
}

/// What a program writes on standard output; it has to succeed.
fn output<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {errors}");
    output.stdout
}
