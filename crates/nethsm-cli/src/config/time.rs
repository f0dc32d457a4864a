//! The clock of the device.

use clap::Args;
use jiff::Timestamp;
use nethsm::config::Clock;
use nethsm::table;
use nethsm::time::DeviceTime;

use super::shown;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// The clock of the device.
    Time {
        /// Tell the time.
        Show: [GetTime],
        /// Set the time.
        Set: [SetTime],
    }
}

shown!(Time by GetTime);

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// The time, like 2026-01-31T12:00:00Z [default: that of this machine].
    time: Option<DeviceTime>,
}

impl Verb for Set {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let time = self.time.unwrap_or_else(|| DeviceTime(Timestamp::now()));
        session.call::<table::SetTime>(self, &(), &Clock { time })?;
        Ok(Answer::done("time set", &[("time", &time.to_string())]))
    }
}
