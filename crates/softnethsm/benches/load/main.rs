//! How much a server in a process of its own can sign, how soon it is ready, what it keeps in memory.
//!
//! `cargo bench -p softnethsm --bench load`; `docs/benchmarks.md` says how to read the figures.

mod ceiling;
mod connections;
mod server;
mod work;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::connections::{Connections, Outcome, Until};
use crate::server::Running;
use crate::work::{ADMIN, OPERATOR, Work};

type Failed = Box<dyn Error + Send + Sync>;

/// So many starts are timed.
const STARTS: usize = 7;

fn main() -> Result<(), Failed> {
    // Only `cargo bench` says this: a test runner that starts all targets measures nothing.
    if !env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let seconds = number("BENCH_SECONDS", 10)?;
    let keys = number("BENCH_KEYS", 10_000)?;
    let cores = available_parallelism()?.get();
    let mut out = io::stdout().lock();
    let threads = connections::threads(cores);
    writeln!(
        out,
        "{cores} cores, shared by the server, {threads} thread(s) of the client and whatever else \
         runs; {} connections, {seconds} s per line\n",
        connections::CONNECTIONS
    )?;

    let folder = tempfile::tempdir()?;
    let running = Running::start(folder.path())?;
    work::set_up(&running)?;
    signatures(&mut out, &running, cores, Duration::from_secs(seconds))?;
    many_keys(&mut out, running, keys)
}

/// A whole number above zero from the environment.
fn number(name: &str, usual: u64) -> Result<u64, Failed> {
    let Ok(text) = env::var(name) else {
        return Ok(usual);
    };
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{name} is not a number above zero").into()),
    }
}

fn signatures(
    out: &mut impl Write,
    running: &Running,
    cores: usize,
    time: Duration,
) -> Result<(), Failed> {
    writeln!(
        out,
        "              signatures/s                latency, ms    µs on cores per signature\n\
         key type       server  library  openssl    p50    p99   server  library  client"
    )?;
    let connections = Connections::new(running, OPERATOR)?;
    for work in Work::all() {
        let key = work.make(running)?;
        let requests = [work.request(work.name)];
        let (server, client) = (running.busy()?, server::busy("self")?);
        let outcome = connections.run(&requests, Until::Passed(time))?;
        let server = running.busy()?.saturating_sub(server);
        let client = server::busy("self")?.saturating_sub(client);
        for answer in &outcome.samples {
            work.verify(&key, answer)?;
        }
        let (library, alone) = ceiling::library(&work, time)?;
        let openssl = ceiling::openssl(work.openssl, cores, time);
        let each = |busy: Duration| 1e6 * busy.as_secs_f64() / outcome.made() as f64;
        writeln!(
            out,
            "{:<12} {:>8.0} {library:>8.0} {:>8.0} {:>6.2} {:>6.2} {:>8.0} {:>8.0} {:>7.0}",
            work.name,
            outcome.per_second(),
            openssl.as_ref().unwrap_or(&f64::NAN),
            outcome.milliseconds(50),
            outcome.milliseconds(99),
            each(server),
            1e6 * alone.as_secs_f64(),
            each(client),
        )?;
        if let Err(why) = openssl {
            writeln!(out, "no openssl: {why}")?;
        }
    }
    Ok(())
}

/// Memory and starts, with 1,000 keys and with as many as are asked for.
fn many_keys(out: &mut impl Write, mut running: Running, most: u64) -> Result<(), Failed> {
    writeln!(out)?;
    let mut made = 0;
    for count in [1000.min(most), most] {
        if count == made {
            continue;
        }
        let since = Instant::now();
        let wishes: Vec<_> = (made..count).map(work::generation).collect();
        Connections::new(&running, ADMIN)?.run(&wishes, Until::Done)?;
        let took = since.elapsed();
        let folder = running.stop()?;
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            let since = Instant::now();
            let running = Running::start(&folder)?;
            running.is_ready()?;
            starts.push(since.elapsed());
            running.stop()?;
        }
        starts.sort_unstable();
        running = Running::start(&folder)?;
        running.is_ready()?;
        let fresh = running.resident()?;
        let requests: Vec<_> = (0..count).map(work::one_of_many).collect();
        let outcome: Outcome = Connections::new(&running, OPERATOR)?.run(&requests, Until::Done)?;
        writeln!(
            out,
            "{count} keys: made in {:.1} s; start to ready {:.0} ms (fastest {:.0}, slowest {:.0}); \
             resident {fresh:.1} MiB after the start, {:.1} MiB after every key has signed ({:.0}/s)",
            took.as_secs_f64(),
            milliseconds(&starts, STARTS / 2),
            milliseconds(&starts, 0),
            milliseconds(&starts, STARTS - 1),
            running.resident()?,
            outcome.per_second(),
        )?;
        made = count;
    }
    running.stop()?;
    Ok(())
}

fn milliseconds(sorted: &[Duration], index: usize) -> f64 {
    sorted
        .get(index)
        .map_or(f64::NAN, |time| 1e3 * time.as_secs_f64())
}
