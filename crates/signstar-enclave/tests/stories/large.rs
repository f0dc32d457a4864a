//! A file that is larger than the memory should be.

use std::{
    fs::{self, File},
    process::Stdio,
    thread::sleep,
    time::Duration,
};

use crate::story::{GnuPg, Outcome, Story, started};

const GIB: u64 = 1 << 30;
/// What the client may need at its peak, in KiB.
const MEMORY: u64 = 64 * 1024;

/// The most memory that the process `pid` has had in RAM so far, in KiB; none if it has ended.
fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_file_of_several_gib_takes_no_more_memory_than_a_small_one() {
    let story = Story::begin();
    let file = story.file("image.iso", "");
    // Sparse: it takes no space on disk.
    File::options()
        .write(true)
        .open(&file)
        .and_then(|file| file.set_len(5 * GIB))
        .expect("a large file");

    let mut sender = story.sender("client1");
    let mut running = started(sender.arg(&file).stdin(Stdio::null()));
    let mut peak = None;
    while running.try_wait().expect("known").is_none() {
        peak = peak_memory(running.id()).or(peak);
        sleep(Duration::from_millis(20));
    }
    Outcome::of_started(running).expect(0);
    let peak = peak.expect("it was looked at");
    assert!(peak < MEMORY, "{peak} KiB");

    assert_eq!(story.journal()[0]["length"], 5 * GIB);
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    gpg.verify(&file).expect("gpg accepts");
}
