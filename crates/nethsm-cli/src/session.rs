//! The device and the users of one run of the command.

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use nethsm::call::{Call, Row, UNLOCK_USER};
use nethsm::client::{BadTls, Client, Options, Tls, Url};
use nethsm::id::UserId;
use nethsm::passphrase::Credentials;

use crate::answer::{Format, note};
use crate::failure::{Failure, chain};
use crate::noun::{Makes, who};
use crate::passphrase::Source;
use crate::profile::{Profile, User};

/// What can be said with every command.
#[derive(Args, Debug, Default)]
pub(crate) struct Globals {
    /// The device, `https://HOST[:PORT][/api/v1]` [default: that of the profile]. With this, a
    /// profile counts only if it is named.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "With every command"
    )]
    pub(crate) url: Option<Url>,

    /// How to recognise the device: system (an authority that this system trusts), ca:FILE,
    /// pin:SHA256 (of its certificate), insecure [default: that of the profile, or system].
    #[arg(
        long,
        global = true,
        value_name = "MODE",
        help_heading = "With every command"
    )]
    pub(crate) tls: Option<Tls>,

    /// Who to be, NAMESPACE~NAME in a namespace [default: the first user of the profile that may
    /// make the call].
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "With every command"
    )]
    pub(crate) user: Option<UserId>,

    /// The file with the passphrase of that user, readable by its owner only; one line feed at
    /// its end does not count [default: as the profile says, or asked for].
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        requires = "user",
        help_heading = "With every command"
    )]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// The profile in ~/.config/nethsm/config.toml [default: the one that it names].
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "With every command"
    )]
    pub(crate) profile: Option<String>,

    /// How long one call may take, in seconds [default: 30; 600 for what takes long].
    #[arg(
        long, global = true, value_name = "SECONDS", help_heading = "With every command",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) timeout: Option<u64>,

    /// How to show what is answered.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        hide_default_value = true,
        default_value_t,
        help_heading = "With every command"
    )]
    pub(crate) output: Format,

    /// Do not ask before something is destroyed.
    #[arg(long, short, global = true, help_heading = "With every command")]
    pub(crate) yes: bool,
}

/// One run: at most one device, and the users that were needed so far.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) globals: Globals,
    profile: OnceCell<Option<Profile>>,
    device: OnceCell<Client>,
    users: RefCell<Vec<(UserId, Client)>>,
}

/// For calls in which the device makes an RSA key or moves all its data.
const LONG: Duration = Duration::from_secs(600);

impl Session {
    pub(crate) fn new(globals: Globals) -> Self {
        Self {
            globals,
            profile: OnceCell::new(),
            device: OnceCell::new(),
            users: RefCell::default(),
        }
    }

    /// Makes a call that `verb` may make.
    pub(crate) fn call<C: Call>(
        &self,
        verb: &impl Makes<C>,
        parameters: &C::Parameters,
        question: &C::Question,
    ) -> Result<C::Answer, Failure> {
        let client = self.client::<C>(verb)?;
        client.call::<C>(parameters, question).map_err(failed::<C>)
    }

    /// Makes a call that has a query and no question.
    pub(crate) fn call_with<C: Call<Question = ()>>(
        &self,
        verb: &impl Makes<C>,
        parameters: &C::Parameters,
        query: &C::Query,
    ) -> Result<C::Answer, Failure> {
        let client = self.client::<C>(verb)?;
        client
            .call_with::<C>(parameters, query, &())
            .map_err(failed::<C>)
    }

    /// Makes a call for which the device may need minutes.
    pub(crate) fn long_call<C: Call>(
        &self,
        verb: &impl Makes<C>,
        parameters: &C::Parameters,
        question: &C::Question,
    ) -> Result<C::Answer, Failure> {
        let client = self.patient::<C>(verb)?;
        client.call::<C>(parameters, question).map_err(failed::<C>)
    }

    /// The device, and who may make the call.
    pub(crate) fn client<C: Call>(&self, _: &impl Makes<C>) -> Result<Client, Failure> {
        let row = C::ROW;
        // Before anybody is asked for a passphrase.
        self.url()?;
        match self.caller(&row)? {
            Some((user, source)) => self.log_in(user, &source),
            None => Ok(self.device()?.clone()),
        }
    }

    /// Like [`Session::client`], for a call that may take minutes.
    pub(crate) fn patient<C: Call>(&self, verb: &impl Makes<C>) -> Result<Client, Failure> {
        let client = self.client::<C>(verb)?;
        Ok(match self.globals.timeout {
            Some(_) => client,
            None => client.with_timeout(LONG),
        })
    }

