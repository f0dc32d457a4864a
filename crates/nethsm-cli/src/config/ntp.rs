//! Where the device gets the time from.

use std::net::IpAddr;

use clap::Args;
use nethsm::config;
use nethsm::table;

use super::shown;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// Where the device gets the time from.
    Ntp {
        /// Tell where from.
        Show: [GetNtp],
        /// Set a time server, or none.
        Set: [SetNtp],
    }
}

shown!(Ntp by GetNtp);

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// The time server [default: none].
    #[arg(long, value_name = "IP")]
    server: Option<IpAddr>,
    /// The name in its certificate, for Network Time Security.
    #[arg(long, value_name = "NAME", requires = "server")]
    nts_name: Option<String>,
}

impl Verb for Set {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let ntp = config::Ntp {
            ntp_ip: self.server,
            nts_name: self.nts_name.clone(),
        };
        session.call::<table::SetNtp>(self, &(), &ntp)?;
        let server = self
            .server
            .map_or("none".to_owned(), |server| server.to_string());
        Ok(Answer::done("time server set", &[("server", &server)]))
    }
}
