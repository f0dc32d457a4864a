//! One small file over a connection of its own.

use std::fs;

use crate::{
    Failed,
    doors::NOTHING,
    peers::{Gpg, Token},
    report::Report,
    row::{Row, Target, Unit},
    samples::Samples,
    scale::Scale,
    stage::{CURVE, ED25519, Log, Stage, timed},
};

/// What is timed in turn. All times are in milliseconds.
#[derive(Default)]
struct Times {
    nothing: Vec<f64>,
    nothing_usual: Vec<f64>,
    nothing_shared: Vec<f64>,
    unlogged: Vec<f64>,
    logged: Vec<f64>,
    logged_usual: Vec<f64>,
    hsm: Vec<f64>,
    gpg: Vec<f64>,
    token: Vec<f64>,
}

pub(crate) fn measure(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    let room = stage.room("connection")?;
    let file = room.join("file");
    fs::write(&file, "a small file\n")?;
    let gpg = Gpg::new(stage.short());
    let token = Token::new(room.join("token"));
    let (_shared, sharing) = stage.shared()?;

    let mut times = Times::default();
    // The first of all finds nothing in the caches, and counts not.
    for turn in 0..=scale.often {
        let keep = |list: &mut Vec<f64>, seconds: f64| {
            if turn > 0 {
                list.push(seconds * 1e3);
            }
        };
        let ssh = |options: &[&str]| timed(stage.ssh_to(options).arg(NOTHING));
        let send = |log, options: &[&str]| -> Result<f64, Failed> {
            timed(stage.send(ED25519, log)?.args(options).arg(&file))
        };
        keep(&mut times.nothing, ssh(&CURVE)?);
        keep(&mut times.unlogged, send(Log::Off, &CURVE)?);
        let hsm = stage.hsm_times(1)?.iter().sum::<f64>();
        keep(&mut times.hsm, hsm / 1e3);
        keep(&mut times.logged, send(Log::On, &CURVE)?);
        keep(&mut times.nothing_usual, ssh(&[])?);
        keep(&mut times.logged_usual, send(Log::On, &[])?);
        keep(&mut times.nothing_shared, ssh(&["-o", &sharing])?);
        if let Ok(gpg) = &gpg {
            keep(&mut times.gpg, gpg.sign(&file)?);
        }
        if let Ok(token) = &token {
            keep(&mut times.token, token.sign()?);
        }
    }
    if let Err(reason) = gpg {
        report.skip("gpg --detach-sign", &reason);
    }
    if let Err(reason) = token {
        report.skip("pkcs11-tool with softhsm2", &reason);
    }
    rows(times, report);
    Ok(())
}

fn rows(times: Times, report: &mut Report) {
    let time = |name: &str, samples: Vec<f64>| {
        let samples = Samples::new(samples)?;
        Some(Row::new(name, Unit::Milliseconds, &samples))
    };
    let nothing = time("ssh HOST true, curve25519", times.nothing);
    let hsm = time("the HSM's part: a connection and a signature", times.hsm);
    let floor = nothing.as_ref().zip(hsm.as_ref());
    let floor = floor.map(|(nothing, hsm)| nothing.figure + hsm.figure);
    let usual = time("ssh HOST true, usual key exchange", times.nothing_usual);

    let unlogged = time(
        "one file, new connection, curve25519, log off",
        times.unlogged,
    );
    if let Some((row, floor)) = unlogged.zip(floor) {
        report.add(row.clone().should(Target::Figure(60.0)));
        let against = row.beside("ssh HOST true and the HSM", floor);
        report.add(against.should(Target::Ratio(1.25)));
    }
    let logged = time("one file, new connection, curve25519, log on", times.logged);
    if let Some((row, floor)) = logged.zip(floor) {
        let row = row.beside("ssh HOST true and the HSM", floor);
        report.add(row.should(Target::Figure(85.0)));
    }
    let logged = time(
        "one file, new connection, usual key exchange, log on",
        times.logged_usual,
    );
    if let Some((row, usual)) = logged.zip(usual.as_ref()) {
        report.add(row.beside("ssh HOST true, usual key exchange", usual.figure));
    }
    let shared = time("ssh HOST true, shared connection", times.nothing_shared);
    let gpg = time("gpg --detach-sign, agent warm", times.gpg);
    let token = time("pkcs11-tool --sign, softhsm2, P-256", times.token);
    for row in [nothing, usual, shared, hsm, gpg, token]
        .into_iter()
        .flatten()
    {
        report.add(row);
    }
}
