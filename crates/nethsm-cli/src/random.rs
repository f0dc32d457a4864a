//! Random bytes.

use clap::Args;
use nethsm::system::RandomRequest;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::{Out, Readers};
use crate::noun::Verb;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Random {
    #[arg(
        value_name = "BYTES",
        value_parser = clap::value_parser!(i64).range(RandomRequest::LENGTHS),
        help = format!("How many, {} to {}", RandomRequest::LENGTHS.start(), RandomRequest::LENGTHS.end())
    )]
    length: i64,

    #[command(flatten)]
    out: Out,
}

impl Verb for Random {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let length = self.length;
        let answer = session.call::<table::GetRandom>(self, &(), &RandomRequest { length })?;
        self.out.octets("random", &answer.random.0, Readers::Owner)
    }
}
