//! The device, or several with the same users and keys.

use std::cell::RefCell;
use std::time::Duration;

use nethsm::call::Row;
use nethsm::client::{BadTls, Client, Fleet, Options, Order, Tls, Url};

use crate::answer::{Format, Said, say};
use crate::failure::{Failure, chain};
use crate::globals::Globals;
use crate::profile::Profile;

/// The device, or several with the same users and keys.
#[derive(Debug)]
pub(crate) struct Devices {
    pub(crate) fleet: Fleet,
    /// The address of the first, by which people and keyrings know them.
    pub(crate) first: String,
    warned: RefCell<Vec<Url>>,
}

/// What all members of a cluster have; the rest is of one device. A call below may be made of any.
const SHARED: [&str; 3] = ["/keys", "/users", "/namespaces"];

impl Devices {
    /// Those of the command line, or else of the profile.
    pub(crate) fn of(globals: &Globals, profile: Option<&Profile>) -> Result<Self, Failure> {
        let urls = match (globals.url.as_slice(), profile) {
            ([], Some(profile)) => &profile.urls,
            ([], None) => {
                return Err(Failure::usage(
                    "no device to talk to",
                    "give --url https://HOST, or --profile NAME, or write a profile into ~/.config/nethsm/config.toml",
                ));
            }
            (urls, _) => urls,
        };
        let modes = match (globals.tls.as_slice(), profile) {
            ([], Some(profile)) => profile.modes(urls),
            (modes, _) => modes.to_vec(),
        };
        if modes.contains(&Tls::Insecure) {
            let text = "the device is not asked who it is (--tls insecure): whoever is in between can read passphrases";
            say(globals.output, Said::Warning, text, None);
        }
        let mut options = Options::default();
        if let Some(seconds) = globals.timeout {
            options.timeout = Duration::from_secs(seconds);
            options.read_timeout = options.timeout;
        }
        let clients = urls
            .iter()
            .zip(each(&modes, urls.len())?)
            .map(|(url, tls)| Client::with_options(url, tls, &options).map_err(bad_tls))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            fleet: Fleet::new(clients, Order::Listed),
            first: urls.first().map(Url::to_string).unwrap_or_default(),
            warned: RefCell::default(),
        })
    }

    pub(crate) fn are_several(&self) -> bool {
        self.fleet.clients().len() > 1
    }

    /// Which of several devices is to be changed is not for a program to guess.
    pub(crate) fn may_be_asked(&self, row: &Row) -> Result<(), Failure> {
        let is_shared = SHARED.iter().any(|path| row.path.starts_with(path));
        if !self.are_several() || row.changes_nothing() || is_shared {
            return Ok(());
        }
        let urls = self.fleet.clients().iter();
        let urls: Vec<_> = urls.map(|client| client.url().to_string()).collect();
        Err(Failure::usage(
            format!("this is for one device, and there are {}", urls.len()),
            format!("give --profile and with --url one of: {}", urls.join(", ")),
        ))
    }

    /// Tells once of each device that failed, though another one answered.
    pub(crate) fn warn(&self, format: Format) {
        if !self.are_several() {
            return;
        }
        for (url, condition) in self.fleet.conditions() {
            if let Some(error) = condition.last_error
                && !self.warned.borrow().contains(&url)
            {
                say(
                    format,
                    Said::Warning,
                    &format!("{url}: {error}"),
                    Some(&url),
                );
                self.warned.borrow_mut().push(url);
            }
        }
    }
}

/// A mode for each device: one for all, one for each, or the usual one.
fn each(modes: &[Tls], count: usize) -> Result<Vec<&Tls>, Failure> {
    match modes {
        [] => Ok(vec![&Tls::System; count]),
        [one] => Ok(vec![one; count]),
        modes if modes.len() == count => Ok(modes.iter().collect()),
        modes => Err(Failure::usage(
            format!("{} TLS modes for {count} devices", modes.len()),
            "give one for all, or one for each in the same order",
        )),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn bad_tls(error: BadTls) -> Failure {
    Failure::local(
        chain(&error),
        "give --tls ca:FILE with certificates in PEM, or --tls pin:SHA256",
    )
}
