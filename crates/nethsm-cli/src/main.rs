//! The command `nethsm`: everything a NetHSM can do, from a shell.

mod answer;
mod arguments;
mod backup;
mod choice;
mod cluster;
mod config;
mod confirm;
mod devices;
mod digest;
mod failure;
mod file;
mod globals;
mod health;
mod info;
mod interrupt;
mod key;
mod lock;
mod metrics;
mod namespace;
mod noun;
mod openpgp;
mod passphrase;
mod profile;
mod progress;
mod provision;
mod random;
mod session;
mod shell;
mod subject;
mod system;
mod turn;
mod user;

use std::process::ExitCode;

use serde_json::json;

use crate::answer::{Answer, Format, harmless, note};
use crate::arguments::Command;
use crate::failure::Failure;
use crate::noun::Noun;
use crate::session::Session;

fn main() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(failure) => return complain(&failure, Format::Json),
    };
    let format = arguments.globals.output;
    let done = match arguments.command {
        Command::Device(noun) => noun.run(&Session::new(arguments.globals)),
        Command::Shell(command) => command.run(),
    };
    match done.and_then(|answer: Answer| answer.show(format)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => complain(&failure, format),
    }
}

fn complain(failure: &Failure, format: Format) -> ExitCode {
    let Failure { kind, what, hint } = failure;
    match format {
        Format::Json => {
            let error = json!({ "kind": kind.name(), "message": what, "hint": hint });
            note(&json!({ "error": error }).to_string());
        }
        Format::Text => {
            let line = |text: &str| harmless(text).replace('\n', " ");
            note(&format!("error: {}\nhint: {}", line(what), line(hint)));
        }
    }
    ExitCode::from(kind.status())
}
