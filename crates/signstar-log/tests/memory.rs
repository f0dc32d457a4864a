//! A log is verified in little memory, however long it is.

#[path = "../benches/log/built.rs"]
mod built;

use built::{build, forget_peak, peak};
use signstar::log::Policy;
use signstar_log::{source::Source, verify};

/// An entry that is as good as any until its signature is verified, of more than 1,000 octets.
fn entry(number: u64) -> Vec<u8> {
    let signature = "A".repeat(800);
    format!(
        "{{\"client\":\"builder\",\"file-sha512\":\"{number:0128x}\",\"hsm-input\":\"AA==\",\
         \"issuer\":\"0000000000000000000000000000000000000000\",\"key\":\"packages\",\
         \"output\":\"OpenPGPv4\",\"signature\":\"{signature}\",\"time\":1767225600,\
         \"version\":1}}"
    )
    .into_bytes()
}

/// In a process of its own, whose memory is that of nothing else.
#[test]
fn a_log_of_200_mib_is_verified_in_less_than_128() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let size = 200_000;
    let key = build(&log, size, entry).expect("room on the disk");
    forget_peak();
    let source = Source::new(&log.display().to_string()).expect("a folder");
    let report = verify::verify(&source, &Policy::of_log(key), &[], |_, _| {}).expect("a log");
    assert!(report.findings.is_empty() && report.strays.is_empty());
    assert_eq!(report.checkpoint.head().size, size);
    let peak = peak().expect("Linux");
    assert!(peak < 128 << 10, "{peak} KiB");
}
