//! How long one client waits for a single signature while another has thousands made.
//!
//! `cargo bench -p signstar-enclave --bench fairness`, after
//! `cargo build --release -p signstar-sign -p signstar-configure -p softnethsm -p signstar-log`, and
//! `-p signstar-request-signature`.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use signstar_enclave::{Client, Enclave, KeyType, Options, program};

type Failed = Box<dyn Error + Send + Sync>;

/// What a request costs at most while others are served, in times of what it costs alone.
const TARGET: f64 = 3.0;

fn main() -> Result<(), Failed> {
    // Only `cargo bench` says this: a test runner that starts all targets measures nothing.
    if !env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let number = |name: &str, usual: usize| match env::var(name) {
        Ok(number) => number.parse(),
        Err(_) => Ok(usual),
    };
    let count = number("BENCH_REQUESTS", 20_000)?;
    let singles = number("BENCH_SINGLES", 60)?;

    let folder = tempfile::tempdir()?;
    let clients = ["busy", "urgent"].map(|name| Client::new(name, KeyType::Curve25519));
    let enclave = Enclave::start(&Options {
        folder: folder.path().join("enclave"),
        clients: clients.to_vec(),
    })?;
    let file = folder.path().join("file");
    fs::write(&file, "content")?;
    let mut prepare = Command::new(program("signstar-request-signature")?);
    let request = prepare.arg("prepare").arg(file).output()?.stdout;
    let bench = Bench {
        connect: enclave.folder().connect(),
        request,
        count,
        singles,
    };

    let config = &enclave.description().config;
    let logged = fs::read_to_string(config)?;
    let unlogged = without_log(&logged).ok_or("no log in the configuration")?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "a single request over SSH, {singles} times, while another client has sessions of {count}\n"
    )?;
    writeln!(
        out,
        "log  connection   alone p50, ms   p95   beside p50, ms   p95   p95 ratio  others/s"
    )?;
    for (log, text) in [("off", &unlogged), ("on", &logged)] {
        fs::write(config, text)?;
        for kind in [Kind::New, Kind::Open] {
            let alone = bench.singles(kind)?;
            let (beside, rate) = bench.beside_others(kind)?;
            let ratio = beside.at(95) / alone.at(95);
            writeln!(
                out,
                "{log:<4} {:<12} {:>13.1} {:>5.1} {:>16.1} {:>5.1} {ratio:>8.2} {} {rate:>8.0}",
                kind.name(),
                alone.at(50),
                alone.at(95),
                beside.at(50),
                beside.at(95),
                if ratio <= TARGET { " " } else { "!" },
            )?;
        }
    }
    Ok(())
}

/// `text` with a log that records nothing.
fn without_log(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("\n[log]\n")?;
    let (_, after) = rest.split_once("\n\n")?;
    Some(format!("{before}log = \"unlogged\"\n\n{after}"))
}

/// The connection that a single request comes over.
#[derive(Clone, Copy)]
enum Kind {
    /// One of its own, as `signstar-request-signature` makes it.
    New,
    /// One that is open already.
    Open,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
        }
    }
}

struct Bench {
    connect: std::path::PathBuf,
    request: Vec<u8>,
    count: usize,
    singles: usize,
}

/// Times in ascending order, in milliseconds.
struct Times(Vec<f64>);

impl Times {
    /// The time that so many in a hundred need at most.
    fn at(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }
}

impl Bench {
    /// Has single requests answered, one after the other.
    fn singles(&self, kind: Kind) -> Result<Times, Failed> {
        let mut open = None;
        if let Kind::Open = kind {
            let mut connection = Connection::of(&self.connect, "urgent")?;
            connection.ask(&self.request)?;
            open = Some(connection);
        }
        let mut times = Vec::new();
        for _ in 0..self.singles {
            let begin = Instant::now();
            match &mut open {
                Some(connection) => connection.ask(&self.request)?,
                None => {
                    let mut connection = Connection::of(&self.connect, "urgent")?;
                    connection.ask(&self.request)?;
                    connection.end()?;
                }
            }
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        if let Some(connection) = open {
            connection.end()?;
        }
        times.sort_by(f64::total_cmp);
        Ok(Times(times))
    }

    /// The same while another client is served, and what that one gets per second.
    fn beside_others(&self, kind: Kind) -> Result<(Times, f64), Failed> {
        let enough = AtomicBool::new(false);
        let answered = AtomicUsize::new(0);
        thread::scope(|scope| {
            let busy = scope.spawn(|| -> Result<(), Failed> {
                while !enough.load(Ordering::Relaxed) {
                    self.busy_session(&enough, &answered)?;
                }
                Ok(())
            });
            // The other one is in the middle of it.
            while answered.load(Ordering::Relaxed) < 500 && !busy.is_finished() {
                thread::sleep(Duration::from_millis(5));
            }
            let (begin, before) = (Instant::now(), answered.load(Ordering::Relaxed));
            let times = self.singles(kind);
            let more = answered.load(Ordering::Relaxed) - before;
            let rate = more as f64 / begin.elapsed().as_secs_f64();
            enough.store(true, Ordering::Relaxed);
            busy.join().map_err(|_| "a panic")??;
            Ok((times?, rate))
        })
    }

    /// One session with all its requests, cut short when it is enough.
    fn busy_session(&self, enough: &AtomicBool, answered: &AtomicUsize) -> Result<(), Failed> {
        let Connection {
            mut child,
            mut answers,
        } = Connection::of(&self.connect, "busy")?;
        let mut input = child.stdin.take().ok_or("no pipe")?;
        thread::scope(|scope| {
            scope.spawn(move || {
                for _ in 0..self.count {
                    let written = input.write_all(&self.request);
                    if written.is_err() || enough.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
            let mut line = String::new();
            while answers.read_line(&mut line)? > 0 {
                check(&line)?;
                line.clear();
                answered.fetch_add(1, Ordering::Relaxed);
            }
            child.wait()?;
            Ok(())
        })
    }
}

/// A session over SSH.
struct Connection {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Connection {
    fn of(connect: &Path, client: &str) -> Result<Self, Failed> {
        let mut child = Command::new(connect)
            .arg(client)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        Ok(Self { child, answers })
    }

    fn ask(&mut self, request: &[u8]) -> Result<(), Failed> {
        let input = self.child.stdin.as_mut().ok_or("no pipe")?;
        input.write_all(request)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        check(&line)
    }

    fn end(mut self) -> Result<(), Failed> {
        drop(self.child.stdin.take());
        if self.child.wait()?.success() {
            Ok(())
        } else {
            Err("the session failed".into())
        }
    }
}

fn check(line: &str) -> Result<(), Failed> {
    if line.starts_with("{\"version\":\"1.0.0\",\"signature\"") {
        Ok(())
    } else {
        Err(line.into())
    }
}