    /// Who makes a call: nobody in particular where anybody can.
    fn caller(&self, row: &Row) -> Result<Option<(UserId, Source)>, Failure> {
        if !row.access.rescue.is_empty() {
            let name = self
                .globals
                .user
                .clone()
                .map_or_else(|| UNLOCK_USER.parse(), Ok);
            let name = name.map_err(|bad| Failure::usage(bad.to_string(), "see `--help`"))?;
            let source = self.source(&name)?;
            return Ok(Some((name, source)));
        }
        if row.access.roles.is_empty() {
            return Ok(None);
        }
        if let Some(name) = &self.globals.user {
            return Ok(Some((name.clone(), self.source(name)?)));
        }
        let users = self.users.borrow();
        let is_known = |user: &&User| users.iter().any(|(name, _)| *name == user.name);
        let listed = self
            .profile()?
            .and_then(|profile| profile.caller(row, is_known));
        match listed {
            Some(user) => Ok(Some((user.name.clone(), user.passphrase.clone()))),
            None if !row.access.open.is_empty() => Ok(None),
            None => Err(Failure::usage(
                format!("nobody to do this as: it is for {}", who(row)),
                "give --user NAME, or list a user of that role in the profile",
            )),
        }
    }

    /// Where the passphrase of a user comes from who was named on the command line.
    fn source(&self, name: &UserId) -> Result<Source, Failure> {
        if let Some(path) = &self.globals.passphrase_file {
            return Ok(Source::File(path.clone()));
        }
        let listed = self.profile()?.and_then(|profile| profile.user(name));
        Ok(listed.map_or(Source::Prompt, |user| user.passphrase.clone()))
    }

    fn log_in(&self, user: UserId, source: &Source) -> Result<Client, Failure> {
        let known = self
            .users
            .borrow()
            .iter()
            .find(|(name, _)| *name == user)
            .cloned();
        if let Some((_, client)) = known {
            return Ok(client);
        }
        let url = self.url()?.to_string();
        let passphrase = source.get(user.as_str(), &url)?;
        let client = self
            .device()?
            .as_user(Credentials::new(user.clone(), passphrase));
        self.users.borrow_mut().push((user, client.clone()));
        Ok(client)
    }

    fn url(&self) -> Result<Url, Failure> {
        if let Some(url) = &self.globals.url {
            return Ok(url.clone());
        }
        self.profile()?.map(|profile| profile.url.clone()).ok_or_else(|| {
            Failure::usage(
                "no device to talk to",
                "give --url https://HOST, or --profile NAME, or write a profile into ~/.config/nethsm/config.toml",
            )
        })
    }

    fn device(&self) -> Result<&Client, Failure> {
        if let Some(device) = self.device.get() {
            return Ok(device);
        }
        let tls = match &self.globals.tls {
            Some(tls) => tls.clone(),
            // The profile knows how to recognise its own device, not another.
            None if self.globals.url.is_some() && self.globals.profile.is_none() => Tls::System,
            None => self
                .profile()?
                .map_or(Tls::System, |profile| profile.tls.clone()),
        };
        if tls == Tls::Insecure {
            note(
                "warning: the device is not asked who it is (--tls insecure): whoever is in between can read passphrases",
            );
        }
        let mut options = Options::default();
        if let Some(seconds) = self.globals.timeout {
            options.timeout = Duration::from_secs(seconds);
            options.read_timeout = options.timeout;
        }
        let device = Client::with_options(&self.url()?, &tls, &options).map_err(bad_tls)?;
        Ok(self.device.get_or_init(|| device))
    }

    fn profile(&self) -> Result<Option<&Profile>, Failure> {
        if let Some(profile) = self.profile.get() {
            return Ok(profile.as_ref());
        }
        // Whoever names a device and no profile means that device and its users alone.
        let profile = match (&self.globals.url, &self.globals.profile) {
            (Some(_), None) => None,
            (_, name) => Profile::load(name.as_deref())?,
        };
        Ok(self.profile.get_or_init(|| profile).as_ref())
    }
}

/// What a failed call means.
#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
pub(crate) fn failed<C: Call>(error: nethsm::client::Error) -> Failure {
    Failure::of_call(&C::ROW, &error)
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn bad_tls(error: BadTls) -> Failure {
    Failure::local(
        chain(&error),
        "give --tls ca:FILE with certificates in PEM, or --tls pin:SHA256",
    )
}
