//! `send`: files signed, or requests forwarded.

use std::{
    env, io,
    path::Path,
    process,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use clap::{CommandFactory, error::ErrorKind};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use signstar_request_signature::{
    Batch, Connections, Error, Event, Existing, Form, Names, OutputType, Proxy, Remote, Target,
    Trust, forward, hold_writes, plan,
};

use super::{Arguments, arguments::Send, defaults, progress::Progress, report::Report, screen};

/// How long an interrupted program waits for whoever prints something.
const GRACE: Duration = Duration::from_millis(500);

/// Has files signed, or forwards requests.
pub(crate) fn send(arguments: Send) -> Result<u8, Error> {
    let enclave = enclave(&arguments)?;
    let proxy = env::current_exe().ok().map(Proxy::new);
    let connections = if arguments.one_by_one {
        Connections::OnePerFile
    } else {
        Connections::One
    };
    if arguments.files.iter().any(|file| file == Path::new("-")) {
        check_forwarding(&arguments);
        let (ssh, patience) = (enclave.ssh(proxy)?, enclave.patience());
        return forward(io::stdin(), &ssh, connections, patience, screen::data);
    }

    let ssh = enclave.ssh(proxy)?;
    let output = enclave.output.unwrap_or(OutputType::OpenPgpV4);
    let form = Form::new(output, enclave.armor);
    let targets = plan(arguments.files, arguments.output_dir.as_deref(), form)?;
    let trust = match enclave.trust() {
        Err(Error::NoCertificate) if !arguments.skip_existing => {
            if !arguments.json {
                screen::note(
                    "note: signatures are not checked against a certificate; give --certificate",
                );
            }
            Trust::unchecked().with_logs(enclave.logs()?)
        }
        trust => trust?,
    };
    let batch = Batch {
        targets: &targets,
        ssh: &ssh,
        trust: &trust,
        connections,
        patience: enclave.patience(),
        output,
        existing: match (arguments.skip_existing, arguments.replace_bad) {
            (false, _) => Existing::Replace,
            (true, false) => Existing::Keep,
            (true, true) => Existing::KeepGood,
        },
        names: if arguments.name_salt {
            Names::Salted
        } else {
            Names::Plain
        },
    };
    let report = Report::new(&targets, arguments.json, arguments.quiet);
    let report = Arc::new(Mutex::new(report));
    end_between_writes(Arc::clone(&report));
    let progress = Progress::new(&targets, arguments.quiet || arguments.json);
    Ok(sign(batch, progress, &report))
}

/// Signs and reports, and returns the worst exit status.
fn sign(batch: Batch<'_>, mut progress: Progress, report: &Mutex<Report>) -> u8 {
    let report = || report.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = batch.run(|event| match event {
        Event::Hashed(octets) => progress.hashed(octets),
        Event::Connecting => progress.pause(),
        Event::Reconnecting { pause } => progress.reconnecting(pause),
        Event::Queued { ahead } => progress.queued(ahead),
        Event::Postponed { index, code, pause } => {
            if let Some(Target { input, .. }) = batch.targets.get(index) {
                progress.postponed(input, &code, pause);
            }
        }
        Event::Unwitnessed { index, pause } => {
            if let Some(Target { input, .. }) = batch.targets.get(index) {
                progress.unwitnessed(input, pause);
            }
        }
        Event::Done { index, outcome } => {
            let mut report = report();
            let is_local = matches!(&outcome, Err(error) if error.exit_status() == 1);
            let count = report.count_done() + 1;
            progress.done(count, is_local, || {
                report.done(index, outcome.as_ref().copied());
            });
        }
    });
    progress.end();
    report().end(outcome.err().as_ref())
}

/// What is known of the enclave, with what the command line says.
fn enclave(arguments: &Send) -> Result<Remote, Error> {
    let known = defaults::enclave(arguments.enclave.as_deref(), arguments.to.clone())?;
    let certificates = if arguments.certificate.is_empty() {
        known.certificates
    } else {
        arguments.certificate.clone()
    };
    let (log_keys, log_policy) = match (&*arguments.log_key, &arguments.log_policy) {
        ([], None) => (known.log_keys, known.log_policy),
        (keys, policy) => (keys.to_vec(), policy.clone()),
    };
    Ok(Remote {
        certificates,
        log_keys,
        log_policy,
        output: arguments.output_type.or(known.output),
        armor: arguments.armor || known.armor,
        ssh: arguments.ssh.clone().or(known.ssh),
        // The first option of a name counts for ssh: those of the command line.
        ssh_options: [&*arguments.options, &*known.ssh_options].concat(),
        no_proxy: arguments.no_proxy || known.no_proxy,
        patience_seconds: arguments.patience.or(known.patience_seconds),
        ..known
    })
}

/// Ends the program with a usage error if `-` stands with what it cannot be used with.
fn check_forwarding(arguments: &Send) {
    let changes_nothing = !arguments.armor
        && arguments.output_dir.is_none()
        && arguments.output_type.is_none()
        && !arguments.name_salt
        && !arguments.skip_existing
        && !arguments.json;
    let conflict = if arguments.files.len() > 1 {
        "'-' forwards requests and stands alone; a file of that name is './-'"
    } else if !arguments.certificate.is_empty()
        || !arguments.log_key.is_empty()
        || arguments.log_policy.is_some()
    {
        "'-' forwards requests and cannot verify; it is used without --certificate, --log-key and \
         --log-policy"
    } else if !changes_nothing {
        "'-' passes requests on as they are; it is used without --armor, --output-dir, \
         --output-type, --name-salt, --skip-existing and --json"
    } else {
        return;
    };
    Arguments::command()
        .error(ErrorKind::ArgumentConflict, conflict)
        .exit()
}

/// Lets an interrupted program end only when no temporary file is there, and say what was done.
fn end_between_writes(report: Arc<Mutex<Report>>) {
    // Without it the program ends at once when it is told to: no reason not to sign.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let status = 128 + signal;
            hold_writes(|| {
                tell(&report, u8::try_from(status).unwrap_or(u8::MAX));
                process::exit(status)
            });
        }
    });
}

/// Says what was done, unless whoever reads the last line does not read on.
fn tell(report: &Mutex<Report>, status: u8) {
    let end = Instant::now() + GRACE;
    while Instant::now() < end {
        if let Ok(report) = report.try_lock() {
            report.interrupted(status);
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
