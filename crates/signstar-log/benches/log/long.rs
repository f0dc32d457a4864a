//! A long log: all of it verified, and proofs made from it.

use std::{
    fs, io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use signstar::log::{Policy, Reader};
use signstar_log::{source::Source, verify};

use crate::{
    Outcome,
    built::{build, forget_peak, peak},
    entry, middle, ms,
    published::publish,
};

/// How often it is verified.
const TIMES: usize = 3;
const PROOFS: u64 = 101;

pub(crate) fn measure(folder: &Path, size: u64, out: &mut impl io::Write) -> Outcome<()> {
    let log = folder.join("long");
    let key = build(&log, size, entry)?;
    let policy = Policy::of_log(key);
    let source = Source::new(&log.display().to_string())?;
    verify_all("folder", &source, &policy, size, out)?;
    let address = publish(&log)?;
    verify_all("HTTP", &Source::new(&address)?, &policy, size, out)?;
    let size = f64::from(u32::try_from(size)?);
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

/// Verifies the log at `source` some times. Over HTTP, the time and memory of the server count, too.
fn verify_all(
    from: &str,
    source: &Source,
    policy: &Policy,
    size: u64,
    out: &mut impl io::Write,
) -> Outcome<()> {
    let mut times = Vec::new();
    forget_peak();
    let before = busy()?;
    for _ in 0..TIMES {
        let begin = Instant::now();
        let report = verify::verify(source, policy, &[], |_, _| {})?;
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
    let of = |what: &str| format!("verify, {from}, {what}");
    writeln!(
        out,
        "{:<38} {rate:>10.0} entries/s",
        of(&format!("{cores} cores"))
    )?;
    writeln!(
        out,
        "{:<38} {per_core:>10.0} entries/s per core",
        of("by time on cores")
    )?;
    writeln!(out, "{:<38} {:>10} KiB", of("most memory"), peak()?)?;
    Ok(())
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
