//! `send`: files signed, or requests forwarded.

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process, thread,
    time::Duration,
};

use clap::{CommandFactory, error::ErrorKind};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use signstar_request_signature::{
    Batch, Connections, Error, Event, Form, Patience, Proxy, Settings, Ssh, Target, Trust, forward,
    hold_writes, plan,
};

use super::{Arguments, arguments::Send, defaults, progress::Progress, screen};

/// Has files signed, or forwards requests.
pub(crate) fn send(arguments: Send) -> Result<u8, Error> {
    let settings = defaults::settings()?;
    if arguments.files.iter().any(|file| file == Path::new("-")) {
        check_forwarding(&arguments);
        let ssh = ssh(&arguments, &settings)?;
        return forward(io::stdin(), &ssh, screen::data);
    }

    let ssh = ssh(&arguments, &settings)?;
    let form = if arguments.armor {
        Form::Armored
    } else {
        Form::Binary
    };
    let targets = plan(arguments.files, arguments.output_dir.as_deref(), form)?;
    let trust = match arguments.certificate.or(settings.certificate) {
        Some(path) => Trust::read(&path)?,
        None => {
            screen::note(
                "note: signatures are not checked against a certificate; give --certificate",
            );
            Trust::Unchecked
        }
    };
    end_between_writes();
    let batch = Batch {
        targets: &targets,
        ssh: &ssh,
        trust: &trust,
        connections: if arguments.one_by_one {
            Connections::OnePerFile
        } else {
            Connections::One
        },
        patience: arguments
            .patience
            .map(|seconds| Patience::new(Duration::from_secs(seconds)))
            .unwrap_or_default(),
    };
    Ok(sign(batch, arguments.quiet))
}

/// Signs and reports, and returns the worst exit status.
fn sign(batch: Batch<'_>, is_quiet: bool) -> u8 {
    let targets = batch.targets;
    let mut progress = Progress::new(targets, is_quiet);
    let mut is_signed = vec![false; targets.len()];
    let mut worst = 0;
    let outcome = batch.run(|event| match event {
        Event::Hashed(octets) => progress.hashed(octets),
        Event::Connecting => progress.pause(),
        Event::Reconnecting { pause } => progress.reconnecting(pause),
        Event::Postponed { index, code, pause } => {
            progress.postponed(&targets[index].input, &code, pause);
        }
        Event::Done { index, outcome } => match outcome {
            Ok(()) => {
                is_signed[index] = true;
                let Target { input, output, .. } = &targets[index];
                progress.signed(input, output);
            }
            Err(error) => {
                worst = worst.max(error.exit_status());
                progress.failed(&error);
            }
        },
    });
    if let Err(error) = outcome {
        worst = worst.max(error.exit_status());
        progress.failed(&error);
    }
    progress.end();
    let failed: Vec<&PathBuf> = targets
        .iter()
        .zip(is_signed)
        .filter_map(|(target, is_signed)| (!is_signed).then_some(&target.input))
        .collect();
    screen::summary(&failed, targets.len(), "are not signed");
    worst
}

fn ssh(arguments: &Send, settings: &Settings) -> Result<Ssh, Error> {
    let destination = arguments
        .to
        .clone()
        .or_else(|| settings.destination.clone());
    let program = arguments.ssh.clone().or_else(|| settings.ssh.clone());
    // The first option of a name counts for ssh: those of the command line.
    let options = [&*arguments.options, &*settings.ssh_options].concat();
    let ssh = Ssh::new(
        program.map_or_else(|| "ssh".into(), OsString::from),
        options,
        destination.ok_or(Error::NoDestination)?,
    );
    match env::current_exe() {
        Ok(program) if !arguments.no_proxy => Ok(ssh.through(Proxy::new(program))),
        _ => Ok(ssh),
    }
}

/// Ends the program with a usage error if `-` stands with what it cannot be used with.
fn check_forwarding(arguments: &Send) {
    let conflict = if arguments.files.len() > 1 {
        "'-' forwards requests and stands alone; a file of that name is './-'"
    } else if arguments.certificate.is_some() {
        "'-' forwards requests and cannot verify; it is used without --certificate"
    } else if arguments.armor || arguments.output_dir.is_some() || arguments.one_by_one {
        "'-' passes requests on as they are; it is used without --armor, --output-dir and --one-by-one"
    } else {
        return;
    };
    Arguments::command()
        .error(ErrorKind::ArgumentConflict, conflict)
        .exit()
}

/// Lets an interrupted program end only when no temporary file is there.
fn end_between_writes() {
    // Without it the program ends at once when it is told to: no reason not to sign.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            hold_writes(|| process::exit(128 + signal));
        }
    });
}
