//! Whether the device starts without being unlocked.

use clap::{Args, ValueEnum};
use nethsm::system::{Switch, UnattendedBoot};
use nethsm::table;
use serde::Serialize;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// Whether the device starts without being unlocked.
    BootMode {
        /// Tell whether it does.
        Show: [GetUnattendedBoot],
        /// Set whether it does.
        Set: [SetUnattendedBoot],
    }
}

impl Default for BootMode {
    fn default() -> Self {
        Self::Show(Show)
    }
}

/// How a device starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// It is locked after a start.
    Attended,
    /// It is operational after a start.
    Unattended,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    boot_mode: Mode,
}

#[derive(Args, Debug)]
pub(crate) struct Show;

impl Verb for Show {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let answer = session.call::<table::GetUnattendedBoot>(self, &(), &())?;
        let boot_mode = match answer.status {
            Switch::On => Mode::Unattended,
            Switch::Off => Mode::Attended,
        };
        Ok(Answer::of(&Shown { boot_mode }))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// How it shall start.
    #[arg(value_enum)]
    mode: Mode,
}

impl Verb for Set {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let (status, mode) = match self.mode {
            Mode::Unattended => (Switch::On, "unattended"),
            Mode::Attended => (Switch::Off, "attended"),
        };
        session.call::<table::SetUnattendedBoot>(self, &(), &UnattendedBoot { status })?;
        Ok(Answer::done("boot mode set", &[("bootMode", mode)]))
    }
}
