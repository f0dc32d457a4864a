//! The program `signstar-faults`: an enclave under load, and all that can go wrong with it.

mod fault;
mod lane;
mod machine;
mod processes;
mod random;
mod record;
mod stage;
mod verdict;

use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use clap::Parser;
use signstar_enclave::{
    Client, Folder, KeyType, Options, end_with_signals, leave_it_to_the_signal,
};

use crate::{
    fault::{Fault, Plan, Step},
    lane::{Lane, Tally},
    machine::Machine,
    random::Random,
    record::{Outcome, Record},
    stage::Stage,
    verdict::judge,
};

/// Anything that ends a run early.
type Failed = Box<dyn Error + Send + Sync>;

/// How long an enclave may take until every client is served again.
const BACK: Duration = Duration::from_secs(60);

/// An enclave under load, with one fault after the other, and the question whether all is well
/// after: every signature verifies and is in the log exactly once, nothing that was answered is
/// lost, the log verifies, and every request is answered in the end.
///
/// For developers. Needs softnethsm with its feature `misbehave`; some faults need root, and are
/// left out without, which is said. With root it has a network and mounts of its own.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// What the plan of faults follows from [default: any].
    #[arg(long)]
    seed: Option<u64>,

    /// For how long faults are brought about, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,

    /// How many clients ask at once.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=64))]
    clients: u8,

    /// An empty or absent folder for the enclave, which is kept [default: one that is removed
    /// unless something is wrong].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Nothing but these faults, by their number in the list of `--list`.
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    only: Vec<usize>,

    /// Say which faults there are, and end.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        for (number, fault) in Fault::ALL.iter().enumerate() {
            say(&format!("{number:2} {}", fault.name()));
        }
        return ExitCode::SUCCESS;
    }
    let ended = run(&arguments);
    leave_it_to_the_signal();
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well.
fn run(arguments: &Arguments) -> Result<bool, Failed> {
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => {
            let mut octets = [0; 4];
            getrandom::fill(&mut octets)?;
            u32::from_be_bytes(octets).into()
        }
    };
    say(&format!(
        "seed {seed}: again with --seed {seed} --seconds {}",
        arguments.seconds
    ));
    let machine = Machine::part();
    let mut folder = tempfile::Builder::new().prefix("faults-").tempdir()?;
    let options = Options {
        folder: match &arguments.dir {
            Some(dir) => dir.clone(),
            None => folder.path().join("enclave"),
        },
        clients: (1..=arguments.clients)
            .map(|number| Client::new(format!("client{number}"), KeyType::Curve25519))
            .collect(),
    };
    let scratch = arguments.dir.is_none().then(|| folder.path().to_owned());
    end_with_signals(&Folder::create(&options.folder)?, scratch)?;
    let mut stage = Stage::set(&options, machine)?;
    let is_well = play(&mut stage, &options, seed, arguments)?;
    if !is_well {
        folder.disable_cleanup(true);
        say(&format!("see {}", options.folder.display()));
    }
    Ok(is_well)
}

/// Load and faults until the time is over, then the verdict.
fn play(
    stage: &mut Stage,
    options: &Options,
    seed: u64,
    arguments: &Arguments,
) -> Result<bool, Failed> {
    let tallies: Vec<Tally> = options.clients.iter().map(|_| Tally::default()).collect();
    let connect = stage.enclave().folder().connect();
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    for (number, (client, tally)) in (1..).zip(options.clients.iter().zip(&tallies)) {
        let random = Random::new(seed, number);
        lanes.push(Lane::new(&client.name, connect.clone(), random, tally));
    }
    let over = AtomicBool::new(false);
    let (record, worked) = thread::scope(|scope| {
        let working: Vec<_> = lanes
            .iter_mut()
            .map(|lane| {
                let over = &over;
                scope.spawn(move || -> Result<(), Failed> {
                    while !over.load(Ordering::Relaxed) {
                        lane.work()?;
                    }
                    let end = Instant::now() + BACK;
                    while !lane.is_settled() && Instant::now() < end {
                        lane.settle()?;
                    }
                    Ok(())
                })
            })
            .collect();
        let record = strike_all(stage, &tallies, seed, arguments);
        over.store(true, Ordering::Relaxed);
        let worked: Vec<_> = working
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        (record, worked)
    });
    for lane in worked {
        lane.map_err(|_| "a client panicked")??;
    }
    let record = record?;
    stage.supervise()?;

    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    for (code, count) in lanes.iter().flat_map(|lane| &lane.codes) {
        *codes.entry(code).or_default() += count;
    }
    let verdict = judge(stage.enclave(), &lanes)?;
    say(&format!("\n{}", record.table()));
    say(&format!("refusals: {codes:?}"));
    say(&format!(
        "{} requests, {} signatures, {} entries in the log; {} things wrong",
        verdict.asked,
        verdict.answers,
        verdict.entries,
        verdict.wrong.len()
    ));
    for wrong in verdict.wrong.iter().take(20) {
        say(&format!("WRONG: {wrong}"));
    }
    if verdict.wrong.is_empty() {
        doubt(stage, &mut lanes)?;
    }
    Ok(verdict.wrong.is_empty())
}

