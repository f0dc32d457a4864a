//! How many requests one session answers, and what a session costs that has only one.
//!
//! `cargo bench -p signstar-enclave --bench session`, after
//! `cargo build --release -p signstar-sign -p signstar-configure -p softnethsm -p signstar-log`, and
//! `-p signstar-request-signature`.

use std::{
    env,
    error::Error,
    io::{self, BufRead, BufReader, Write},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use signstar_enclave::{Client, Enclave, KeyType, Options, program};

type Failed = Box<dyn Error + Send + Sync>;

const KEY_TYPES: [KeyType; 3] = [KeyType::Curve25519, KeyType::EcP256, KeyType::Rsa2048];
/// So many sessions with one request are timed.
const SINGLES: usize = 41;

fn main() -> Result<(), Failed> {
    // Only `cargo bench` says this: a test runner that starts all targets measures nothing.
    if !env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let count: usize = match env::var("BENCH_REQUESTS") {
        Ok(count) => count.parse()?,
        Err(_) => 20_000,
    };
    let folder = tempfile::tempdir()?;
    let clients = KEY_TYPES.map(|key_type| Client::new(key_type.as_str(), key_type));
    let enclave = Enclave::start(&Options {
        folder: folder.path().join("enclave"),
        clients: clients.to_vec(),
    })?;
    let file = folder.path().join("file");
    std::fs::write(&file, "content")?;
    let mut prepare = Command::new(program("signstar-request-signature")?);
    let request = prepare.arg("prepare").arg(file).output()?.stdout;

    let mut out = io::stdout().lock();
    writeln!(out, "{count} requests in one session\n")?;
    writeln!(out, "key type     requests/s  µs on cores per request")?;
    for client in &clients {
        let session = session(&enclave, &client.name, &request, count)?;
        let rate = count as f64 / session.all.as_secs_f64();
        let cost = session.cores.as_micros() as f64 / count as f64;
        writeln!(out, "{:<12} {rate:>10.0}  {cost:>23.0}", client.name)?;
    }
    writeln!(
        out,
        "\none request in a session, {SINGLES} times, the middle one"
    )?;
    writeln!(
        out,
        "key type     start to answer, ms  of which the HSM, ms"
    )?;
    for client in &clients {
        let mut times = Vec::new();
        for _ in 0..SINGLES {
            times.push(session(&enclave, &client.name, &request, 1)?.first);
        }
        times.sort();
        let middle = times[SINGLES / 2].as_secs_f64() * 1e3;
        let hsm = hsm_time(&enclave, SINGLES)? * 1e3;
        writeln!(out, "{:<12} {middle:>19.1}  {hsm:>20.1}", client.name)?;
    }
    Ok(())
}

/// How a session went.
struct Session {
    first: Duration,
    all: Duration,
    cores: Duration,
}

/// Has `request` answered `count` times in one session of `client`, without SSH.
fn session(
    enclave: &Enclave,
    client: &str,
    request: &[u8],
    count: usize,
) -> Result<Session, Failed> {
    let before = cores()?;
    let begin = Instant::now();
    let mut child = Command::new(program("signstar-sign")?)
        .arg("--config")
        .arg(&enclave.description().config)
        .args(["--client", client])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("no pipe")?;
    let request = request.to_vec();
    let writing = thread::spawn(move || (0..count).try_for_each(|_| stdin.write_all(&request)));
    let mut answers = BufReader::new(child.stdout.take().ok_or("no pipe")?).lines();
    let mut first = None;
    for _ in 0..count {
        let answer = answers.next().ok_or("too few answers")??;
        first.get_or_insert_with(|| begin.elapsed());
        if !answer.starts_with("{\"version\":\"1.0.0\",\"signature\"") {
            return Err(answer.into());
        }
    }
    let all = begin.elapsed();
    writing.join().map_err(|_| "a panic")??;
    if !child.wait()?.success() {
        return Err("the session failed".into());
    }
    Ok(Session {
        first: first.unwrap_or_default(),
        all,
        cores: cores()?.saturating_sub(before),
    })
}

/// The time on cores of all sessions that have ended.
fn cores() -> Result<Duration, Failed> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let times = [usage.user_time(), usage.system_time()];
    let micros = times.map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    Ok(Duration::from_micros(
        micros.iter().sum::<i64>().try_into()?,
    ))
}

/// The middle of what the HSM took for the last `count` requests, in seconds: a new connection
/// each time.
fn hsm_time(enclave: &Enclave, count: usize) -> Result<f64, Failed> {
    let journal = std::fs::read_to_string(enclave.folder().path().join("journal"))?;
    let mut times = Vec::new();
    for line in journal.lines().rev().take(count) {
        let line: serde_json::Value = serde_json::from_str(line)?;
        times.push(line["microseconds"]["hsm"].as_u64().ok_or("no time")?);
    }
    times.sort();
    let middle = times.get(count / 2).ok_or("no request")?;
    Ok(*middle as f64 / 1e6)
}
