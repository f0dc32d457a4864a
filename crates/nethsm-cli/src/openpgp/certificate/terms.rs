//! What a certificate says beside whose it is, as it is given on the command line.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::SystemTime;

use clap::Args;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use nethsm::time::DeviceTime;
use signstar::sign::mail;

use crate::answer::{Said, say};
use crate::session::Session;

/// When a key ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expires {
    /// It does not.
    Never,
    /// Then.
    At(Timestamp),
}

impl Expires {
    /// The time, if there is one.
    pub(crate) fn end(self) -> Option<SystemTime> {
        match self {
            Self::Never => None,
            Self::At(time) => Some(time.into()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("not like 2030-12-31, 2030-12-31T12:00:00Z or never")]
pub(crate) struct BadEnd;

impl FromStr for Expires {
    type Err = BadEnd;

    fn from_str(text: &str) -> Result<Self, BadEnd> {
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Ok(time) = text.parse::<DeviceTime>() {
            return Ok(Self::At(time.0));
        }
        // jiff reads more than this spelling.
        let is_date = text.len() == "2030-12-31".len();
        let date: Date = text.parse().ok().filter(|_| is_date).ok_or(BadEnd)?;
        let begin = date.to_zoned(TimeZone::UTC).map_err(|_| BadEnd)?;
        Ok(Self::At(begin.timestamp()))
    }
}

/// Notations for people and programs.
#[derive(Args, Debug)]
pub(crate) struct Notations {
    /// A notation, like purpose@example.org=packages; may be repeated.
    #[arg(long = "notation", value_name = "NAME=VALUE")]
    notations: Vec<Notation>,
}

impl Notations {
    /// By their names; of several with the same name the last.
    pub(crate) fn notations(&self) -> BTreeMap<String, String> {
        let each = self.notations.iter().cloned();
        each.map(|Notation { name, value }| (name, value)).collect()
    }
}

#[derive(Clone, Debug)]
struct Notation {
    name: String,
    value: String,
}

#[derive(Debug, thiserror::Error)]
#[error("not like NAME@DOMAIN=VALUE, in at most 1024 bytes without control characters")]
struct BadNotation;

impl FromStr for Notation {
    type Err = BadNotation;

    fn from_str(text: &str) -> Result<Self, BadNotation> {
        let (name, value) = text.split_once('=').ok_or(BadNotation)?;
        // Names without a domain are for a registry (RFC 9580 §5.2.3.24).
        let is_name = mail(name) == Some(name);
        if !is_name || text.len() > 1024 || text.contains(char::is_control) {
            return Err(BadNotation);
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// A time for people and programs.
pub(crate) fn spelled(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(|_| "out of range".to_owned(), |time| time.to_string())
}

/// Warns of user IDs that keyrings of distributions do not take.
pub(crate) fn warn_of_unusual(session: &Session, user_ids: &[String]) {
    for id in user_ids.iter().filter(|id| !is_name_and_mail(id)) {
        let text = format!(
            "{id:?} is not like \"Name <user@domain>\", which the keyring of Arch Linux and web key directories ask for"
        );
        say(session.globals.output, Said::Warning, &text, None);
    }
}

fn is_name_and_mail(user_id: &str) -> bool {
    let Some((name, address)) = user_id.split_once(" <") else {
        return false;
    };
    let is_name = !name.trim().is_empty() && !name.contains(['<', '>', '@']);
    let address = address.strip_suffix('>');
    is_name && address.is_some_and(|address| mail(address) == Some(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_has_one_spelling() {
        let end = |text: &str| text.parse::<Expires>().ok();
        let at = |text: &str| Some(Expires::At(text.parse().expect("a time")));
        assert_eq!(end("never"), Some(Expires::Never));
        assert_eq!(end("2030-12-31"), at("2030-12-31T00:00:00Z"));
        assert_eq!(end("2030-12-31T12:00:00Z"), at("2030-12-31T12:00:00Z"));
        for bad in [
            "",
            "Never",
            "20301231",
            "2030-13-01",
            "2030-12-31T12:00:00+02:00",
            "1y",
        ] {
            assert_eq!(end(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_usual_user_id_is_a_name_and_an_address() {
        assert!(is_name_and_mail("Example Packaging <packages@example.org>"));
        for unusual in [
            "packages@example.org",
            "<packages@example.org>",
            "Example Packaging",
            "Example <packages@>",
            "Example <packages@example.org> ",
        ] {
            assert!(!is_name_and_mail(unusual), "{unusual}");
        }
    }

    #[test]
    fn a_notation_stands_below_a_domain() {
        let read = "purpose@example.org=a=b".parse::<Notation>().expect("one");
        assert_eq!(
            (read.name.as_str(), read.value.as_str()),
            ("purpose@example.org", "a=b")
        );
        for bad in [
            "",
            "purpose@example.org",
            "purpose=x",
            "@example.org=x",
            "a@example.org=\n",
        ] {
            assert!(bad.parse::<Notation>().is_err(), "{bad:?}");
        }
    }
}
