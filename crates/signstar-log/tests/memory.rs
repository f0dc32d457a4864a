//! A log is verified in little memory, however long it and its entries are.

#[path = "../benches/log/built.rs"]
mod built;
#[path = "../benches/log/published.rs"]
mod published;

use std::path::{Path, PathBuf};

use built::{build, forget_peak, peak};
use signstar::log::{Policy, VerifierKey};
use signstar_log::{source::Source, verify};
use tempfile::TempDir;

/// KiB.
const BOUND: u64 = 128 << 10;

/// An entry that is as good as any until its signature is verified.
fn entry(number: u64, digits: usize) -> Vec<u8> {
    let signature = "A".repeat(digits);
    format!(
        "{{\"client\":\"builder\",\"file-sha512\":\"{number:0128x}\",\"hsm-input\":\"AA==\",\
         \"issuer\":\"0000000000000000000000000000000000000000\",\"key\":\"packages\",\
         \"output\":\"OpenPGPv4\",\"signature\":\"{signature}\",\"time\":1767225600,\
         \"version\":1}}"
    )
    .into_bytes()
}

struct Built {
    _folder: TempDir,
    log: PathBuf,
    size: u64,
    policy: Policy,
}

impl Built {
    fn of(size: u64, entry: fn(u64) -> Vec<u8>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let key: VerifierKey = build(&log, size, entry).expect("room on the disk");
        Self {
            _folder: folder,
            log,
            size,
            policy: Policy::of_log(key),
        }
    }

    /// Each story is told in a process of its own, whose memory is that of nothing else.
    fn is_verified_in_little_memory(&self, place: &str) {
        forget_peak();
        let source = Source::new(place).expect("a place");
        let report = verify::verify(&source, &self.policy, &[], |_, _| {}).expect("a log");
        assert!(report.findings.is_empty() && report.strays.is_empty());
        assert_eq!(report.checkpoint.head().size, self.size);
        let peak = peak().expect("Linux");
        assert!(peak < BOUND, "{place}: {peak} KiB");
    }

    fn folder(&self) -> String {
        self.log.display().to_string()
    }
}

fn published(log: &Path) -> String {
    published::publish(log).expect("loopback")
}

/// 200 MiB.
fn long_log() -> Built {
    Built::of(200_000, |number| entry(number, 800))
}

/// 150 MiB in ten bundles, each nearly as long as can be.
fn long_entries() -> Built {
    Built::of(2_560, |number| entry(number, 60_000))
}

#[test]
fn a_log_of_200_mib_is_verified_in_less_than_128() {
    let built = long_log();
    built.is_verified_in_little_memory(&built.folder());
}

#[test]
fn so_it_is_from_a_web_server() {
    let built = long_log();
    built.is_verified_in_little_memory(&published(&built.log));
}

#[test]
fn long_entries_need_no_more() {
    let built = long_entries();
    built.is_verified_in_little_memory(&built.folder());
}

#[test]
fn nor_do_they_from_a_web_server() {
    let built = long_entries();
    built.is_verified_in_little_memory(&published(&built.log));
}
