//! A PKCS#11 module that misbehaves on request, made of C.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles it into `folder`; tells why if that cannot be done here.
pub(crate) fn module(folder: &Path) -> Option<PathBuf> {
    let module = folder.join("misbehaving.so");
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/conformance/misbehaving.c"
    );
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-Wall", "-Wextra", "-O1", "-o"])
        .arg(&module)
        .arg(source)
        .args(["-ldl"])
        .output();
    match output {
        Err(error) => {
            skipped(&format!("there is no C compiler: {error}"));
            None
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{said}");
            Some(module)
        }
    }
}

/// Says that a story is not told, and why.
pub(crate) fn skipped(why: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
}
