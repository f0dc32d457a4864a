//! How fast a log is: appends, one append against the disk itself, verification, proofs.
//!
//! `LOG_ENTRIES` (usually 200,000) is the size of the log that is verified, `LOG_APPENDS` (usually
//! 20,000) how many appends are measured for each kind of load.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use signstar::log::{Entry, KeyName, Policy, Reader};
use signstar_log::{
    FileKey, Folder,
    client::Client,
    serve::{Peers, Sequencer, Server, State},
    source::Source,
    verify,
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let appends = number("LOG_APPENDS", 20_000);
    let alone = alone(folder.path())?;
    let disk = disk(folder.path())?;
    let one = load(&folder.path().join("one"), 64, 1, appends)?;
    let many = load(&folder.path().join("many"), 64, 32, appends)?;
    let mut out = io::stdout().lock();
    let ratio = alone.as_secs_f64() / disk.as_secs_f64();
    writeln!(out, "single append / same files by hand     {ratio:>10.2}")?;
    writeln!(
        out,
        "single append                          {:>10.2} ms",
        ms(alone)
    )?;
    writeln!(
        out,
        "same files by hand                     {:>10.2} ms",
        ms(disk)
    )?;
    writeln!(
        out,
        "64 clients, 1 in flight each           {one:>10.0} appends/s"
    )?;
    writeln!(
        out,
        "64 clients, 32 in flight each          {many:>10.0} appends/s"
    )?;
    reading(folder.path(), number("LOG_ENTRIES", 200_000), &mut out)
}

/// Verifies a whole log and makes proofs from it.
fn reading(folder: &Path, size: u64, out: &mut impl io::Write) -> Outcome<()> {
    let (mut sequencer, key) = open(&folder.join("long"))?;
    for first in (0..size).step_by(256) {
        let batch: Outcome<Vec<Entry>> = (first..size.min(first + 256))
            .map(|number| Ok(Entry::parse(&entry(number))?))
            .collect();
        sequencer.append(&batch?)?;
    }
    let policy = Policy::of_log(key);
    let source = Source::new(&folder.join("long/log").display().to_string())?;
    let begin = Instant::now();
    let report = verify::verify(&source, &policy, &[], |_, _| {})?;
    let took = begin.elapsed();
    if !report.findings.is_empty() {
        return Err("the log does not verify".into());
    }
    let cores = thread::available_parallelism()?.get();
    let rate = f64::from(u32::try_from(size)?) / took.as_secs_f64();
    writeln!(
        out,
        "verify, {cores} cores                       {rate:>10.0} entries/s"
    )?;
    let begin = Instant::now();
    for number in 0..20 {
        let mut reader = Reader::open(&source, *report.checkpoint.head())?;
        reader.entry(number * (size / 20))?;
        reader.prove(number * (size / 20))?;
    }
    writeln!(
        out,
        "one proof from {size} entries      {:>10.2} ms",
        ms(begin.elapsed() / 20)
    )?;
    Ok(())
}

/// How long one append takes when there is nothing else to do.
fn alone(folder: &Path) -> Outcome<Duration> {
    let (mut sequencer, _) = open(&folder.join("alone"))?;
    median(|number| {
        let entry = Entry::parse(&entry(number))?;
        let begin = Instant::now();
        sequencer.append(&[entry])?;
        Ok(begin.elapsed())
    })
}

/// How long it takes to write and sync what such an append writes: two tiles, the pending record
/// and the checkpoint, one after the other.
fn disk(folder: &Path) -> Outcome<Duration> {
    let folder = folder.join("disk");
    fs::create_dir_all(&folder)?;
    let pending = File::create(folder.join("pending"))?;
    median(|number| {
        let octets = vec![b'x'; 4096];
        let begin = Instant::now();
        for name in [&format!("e{number}"), &format!("h{number}"), "checkpoint"] {
            if name == "checkpoint" {
                std::os::unix::fs::FileExt::write_all_at(&pending, &[b' '; 512], 0)?;
                pending.sync_data()?;
            }
            let temporary = folder.join(".new");
            let mut file = File::create(&temporary)?;
            file.write_all(&octets)?;
            file.sync_all()?;
            fs::rename(&temporary, folder.join(name))?;
            File::open(&folder)?.sync_all()?;
        }
        Ok(begin.elapsed())
    })
}

fn median(mut once: impl FnMut(u64) -> Outcome<Duration>) -> Outcome<Duration> {
    let mut times = (0..101).map(&mut once).collect::<Outcome<Vec<_>>>()?;
    times.sort();
    Ok(times.get(50).copied().unwrap_or_default())
}

/// Appends per second through the socket.
fn load(folder: &Path, connections: u64, threads: u64, appends: u64) -> Outcome<f64> {
    let (sequencer, _) = open(folder)?;
    let socket = folder.join("socket");
    let listener = Server::bind(&socket)?;
    let server = Server::start(sequencer, listener, Peers::new(&[], false)?, None);
    let each = (appends / connections / threads).max(1);
    let begin = Instant::now();
    thread::scope(|scope| -> Outcome<()> {
        let mut workers = Vec::new();
        for connection in 0..connections {
            let client = std::sync::Arc::new(Client::new(&socket, Duration::from_secs(60)));
            for worker in 0..threads {
                let client = client.clone();
                workers.push(scope.spawn(move || -> Outcome<()> {
                    for number in 0..each {
                        let number = (connection * threads + worker) * each + number;
                        client.append(entry(number))?;
                    }
                    Ok(())
                }));
            }
        }
        for worker in workers {
            worker.join().map_err(|_| "a client failed")??;
        }
        Ok(())
    })?;
    let took = begin.elapsed();
    server.stop()?;
    Ok(f64::from(u32::try_from(each * connections * threads)?) / took.as_secs_f64())
}

fn open(folder: &Path) -> Outcome<(Sequencer, signstar::log::VerifierKey)> {
    fs::create_dir_all(folder)?;
    let origin = KeyName::new("signstar.example.org/bench")?;
    let key = FileKey::generate(&folder.join("key"), &origin)?;
    let verifier = key.verifier().clone();
    let state = State::lock(&folder.join("state"))?;
    let log = Folder::new(folder.join("log"));
    Ok((Sequencer::open(log, state, Box::new(key))?, verifier))
}

/// An entry as long as one with an Ed25519 signature.
fn entry(number: u64) -> Vec<u8> {
    let digest = format!("{number:0128x}");
    let (input, signature) = ("A".repeat(88), "A".repeat(240));
    format!(
        "{{\"client\":\"builder\",\"file-length\":1,\"file-name\":\"file-{number}.pkg.tar.zst\",\
         \"file-sha512\":\"{digest}\",\"hsm-input\":\"{input}\",\
         \"issuer\":\"0000000000000000000000000000000000000000\",\"key\":\"packages\",\
         \"output\":\"OpenPGPv4\",\"signature\":\"{signature}\",\"time\":1767225600,\
         \"version\":1}}"
    )
    .into_bytes()
}

fn number(name: &str, usual: u64) -> u64 {
    let given = env::var(name).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(usual)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
