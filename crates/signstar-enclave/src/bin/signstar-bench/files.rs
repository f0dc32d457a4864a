//! Many files in one session of the client: small ones, and the packages of a mass rebuild.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

use signstar_enclave::program;

use crate::{
    Failed,
    peers::Gpg,
    report::Report,
    row::{Row, Target, Unit},
    samples::Samples,
    scale::Scale,
    stage::{ED25519, Log, Stage, timed},
    watch,
};

/// As much memory as the client and `signstar-sign` may have, each, in MiB.
pub(crate) const MEMORY: Target = Target::Figure(32.0);

/// Names of files in a folder. Short, so that thousands of them fit into a command line.
struct Files {
    folder: PathBuf,
    names: Vec<String>,
}

impl Files {
    /// Makes `count` files in a new folder for `what`, each with another content and as many octets as `size` says.
    ///
    /// They stay, and with them their signatures: where many files were removed, ext4 takes minutes
    /// to make new ones as fast as before.
    fn make(
        stage: &Stage,
        what: &str,
        count: usize,
        size: impl Fn(usize) -> u64,
    ) -> Result<Self, Failed> {
        let folder = stage.room(what)?;
        let names: Vec<String> = (0..count).map(|number| format!("f{number}")).collect();
        for (number, name) in names.iter().enumerate() {
            let mut file = File::create(folder.join(name))?;
            writeln!(file, "the content of file {number}")?;
            let least = file.metadata()?.len();
            // Nothing but the beginning takes space on the disk.
            file.set_len(size(number).max(least))?;
        }
        Ok(Self { folder, names })
    }

    /// Has all signed in one session, for the first time; then looks whether all signatures and proofs are there and
    /// verify, which does not count.
    fn sign(&self, stage: &Stage) -> Result<watch::Ran, Failed> {
        // What was made goes to disk now, and not with the first signatures.
        timed(Command::new("sync").arg("-f").arg(&self.folder))?;
        let mut send = stage.send(ED25519, Log::On)?;
        let ran = watch::run(self.all(&mut send), &stage.configuration(Log::On))?;
        timed(self.all(&mut stage.verify(ED25519, Log::On)?))?;
        Ok(ran)
    }

    fn all<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .current_dir(&self.folder)
            .arg("--")
            .args(&self.names)
    }

    /// How many seconds `openssl dgst` takes for all, on all cores.
    fn hash(&self) -> Result<f64, Failed> {
        let openssl = program("openssl")?;
        let cores = thread::available_parallelism()?.get();
        let begin = Instant::now();
        let part = |names: &[String]| -> Result<(), Failed> {
            for names in names.chunks(64) {
                let mut command = Command::new(&openssl);
                command.current_dir(&self.folder);
                timed(command.args(["dgst", "-sha512"]).args(names))?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let parts = self.names.chunks(self.names.len().div_ceil(cores).max(1));
            let hashing: Vec<_> = parts
                .map(|names| scope.spawn(move || part(names)))
                .collect();
            hashing
                .into_iter()
                .try_for_each(|one| one.join().map_err(|_| "a panic")?)
        })?;
        Ok(begin.elapsed().as_secs_f64())
    }
}

pub(crate) fn measure(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    for count in scale.small_files {
        small(stage, scale, *count, report)?;
    }
    rebuild(stage, scale, report)
}

/// Small files, with `gpg` signing some of them in between.
fn small(stage: &Stage, scale: &Scale, count: usize, report: &mut Report) -> Result<(), Failed> {
    let gpg = Gpg::new(stage.short());
    let (mut rates, mut alone, mut at_once) = (Vec::new(), Vec::new(), Vec::new());
    let mut most = watch::Ran::default();
    for round in scale.rounds() {
        let files = Files::make(stage, &format!("small-{count}-{round}"), count, |_| 0)?;
        let some = files.names.iter().take(scale.gpg);
        let some: Vec<PathBuf> = some.map(|name| files.folder.join(name)).collect();
        let ran = files.sign(stage)?;
        rates.push(count as f64 / ran.took);
        most.client = most.client.max(ran.client);
        most.session = most.session.max(ran.session);
        if let Ok(gpg) = &gpg {
            alone.push(gpg.rate(&some, 1)?);
            at_once.push(gpg.rate(&some, 16)?);
        }
    }
    if let Err(reason) = gpg {
        report.skip("gpg --detach-sign", &reason);
    }
    let rates = Samples::new(rates).ok_or("no round")?;
    let mut row = Row::new(
        format!("{count} small files in one session, log on"),
        Unit::PerSecond,
        &rates,
    );
    let (alone, at_once) = (Samples::new(alone), Samples::new(at_once));
    if let Some(alone) = &alone {
        row = row.beside("gpg, one at a time", alone.median());
    }
    report.add(row);
    let peers = [("one at a time", alone), ("16 at a time", at_once)];
    for (how, samples) in peers {
        if let Some(samples) = samples {
            let name = format!("gpg --detach-sign, agent warm, {how}, beside {count} files");
            report.add(Row::new(name, Unit::PerSecond, &samples));
        }
    }
    memory(most, &format!("{count} small files"), report);
    Ok(())
}

/// Packages of mixed sizes, 4 KiB to 1 MiB, and how long hashing alone takes.
fn rebuild(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    let (mut all, mut beyond) = (Vec::new(), Vec::new());
    let mut most = watch::Ran::default();
    for round in scale.rounds() {
        let files = Files::make(
            stage,
            &format!("packages-{round}"),
            scale.packages,
            package_size,
        )?;
        let hashing = match files.hash() {
            Ok(seconds) => seconds,
            Err(reason) => {
                report.skip("a mass rebuild beyond its hashing", &reason);
                0.0
            }
        };
        let ran = files.sign(stage)?;
        all.push(ran.took);
        beyond.push(ran.took - hashing);
        most.client = most.client.max(ran.client);
        most.session = most.session.max(ran.session);
    }
    let count = scale.packages;
    let size: u64 = (0..count).map(package_size).sum();
    let gibibytes = size as f64 / f64::from(1 << 30);
    if let Some(beyond) = Samples::new(beyond) {
        let name = format!("mass rebuild, {count} packages, log on, beyond hashing");
        let row = Row::new(name, Unit::Seconds, &beyond);
        report.add(row.should(Target::Figure(10.0)));
    }
    if let Some(all) = Samples::new(all) {
        let name = format!("mass rebuild, {count} packages of {gibibytes:.1} GiB in all");
        report.add(Row::new(name, Unit::Seconds, &all));
    }
    memory(most, "mass rebuild", report);
    Ok(())
}

/// Sizes as mixed as those of packages, and the same in every run.
fn package_size(number: usize) -> u64 {
    let step = (number * 7 + number / 9) % 9;
    4096 << step
}

/// The most memory of the client and of `signstar-sign` with `what`.
fn memory(most: watch::Ran, what: &str, report: &mut Report) {
    let peaks = [("client", most.client), ("signstar-sign", most.session)];
    for (program, peak) in peaks {
        let name = format!("most memory of {program}, {what}");
        report.add(Row::once(name, Unit::Mebibytes, peak).should(MEMORY));
    }
}

/// Makes a file of so many octets that takes no space on the disk, and reads it: otherwise only who
/// came first would wait for the kernel to find pages for it.
pub(crate) fn sparse(path: &Path, size: u64) -> Result<(), Failed> {
    File::create(path)?.set_len(size)?;
    io::copy(&mut File::open(path)?, &mut io::sink())?;
    Ok(())
}
