//! Who is at the other end of the socket.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::net::UnixStream,
};

use nix::{
    sys::socket::{getsockopt, sockopt::PeerCredentials},
    unistd::{Uid, User},
};

use super::Error;

/// Which Unix users may append, and in whose name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peers {
    users: BTreeSet<u32>,
    client_is_user: bool,
    pseudonyms: BTreeMap<String, String>,
}

/// What one process may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Allowed {
    /// Append and find entries of this client only.
    Client(String),
    /// Append and find entries of any client.
    AnyClient,
}

impl Peers {
    /// Processes of the `users` may append; of the user of this process if there are none.
    ///
    /// With `client_is_user` each only as the client that is called as the user is.
    pub fn new(users: &[String], client_is_user: bool) -> Result<Self, Error> {
        let mut known = BTreeSet::new();
        for name in users {
            match User::from_name(name) {
                Ok(Some(user)) => known.insert(user.uid.as_raw()),
                _ => return Err(Error::NoUser(name.clone())),
            };
        }
        if known.is_empty() {
            known.insert(Uid::effective().as_raw());
        }
        Ok(Self {
            users: known,
            client_is_user,
            pseudonyms: BTreeMap::new(),
        })
    }

    /// The same, but where clients are users, the entries of `user` have the client `pseudonym`.
    #[must_use]
    pub fn with_pseudonym_of(mut self, user: String, pseudonym: String) -> Self {
        self.pseudonyms.insert(user, pseudonym);
        self
    }

    /// What the process at the other end may do: nothing if it is not one of those who may.
    pub(super) fn allows(&self, stream: &UnixStream) -> Option<Allowed> {
        let uid = getsockopt(stream, PeerCredentials).ok()?.uid();
        if !self.users.contains(&uid) {
            return None;
        }
        if !self.client_is_user {
            return Some(Allowed::AnyClient);
        }
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten()?;
        let client = self.pseudonyms.get(&user.name).cloned();
        Some(Allowed::Client(client.unwrap_or(user.name)))
    }
}

impl Allowed {
    /// Whether entries of `client` are in reach.
    pub(super) fn client(&self, client: &str) -> bool {
        match self {
            Self::Client(name) => name == client,
            Self::AnyClient => true,
        }
    }
}
