//! One append with nothing else to do, and the same files written by hand.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

use signstar::log::Entry;

use crate::{Outcome, entry, middle, ms, open};

const TIMES: u64 = 101;

/// One of ours and one by hand in turn, so that both meet the same machine.
pub(crate) fn measure(folder: &Path, out: &mut impl io::Write) -> Outcome<()> {
    let mut sequencer = open(&folder.join("alone"))?;
    let folder = folder.join("disk");
    fs::create_dir_all(&folder)?;
    let pending = File::create(folder.join("pending"))?;
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for number in 0..TIMES {
        let entry = Entry::parse(&entry(number))?;
        let begin = Instant::now();
        sequencer.append(&[entry])?;
        ours.push(begin.elapsed());
        by_hand.push(write(&folder, &pending, number)?);
    }
    let (ours, by_hand) = (middle(ours), middle(by_hand));
    let ratio = ours.as_secs_f64() / by_hand.as_secs_f64();
    let (ours, by_hand) = (ms(ours), ms(by_hand));
    writeln!(out, "single append / same files by hand     {ratio:>10.2}")?;
    writeln!(
        out,
        "single append                          {ours:>10.2} ms"
    )?;
    writeln!(
        out,
        "same files by hand                     {by_hand:>10.2} ms"
    )?;
    Ok(())
}

/// How long it takes to write and sync what such an append writes: two tiles, the pending record
/// and the checkpoint, one after the other.
fn write(folder: &Path, pending: &File, number: u64) -> Outcome<Duration> {
    let entries = usize::try_from(number)? + 1;
    // Behind its length.
    let bundle = vec![b'x'; entries * (entry(number).len() + 2)];
    let tile = vec![b'x'; entries * 32];
    let checkpoint = vec![b'x'; 200];
    let (first, second) = (format!("e{number}"), format!("h{number}"));
    let files = [
        (&*first, bundle),
        (&*second, tile),
        ("checkpoint", checkpoint),
    ];
    let begin = Instant::now();
    for (name, octets) in files {
        if name == "checkpoint" {
            pending.write_all_at(&[b' '; 512], 0)?;
            pending.sync_data()?;
        }
        let temporary = folder.join(".new");
        let mut file = File::create(&temporary)?;
        file.write_all(&octets)?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(name))?;
        File::open(folder)?.sync_all()?;
    }
    Ok(begin.elapsed())
}
