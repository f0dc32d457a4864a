//! Who may have what.

use std::{collections::BTreeMap, time::SystemTime};

use crate::{
    config::{ClientName, ClientRules, KeyName},
    refusal::{Code, Refused},
    request::Request,
};

/// The rules for every client that is known.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    clients: BTreeMap<ClientName, ClientRules>,
}

impl Policy {
    /// Nobody but `clients` may have anything.
    pub fn new(clients: BTreeMap<ClientName, ClientRules>) -> Self {
        Self { clients }
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
        let rules = policy
            .clients
            .get(client)
            .ok_or_else(|| Refused::new(Code::UnknownClient))?;
        if !rules.enabled {
            return Err(Refused::new(Code::NotPermitted).because("the client is disabled"));
        }
        if !rules.outputs.contains(&request.output()) {
            return Err(Refused::new(Code::NotPermitted).because("output type not allowed"));
        }
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
