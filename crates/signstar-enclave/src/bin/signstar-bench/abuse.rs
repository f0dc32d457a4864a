//! How long a client waits while another one does its worst.

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    os::fd::{AsRawFd, OwnedFd},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, sleep},
    time::Duration,
};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};

use crate::{
    Failed,
    report::Report,
    row::{Row, Target, Unit},
    samples::Samples,
    scale::Scale,
    stage::{ED25519, Log, Stage, timed},
};

/// Who does its worst has so many hands.
const HANDS: usize = 4;
/// What 95 in 100 signatures of the other one take at most, in times of what half of them take alone.
const BOUND: f64 = 3.0;
/// The client that does its worst.
const CULPRIT: &str = "p256";

/// What one hand does until it is told that it is over.
type Abuse = fn(&Stage, &AtomicBool) -> Result<(), Failed>;

const ABUSES: [(&str, Abuse); 4] = [
    ("connections that never log in", half_open),
    ("sessions that send an octet now and then", slow),
    ("requests that swell", bombs),
    ("what SSH can do and nobody may", forbidden),
];

pub(crate) fn measure(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    let file = stage.room("abuse")?.join("file");
    fs::write(&file, "a small file\n")?;
    let often = scale.often.div_ceil(2);
    let signed = || -> Result<Samples, Failed> {
        let mut times = Vec::new();
        for _ in 0..often {
            times.push(timed(stage.send(ED25519, Log::On)?.arg(&file))? * 1e3);
        }
        Samples::new(times).ok_or_else(|| "no samples".into())
    };
    signed()?;
    let quiet = signed()?;
    report.add(Row::new(
        "one file, new connection, nobody else",
        Unit::Milliseconds,
        &quiet,
    ));
    let longest = "one file, nobody else, the longest";
    report.add(Row::once(longest, Unit::Milliseconds, quiet.at(100)));
    for (name, abuse) in ABUSES {
        let over = AtomicBool::new(false);
        let samples = thread::scope(|scope| {
            let hands = [(); HANDS].map(|()| scope.spawn(|| abuse(stage, &over)));
            // All hands are at it.
            sleep(Duration::from_secs(1));
            let samples = signed();
            over.store(true, Ordering::Relaxed);
            for hand in hands {
                hand.join().map_err(|_| "a hand panicked")??;
            }
            samples
        })?;
        let row = Row::new(
            format!("one file, new connection, beside {name}"),
            Unit::Milliseconds,
            &samples,
        );
        report.add(row.beside("nobody else", quiet.median()));
        let worst = format!("one file beside {name}, 95 in 100");
        let row = Row::once(worst, Unit::Milliseconds, samples.at(95));
        let row = row.beside("nobody else, the middle", quiet.median());
        report.add(row.should(Target::Ratio(BOUND)));
        let longest = format!("one file beside {name}, the longest");
        report.add(Row::once(longest, Unit::Milliseconds, samples.at(100)));
    }
    Ok(())
}

/// Connections from another address, as many as `sshd` takes, of which half say what they are.
fn half_open(stage: &Stage, over: &AtomicBool) -> Result<(), Failed> {
    let mut open = Vec::new();
    let mut speaks = false;
    while !over.load(Ordering::Relaxed) {
        // Who is refused comes again.
        if open.len() >= 200 {
            open.clear();
        }
        if let Some(mut stream) = from_elsewhere(stage.port()) {
            speaks = !speaks;
            if speaks {
                let _ = stream.write_all(b"SSH-2.0-swarm\r\n");
            }
            open.push(stream);
        }
        sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// A connection to `port` from another address than everybody else's.
fn from_elsewhere(port: u16) -> Option<TcpStream> {
    let kind = (AddressFamily::Inet, SockType::Stream);
    let stream: OwnedFd = socket(kind.0, kind.1, SockFlag::SOCK_CLOEXEC, None).ok()?;
    let elsewhere = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), 0));
    let enclave = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    bind(stream.as_raw_fd(), &elsewhere).ok()?;
    connect(stream.as_raw_fd(), &enclave).ok()?;
    Some(TcpStream::from(stream))
}

/// Sessions that are never idle and never done.
fn slow(stage: &Stage, over: &AtomicBool) -> Result<(), Failed> {
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let mut session = quietly(stage.ssh(CULPRIT, Log::On)).spawn()?;
        let input = session.stdin.take().ok_or("no input")?;
        sessions.push((session, input));
    }
    while !over.load(Ordering::Relaxed) {
        for (_, input) in &mut sessions {
            // Who was let go notices in the end.
            let _ = input.write_all(b" ").and_then(|()| input.flush());
        }
        sleep(Duration::from_millis(100));
    }
    for (mut session, input) in sessions {
        drop(input);
        session.wait()?;
    }
    Ok(())
}

/// What is refused as soon as it is too long, too deep or too much.
fn bombs(stage: &Stage, over: &AtomicBool) -> Result<(), Failed> {
    let bombs = [
        "{\"a\":".repeat(20_000),
        "[".repeat(200_000),
        format!("[{}1]", "1,".repeat(1_000_000)),
        format!("\"{}", "a".repeat(64 << 20)),
    ];
    for bomb in bombs.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let mut session = quietly(stage.ssh_to(&["-C", CULPRIT])).spawn()?;
        if let Some(mut input) = session.stdin.take() {
            // It is cut off on the way.
            let _ = input.write_all(bomb.as_bytes());
        }
        session.wait()?;
    }
    Ok(())
}

/// Subsystems, terminals, commands, forwarding: a connection for each.
fn forbidden(stage: &Stage, over: &AtomicBool) -> Result<(), Failed> {
    let ways: [&[&str]; 4] = [
        &["-s", CULPRIT, "sftp"],
        &["-tt", CULPRIT],
        &[CULPRIT, "id"],
        &[
            "-o",
            "ExitOnForwardFailure=yes",
            "-R",
            "0:127.0.0.1:22",
            CULPRIT,
        ],
    ];
    for way in ways.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let mut session = quietly(stage.ssh_to(way)).stdin(Stdio::null()).spawn()?;
        session.wait()?;
    }
    Ok(())
}

/// Nobody looks at what comes of it.
fn quietly(mut command: Command) -> Command {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
