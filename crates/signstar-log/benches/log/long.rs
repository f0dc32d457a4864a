//! A long log: all of it verified, and proofs made from it.

use std::{
    fs, io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use signstar::log::{Checkpoint, Edge, File, Policy, Reader, SignedCheckpoint, VerifierKey};
use signstar_log::{CheckpointKey as _, source::Source, verify};

use crate::{Outcome, entry, key, middle, ms};

/// How often it is verified.
const TIMES: usize = 3;
const PROOFS: u64 = 101;

pub(crate) fn measure(folder: &Path, size: u64, out: &mut impl io::Write) -> Outcome<()> {
    let log = folder.join("long");
    let key = build(&log, size)?;
    let policy = Policy::of_log(key);
    let source = Source::new(&log.display().to_string())?;
    let mut times = Vec::new();
    forget_peak();
    let before = busy()?;
    for _ in 0..TIMES {
        let begin = Instant::now();
        let report = verify::verify(&source, &policy, &[], |_, _| {})?;
        times.push(begin.elapsed());
        if !report.findings.is_empty() || report.checkpoint.head().size != size {
            return Err("the log does not verify".into());
        }
    }
    let busy = busy()?.saturating_sub(before);
    let size = f64::from(u32::try_from(size)?);
    let rate = size / middle(times).as_secs_f64();
    let per_core = size * f64::from(u32::try_from(TIMES)?) / busy.as_secs_f64();
    let cores = thread::available_parallelism()?;
    writeln!(
        out,
        "verify, {cores} cores                        {rate:>10.0} entries/s"
    )?;
    writeln!(
        out,
        "verify, by time on cores               {per_core:>10.0} entries/s per core"
    )?;
    writeln!(
        out,
        "verify, most memory                    {:>10} KiB",
        peak()?
    )?;
    let mut times = Vec::new();
    for number in 0..PROOFS {
        let begin = Instant::now();
        let checkpoint = source.checkpoint(&policy)?;
        let index = checkpoint.head().size / PROOFS * number;
        let mut reader = Reader::open(&source, *checkpoint.head())?;
        reader.entry(index)?;
        reader.prove(index)?;
        times.push(begin.elapsed());
    }
    let took = ms(middle(times));
    writeln!(
        out,
        "one proof from {size:<9} entries       {took:>10.2} ms"
    )?;
    Ok(())
}

/// Writes a log at once and without a sync.
fn build(log: &Path, size: u64) -> Outcome<VerifierKey> {
    let (key, verifier) = key(&log.with_extension("key"))?;
    let write = |file: &File| -> io::Result<()> {
        let path = log.join(file.tile.path());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, &file.octets)
    };
    let mut edge = Edge::new();
    let mut outcome = Ok(());
    for number in 0..size {
        edge.append(&entry(number), |file| {
            if outcome.is_ok() {
                outcome = write(&file);
            }
        })?;
    }
    outcome?;
    edge.files().try_for_each(|file| write(&file))?;
    let checkpoint = Checkpoint::new(verifier.name(), edge.head());
    let raw = key
        .sign(checkpoint.to_string().as_bytes())
        .map_err(|_| "the key does not sign")?;
    let signed = SignedCheckpoint::assemble(&checkpoint, &verifier, &raw)?;
    fs::write(log.join("checkpoint"), signed.note().to_string())?;
    Ok(verifier)
}

/// The time that this process had on cores.
fn busy() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may have spaces: user and system time are the 12th and 13th.
    let (_, fields) = stat.rsplit_once(") ").ok_or("no stat")?;
    let mut ticks = 0;
    for field in fields.split(' ').skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    // Linux counts hundredths of a second there.
    Ok(Duration::from_millis(ticks * 10))
}

/// Lets [`peak`] begin anew (proc(5), `clear_refs`). Where that is not allowed, it is too large.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that this process has had, in KiB.
fn peak() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let figure = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(figure.ok_or("no VmHWM")?.trim().parse()?)
}
