//! Where the log goes.

use std::net::IpAddr;

use clap::Args;
use nethsm::config::{self, LogLevel};
use nethsm::table;

use super::shown;
use crate::answer::Answer;
use crate::choice::one_of;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// Where the log goes.
    Logging {
        /// Tell where it goes.
        Show: [GetLogging],
        /// Send it to a syslog server, over UDP.
        Set: [SetLogging],
    }
}

shown!(Logging by GetLogging);

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// The log host; 0.0.0.0 for none.
    #[arg(long, value_name = "IP")]
    address: IpAddr,
    /// Its port.
    #[arg(long, default_value_t = 514)]
    port: u16,
    /// How much: this and what is worse.
    #[arg(long, value_parser = one_of!(LogLevel), default_value = "info")]
    level: LogLevel,
}

impl Verb for Set {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let logging = config::Logging {
            ip_address: self.address,
            port: self.port.into(),
            log_level: self.level,
        };
        session.call::<table::SetLogging>(self, &(), &logging)?;
        Ok(Answer::done(
            "logging set",
            &[("address", &self.address.to_string())],
        ))
    }
}
