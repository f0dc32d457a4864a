//! Who may have what.

mod meter;

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

pub use meter::{Meter, Unmetered};

use crate::{
    config::{ClientName, ClientRules, KeyName},
    refusal::{Code, Refused},
    request::{AllegedName, Output, Request},
};

/// The rules for every client that is known, and the count of what they asked for.
#[derive(Clone, Debug)]
pub struct Policy {
    clients: BTreeMap<ClientName, ClientRules>,
    meter: Arc<dyn Meter>,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl Policy {
    /// Nobody but `clients` may have anything. Clients with limited rates need a meter.
    pub fn new(clients: BTreeMap<ClientName, ClientRules>) -> Self {
        Self {
            clients,
            meter: Arc::new(Unmetered),
        }
    }

    /// The same with a count of requests by `meter`.
    #[must_use]
    pub fn with_meter(self, meter: Arc<dyn Meter>) -> Self {
        Self { meter, ..self }
    }

    /// The rules of `client`, if it may have anything at all at the time `now` and does not ask too
    /// often. From here on every request counts, whether it is granted or not.
    fn admit(&self, client: &ClientName, now: SystemTime) -> Result<&ClientRules, Refused> {
        let rules = (self.clients.get(client)).ok_or_else(|| Refused::new(Code::UnknownClient))?;
        if !rules.enabled {
            return Err(Refused::new(Code::NotPermitted).because("the client is disabled"));
        }
        if !rules.is_valid_at(now) {
            return Err(Refused::new(Code::OutsideValidity));
        }
        let rates = rules.rates();
        if rates.is_limited() {
            self.meter.take(client, &rates, now)?;
        }
        Ok(rules)
    }
}

/// Leave to sign one request with one key.
///
/// Only [`Grant::decide`] makes one:
///
/// ```compile_fail,E0451
/// # use signstar::{config::{ClientName, KeyName}, policy::Grant, request::Request};
/// # fn skip(request: Request, client: ClientName, key: KeyName) -> Grant {
/// Grant { request, client, key, at: std::time::SystemTime::now() }
/// # }
/// ```
#[derive(Debug)]
pub struct Grant {
    request: Request,
    client: ClientName,
    key: KeyName,
    at: SystemTime,
}

impl Grant {
    /// Decides whether `client` may have what it asks for at the time `now`, and with which key.
    ///
    /// A client has one key, and a request cannot name another.
    pub fn decide(
        request: Request,
        client: &ClientName,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Self, Refused> {
        let rules = (policy.admit(client, now))
            .and_then(|rules| check(&request, rules).map(|()| rules))
            .map_err(|refused| refused.of(request.id()))?;
        Ok(Self {
            request,
            client: client.clone(),
            key: rules.key.clone(),
            at: now,
        })
    }

    /// What was asked for.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Who asked.
    pub fn client(&self) -> &ClientName {
        &self.client
    }

    /// The key that this client has.
    pub fn key(&self) -> &KeyName {
        &self.key
    }

    /// When it was decided.
    pub fn at(&self) -> SystemTime {
        self.at
    }
}

/// Whether `rules` allow this request.
fn check(request: &Request, rules: &ClientRules) -> Result<(), Refused> {
    if !rules.outputs.contains(&request.output().kind()) {
        return Err(Refused::new(Code::NotPermitted).because("output type not allowed"));
    }
    if matches!(request.output(), Output::OpenPgpV6Salt) {
        // Neither a file nor a name yet: both come with the signature.
        return Ok(());
    }
    if let Some(patterns) = &rules.file_names {
        let name = request.alleged_name().map(AllegedName::as_str);
        let fits = name.is_some_and(|name| patterns.iter().any(|pattern| pattern.matches(name)));
        if !fits {
            return Err(Refused::new(Code::FileNameNotPermitted));
        }
    }
    match (rules.max_length, request.file_length()) {
        (Some(max), Some(length)) if length > max => Err(Refused::new(Code::FileTooLarge)
            .because(format!("{length} octets, and {max} are allowed"))),
        (Some(_), None) => {
            Err(Refused::new(Code::FileTooLarge).because("a digest does not tell the length"))
        }
        _ => Ok(()),
    }
}
