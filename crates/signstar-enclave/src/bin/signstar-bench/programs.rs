//! The programs themselves: how large they are, and how soon they run.

use std::{fs, process::Command};

use signstar_enclave::program;

use crate::{
    Failed,
    report::Report,
    row::{Row, Unit},
    samples::Samples,
    scale::Scale,
    stage::{Stage, timed},
};

const PROGRAMS: [&str; 9] = [
    "nethsm",
    "signstar-configure",
    "signstar-enclave",
    "signstar-gpg",
    "signstar-log",
    PKCS11,
    "signstar-request-signature",
    "signstar-sign",
    "softnethsm",
];

/// Started by other programs only, with something to do.
const PKCS11: &str = "signstar-pkcs11";

pub(crate) fn measure(_: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    for name in PROGRAMS {
        let path = match program(name) {
            Ok(path) => path,
            Err(reason) => {
                report.skip(name, &reason);
                continue;
            }
        };
        let octets = fs::metadata(&path)?.len();
        let size = octets as f64 / f64::from(1 << 20);
        report.add(Row::once(format!("size of {name}"), Unit::Mebibytes, size));
        if name == PKCS11 {
            continue;
        }
        let mut times = Vec::new();
        for _ in 0..scale.often {
            times.push(timed(Command::new(&path).arg("--version"))? * 1e3);
        }
        if let Some(times) = Samples::new(times) {
            let name = format!("{name} --version");
            report.add(Row::new(name, Unit::Milliseconds, &times));
        }
    }
    Ok(())
}