/// Fails if the verdict stays good when it must not: an answer to something else, one that was
/// lost, a signature that nobody asked for.
fn doubt(stage: &Stage, lanes: &mut [Lane<'_>]) -> Result<(), Failed> {
    let asked = &mut lanes.first_mut().ok_or("no client")?.asked;
    let last = asked.keys().next_back().cloned().ok_or("no request")?;
    asked.remove(&last);
    let mut answers = asked.values_mut().map(|asked| &mut asked.answers);
    let (first, second) = (answers.next(), answers.next());
    let (first, second) = first.zip(second).ok_or("fewer than three requests")?;
    first.clone_from(second);
    second.clear();
    let wrong = judge(stage.enclave(), lanes)?.wrong.len();
    match wrong {
        3 => Ok(()),
        _ => Err(format!("three things are wrong, and {wrong} were found").into()),
    }
}

/// One fault after the other. Every client has to be served after each.
fn strike_all(
    stage: &mut Stage,
    tallies: &[Tally],
    seed: u64,
    arguments: &Arguments,
) -> Result<Record, Failed> {
    let mut random = Random::new(seed, u64::MAX);
    let mut record = Record::default();
    let mut missing: Vec<Fault> = Vec::new();
    let chosen: Vec<Fault> = arguments
        .only
        .iter()
        .filter_map(|number| Fault::ALL.get(*number).copied())
        .collect();
    serve(stage, tallies)?;
    let start = Instant::now();
    let end = start + Duration::from_secs(arguments.seconds);
    for Step {
        fault,
        lasting,
        quiet,
    } in Plan::new(seed)
    {
        if Instant::now() > end {
            break;
        }
        if !chosen.is_empty() && !chosen.contains(&fault) {
            continue;
        }
        if let Some(reason) = stage.missing(fault) {
            if !missing.contains(&fault) {
                say(&format!("LEFT OUT: {}: {reason}", fault.name()));
                missing.push(fault);
            }
            if missing.len() == Fault::ALL.len() || missing.len() == chosen.len() {
                break;
            }
            continue;
        }
        sleep(quiet);
        let before = sums(tallies);
        say(&format!(
            "{:7.1} s  {} for {} ms",
            start.elapsed().as_secs_f64(),
            fault.name(),
            lasting.as_millis()
        ));
        stage
            .strike(fault, &mut random)
            .map_err(|error| format!("{}: {error}", fault.name()))?;
        sleep(lasting);
        stage
            .mend(fault)
            .map_err(|error| format!("after {}: {error}", fault.name()))?;
        let back = serve(stage, tallies).map_err(|error| format!("{}: {error}", fault.name()))?;
        let after = sums(tallies);
        record.add(
            fault,
            Outcome {
                answered: after[0] - before[0],
                refused: after[1] - before[1],
                lost: after[2] - before[2],
                back,
            },
        );
    }
    Ok(record)
}

/// Waits until every client had a signature, and says how long that took.
fn serve(stage: &mut Stage, tallies: &[Tally]) -> Result<Duration, Failed> {
    let start = Instant::now();
    let count = |tally: &Tally| tally.answered.load(Ordering::Relaxed);
    let before: Vec<u64> = tallies.iter().map(count).collect();
    loop {
        let served = tallies.iter().map(count).zip(&before);
        if served.into_iter().all(|(now, before)| now > *before) {
            return Ok(start.elapsed());
        }
        if start.elapsed() > BACK {
            return Err("the enclave does not serve again".into());
        }
        // What ends late is started again as well.
        stage.supervise()?;
        sleep(Duration::from_millis(20));
    }
}

/// Signatures, refusals and lost requests of all clients.
fn sums(tallies: &[Tally]) -> [u64; 3] {
    let sum = |of: fn(&Tally) -> &std::sync::atomic::AtomicU64| -> u64 {
        let counts = tallies
            .iter()
            .map(|tally| of(tally).load(Ordering::Relaxed));
        counts.sum()
    };
    [
        sum(|tally| &tally.answered),
        sum(|tally| &tally.refused),
        sum(|tally| &tally.lost),
    ]
}

fn say(text: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stdout(), "{text}");
}
