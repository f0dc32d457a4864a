//! What the device has counted.

use clap::Args;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::Verb;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Metrics;

impl Verb for Metrics {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let metrics = session.call::<table::GetMetrics>(self, &(), &())?;
        Ok(Answer::of(&metrics))
    }
}
