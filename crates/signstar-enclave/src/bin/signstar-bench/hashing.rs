//! Large files, beside the programs that hash them.

use std::{fs, path::Path, process::Command, thread};

use serde_json::Value;
use signstar::request::Sha512State;
use signstar_enclave::program;

use crate::{
    Failed,
    files::{MEMORY, sparse},
    report::Report,
    row::{Row, Target, Unit},
    samples::Samples,
    scale::Scale,
    stage::{ED25519, Log, Stage, timed},
    watch,
};

const OPENSSL: &str = "openssl dgst -sha512";

pub(crate) fn measure(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    let room = stage.room("large")?;
    one(stage, scale, &room, report)?;
    many(stage, scale, &room, report)?;
    match scale.huge {
        Some(size) => huge(stage, size, &room, report)?,
        None => report.skip("a file of 10 GiB", &"the short form has none"),
    }
    fs::remove_dir_all(room)?;
    Ok(())
}

/// How many seconds `openssl dgst` takes for the file at `path`.
fn openssl(path: &Path) -> Result<f64, Failed> {
    let mut command = Command::new(program("openssl")?);
    timed(command.args(["dgst", "-sha512"]).arg(path))
}

/// One large file: hashed, and signed.
fn one(stage: &Stage, scale: &Scale, room: &Path, report: &mut Report) -> Result<(), Failed> {
    let file = room.join("one");
    sparse(&file, scale.large)?;
    let client = program("signstar-request-signature")?;
    check(&client, &file)?;

    let (mut ours, mut signed) = (Vec::new(), Vec::new());
    let (mut openssls, mut sums) = (Vec::new(), Vec::new());
    let mut most = 0.0_f64;
    for _ in scale.rounds() {
        match openssl(&file) {
            Ok(seconds) => openssls.push(seconds),
            Err(reason) => report.skip(OPENSSL, &reason),
        }
        ours.push(timed(Command::new(&client).arg("prepare").arg(&file))?);
        match program("sha512sum") {
            Ok(sum) => sums.push(timed(Command::new(sum).arg(&file))?),
            Err(reason) => report.skip("sha512sum", &reason),
        }
        let mut send = stage.send(ED25519, Log::On)?;
        let ran = watch::run(send.arg(&file), &stage.configuration(Log::On))?;
        signed.push(ran.took);
        most = most.max(ran.client);
    }
    let size = scale.large >> 20;
    let peers = [
        (OPENSSL, Samples::new(openssls)),
        ("sha512sum", Samples::new(sums)),
    ];
    let row = |what: &str, samples: Vec<f64>| -> Result<Row, Failed> {
        let samples = Samples::new(samples).ok_or("no round")?;
        Ok(Row::new(
            format!("{size} MiB: {what}"),
            Unit::Seconds,
            &samples,
        ))
    };
    let against = |row: Row| match &peers {
        [(name, Some(peer)), ..] => row.beside(*name, peer.median()),
        _ => row,
    };
    let hashed = row("signstar-request-signature prepare", ours)?;
    report.add(against(hashed).should(Target::Ratio(1.0)));
    report.add(against(row("signed, new connection, log on", signed)?));
    for (name, samples) in &peers {
        if let Some(samples) = samples {
            report.add(Row::new(
                format!("{size} MiB: {name}"),
                Unit::Seconds,
                samples,
            ));
        }
    }
    let name = format!("most memory of client, {size} MiB");
    report.add(Row::once(name, Unit::Mebibytes, most).should(MEMORY));
    fs::remove_file(file)?;
    Ok(())
}

/// Fails unless what the client hashed is what `openssl` says, when it is there.
fn check(client: &Path, file: &Path) -> Result<(), Failed> {
    let Ok(openssl) = program("openssl") else {
        return Ok(());
    };
    let prepared = Command::new(client).arg("prepare").arg(file).output()?;
    let request: Value = serde_json::from_slice(&prepared.stdout)?;
    let octets: Vec<u8> = serde_json::from_value(request["required"]["input"]["content"].clone())?;
    let state = Sha512State::from_octets(&octets)?;
    let mut command = Command::new(openssl);
    let said = command.args(["dgst", "-sha512", "-r"]).arg(file).output()?;
    let said = String::from_utf8(said.stdout)?;
    match said.split_whitespace().next() == Some(hex::encode(state.digest()).as_str()) {
        true => Ok(()),
        false => Err("the client and openssl do not agree on a digest".into()),
    }
}

/// Two large files for each core, signed at once.
fn many(stage: &Stage, scale: &Scale, room: &Path, report: &mut Report) -> Result<(), Failed> {
    let cores = thread::available_parallelism()?.get();
    let size = scale.large / 4;
    let files: Vec<_> = (0..2 * cores)
        .map(|number| room.join(format!("many{number}")))
        .collect();
    for file in &files {
        sparse(file, size)?;
    }
    let mebibytes = |size: u64| size as f64 / f64::from(1 << 20);
    let (mut ours, mut alone) = (Vec::new(), Vec::new());
    for _ in scale.rounds() {
        if let Some(file) = files.first() {
            match openssl(file) {
                Ok(seconds) => alone.push(mebibytes(size) / seconds),
                Err(reason) => report.skip(OPENSSL, &reason),
            }
        }
        let mut send = stage.send(ED25519, Log::On)?;
        let took = timed(send.args(&files))?;
        ours.push(mebibytes(size) * files.len() as f64 / took);
    }
    let name = format!(
        "{} files of {} MiB signed in one session",
        files.len(),
        size >> 20
    );
    let ours = Samples::new(ours).ok_or("no round")?;
    let mut row = Row::new(name, Unit::MebibytesPerSecond, &ours);
    if let Some(alone) = Samples::new(alone) {
        let peer = format!("{cores} cores times {OPENSSL}");
        row = row.beside(peer, alone.median() * cores as f64);
    }
    report.add(row.should(Target::Ratio(0.9)));
    for file in files {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// A file larger than most memories, once.
fn huge(stage: &Stage, size: u64, room: &Path, report: &mut Report) -> Result<(), Failed> {
    let file = room.join("huge");
    sparse(&file, size)?;
    let gibibytes = size >> 30;
    let mut send = stage.send(ED25519, Log::On)?;
    let ran = watch::run(send.arg(&file), &stage.configuration(Log::On))?;
    let mut row = Row::once(
        format!("{gibibytes} GiB: signed, new connection, log on"),
        Unit::Seconds,
        ran.took,
    );
    match openssl(&file) {
        Ok(seconds) => row = row.beside(OPENSSL, seconds),
        Err(reason) => report.skip(OPENSSL, &reason),
    }
    report.add(row);
    let name = format!("most memory of client, {gibibytes} GiB");
    report.add(Row::once(name, Unit::Mebibytes, ran.client).should(MEMORY));
    fs::remove_file(file)?;
    Ok(())
}
