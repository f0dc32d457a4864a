//! Who made the device.

use clap::Args;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::Verb;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Info;

impl Verb for Info {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let info = session.call::<table::GetInfo>(self, &(), &())?;
        Ok(Answer::of(&info))
    }
}
