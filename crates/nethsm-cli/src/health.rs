//! How the device is.

use clap::Args;
use nethsm::client::{Error, Fleet, Url};
use nethsm::system::SystemState;
use nethsm::table;
use serde::Serialize;

use crate::answer::Answer;
use crate::failure::{Failure, chain};
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// How the device is.
    Health {
        /// Tell the state; of several devices, that of each.
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
        if session.devices()?.are_several() {
            return Ok(Answer::of(&states(&session.devices()?.fleet)));
        }
        let health = session.call::<table::GetState>(self, &(), &())?;
        Ok(Answer::of(&health))
    }
}

/// One of several devices.
#[derive(Serialize)]
struct Known {
    device: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<SystemState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Asks all, and tells of all.
fn states(fleet: &Fleet) -> Vec<Known> {
    let known = |(url, state): (Url, Result<SystemState, Error>)| Known {
        device: url.to_string(),
        error: state.as_ref().err().map(|error| chain(error)),
        state: state.ok(),
    };
    fleet.check().into_iter().map(known).collect()
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
