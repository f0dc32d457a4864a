//! The users of one run of the command, and the calls made for them.

use std::cell::{OnceCell, RefCell};
use std::time::Duration;

use nethsm::call::{Admission, Call, Row, UNLOCK_USER};
use nethsm::client::{Answered, Client, Error, Fleet, FleetError};
use nethsm::id::UserId;
use nethsm::passphrase::Credentials;
use nethsm::table;

use crate::answer::{Said, say};
use crate::devices::Devices;
use crate::failure::Failure;
use crate::globals::Globals;
use crate::noun::{Makes, who};
use crate::passphrase::Source;
use crate::profile::{Profile, User};
use crate::turn::take_turns;

/// One run: the device or devices, and the users that were needed so far.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) globals: Globals,
    profile: OnceCell<Option<Profile>>,
    devices: OnceCell<Devices>,
    users: RefCell<Vec<(UserId, Fleet)>>,
}

/// For calls in which the device makes an RSA key or moves all its data.
const LONG: Duration = Duration::from_secs(600);

impl Session {
    pub(crate) fn new(globals: Globals) -> Self {
        Self {
            globals,
            profile: OnceCell::new(),
            devices: OnceCell::new(),
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
        self.ask::<C, _>(verb, |client| client.call::<C>(parameters, question))
    }

    /// Makes a call that has a query and no question.
    pub(crate) fn call_with<C: Call<Question = ()>>(
        &self,
        verb: &impl Makes<C>,
        parameters: &C::Parameters,
        query: &C::Query,
    ) -> Result<C::Answer, Failure> {
        self.ask::<C, _>(verb, |client| client.call_with::<C>(parameters, query, &()))
    }

    /// Makes a call for which the device may need minutes.
    pub(crate) fn long_call<C: Call>(
        &self,
        verb: &impl Makes<C>,
        parameters: &C::Parameters,
        question: &C::Question,
    ) -> Result<C::Answer, Failure> {
        self.ask_long::<C, _>(verb, |client| client.call::<C>(parameters, question))
    }

    /// Makes a call in whatever way `ask` makes it; more than once if the device asks to wait.
    pub(crate) fn ask<C: Call, A>(
        &self,
        verb: &impl Makes<C>,
        ask: impl Fn(&Client) -> Result<A, Error>,
    ) -> Result<A, Failure> {
        self.made::<C, A>(&self.fleet::<C>(verb)?, ask)
    }

    /// Like [`Session::ask`], for a call that may take minutes.
    pub(crate) fn ask_long<C: Call, A>(
        &self,
        verb: &impl Makes<C>,
        ask: impl Fn(&Client) -> Result<A, Error>,
    ) -> Result<A, Failure> {
        let fleet = self.fleet::<C>(verb)?;
        let fleet = match self.globals.timeout {
            Some(_) => fleet,
            None => fleet.with_timeout(LONG),
        };
        self.made::<C, A>(&fleet, ask)
    }

    /// Makes sure that the passphrase of who makes the call is known, before others are asked for.
    pub(crate) fn log_in_for<C: Call>(&self, verb: &impl Makes<C>) -> Result<(), Failure> {
        self.fleet::<C>(verb).map(drop)
    }

    /// One device, and who may make the call: the first that is well, if there are several.
    pub(crate) fn client<C: Call>(&self, verb: &impl Makes<C>) -> Result<Client, Failure> {
        let fleet = self.fleet::<C>(verb)?;
        match fleet.clients() {
            [only] => Ok(only.clone()),
            _ => {
                let ready = |client: &Client| client.ready().map(|()| client.clone());
                self.made::<table::GetReady, _>(&fleet, ready)
            }
        }
    }

    /// The device or devices.
    pub(crate) fn devices(&self) -> Result<&Devices, Failure> {
        if let Some(devices) = self.devices.get() {
            return Ok(devices);
        }
        let devices = Devices::of(&self.globals, self.profile()?)?;
        Ok(self.devices.get_or_init(|| devices))
    }

    /// The devices, for who may make the call.
    fn fleet<C: Call>(&self, _: &impl Makes<C>) -> Result<Fleet, Failure> {
        let row = C::ROW;
        // Before anybody is asked for a passphrase.
        let devices = self.devices()?;
        devices.may_be_asked(&row)?;
        match self.caller(&row)? {
            Some((user, source)) => self.log_in(user, &source),
            None => Ok(devices.fleet.clone()),
        }
    }

    fn made<C: Call, A>(
        &self,
        fleet: &Fleet,
        ask: impl Fn(&Client) -> Result<A, Error>,
    ) -> Result<A, Failure> {
        let once = || match fleet.clients() {
            // No second try and no question about its state.
            [only] => {
                let by = only.url().clone();
                match ask(only) {
                    Ok(answer) => Ok(Answered { answer, by }),
                    Err(source) => Err(FleetError::One { by, source }),
                }
            }
            _ => fleet.ask::<C, A>(&ask),
        };
        let answered = take_turns(self.globals.output, once);
        let devices = self.devices()?;
        let Answered { answer, by } =
            answered.map_err(|error| Failure::of_call(&C::ROW, &error, devices.are_several()))?;
        devices.warn(self.globals.output);
        if self.globals.verbose {
            let text = format!("answered by {by}");
            say(self.globals.output, Said::Note, &text, Some(&by));
        } else if devices.are_several() && !C::ROW.changes_nothing() {
            let text = format!("changed at {by}; the others have it if they are one cluster");
            say(self.globals.output, Said::Note, &text, Some(&by));
        }
        Ok(answer)
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
        if !row.access.open.is_empty() && self.is_open(row)? {
            return Ok(None);
        }
        let users = self.users.borrow();
        let is_known = |user: &&User| users.iter().any(|(name, _)| *name == user.name);
        let listed = self
            .profile()?
            .and_then(|profile| profile.caller(row, is_known));
        match listed {
            Some(user) => Ok(Some((user.name.clone(), user.passphrase.clone()))),
            None => Err(Failure::usage(
                format!("nobody to do this as: it is for {}", who(row)),
                "give --user NAME, or list a user of that role in the profile",
            )),
        }
    }

    /// Whether anybody can make a call now, so that nobody need be asked for a passphrase.
    fn is_open(&self, row: &Row) -> Result<bool, Failure> {
        let fleet = &self.devices()?.fleet;
        let state = self.made::<table::GetState, _>(fleet, Client::state)?;
        Ok(row.admission(state) == Admission::Open)
    }

    /// Where the passphrase of a user comes from who was named on the command line.
    fn source(&self, name: &UserId) -> Result<Source, Failure> {
        if let Some(path) = &self.globals.passphrase_file {
            return Ok(Source::File(path.clone()));
        }
        let listed = self.profile()?.and_then(|profile| profile.user(name));
        Ok(listed.map_or(Source::Prompt, |user| user.passphrase.clone()))
    }

    fn log_in(&self, user: UserId, source: &Source) -> Result<Fleet, Failure> {
        let known = self
            .users
            .borrow()
            .iter()
            .find(|(name, _)| *name == user)
            .cloned();
        if let Some((_, fleet)) = known {
            return Ok(fleet);
        }
        let devices = self.devices()?;
        let passphrase = source.get(user.as_str(), &devices.first)?;
        let fleet = devices
            .fleet
            .as_user(Credentials::new(user.clone(), passphrase));
        self.users.borrow_mut().push((user, fleet.clone()));
        Ok(fleet)
    }

    fn profile(&self) -> Result<Option<&Profile>, Failure> {
        if let Some(profile) = self.profile.get() {
            return Ok(profile.as_ref());
        }
        // Whoever names a device and no profile means that device and its users alone.
        let profile = match &self.globals.profile {
            None if !self.globals.url.is_empty() => None,
            name => Profile::load(name.as_deref())?,
        };
        Ok(self.profile.get_or_init(|| profile).as_ref())
    }
}
