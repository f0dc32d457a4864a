//! How the device is.

use clap::Args;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// How the device is.
    Health {
        /// Tell the state: Unprovisioned, Locked, Operational or Failed.
        State: [GetState],
        /// Succeed while the device is up but not operational (else exit status 5).
        Alive: [GetAlive],
        /// Succeed while the device is operational (else exit status 5).
        Ready: [GetReady],
        /// Tell how the store of the device is.
        Diagnose: [Diagnose],
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::State(State)
    }
}

#[derive(Args, Debug)]
pub(crate) struct State;

impl Verb for State {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let health = session.call::<table::GetState>(self, &(), &())?;
        Ok(Answer::of(&health))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Alive;

impl Verb for Alive {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.call::<table::GetAlive>(self, &(), &())?;
        Ok(Answer::done("alive", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Ready;

impl Verb for Ready {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.call::<table::GetReady>(self, &(), &())?;
        Ok(Answer::done("ready", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Diagnose;

impl Verb for Diagnose {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let diagnosis = session.call::<table::Diagnose>(self, &(), &())?;
        Ok(Answer::of(&diagnosis))
    }
}
