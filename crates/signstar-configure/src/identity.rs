//! Who asks.

use nix::unistd::{Uid, User};
use signstar::config::{Config, Identity, UserName};

use crate::Error;

/// Tells which user this is; `named` is what the command line says.
pub(crate) fn identity(config: &Config, named: Option<UserName>) -> Result<UserName, Error> {
    match (config.identity, named) {
        (Identity::AuthorizedKeys, Some(user)) => Ok(user),
        (Identity::AuthorizedKeys, None) => Err(Error::NotNamed),
        (Identity::UnixUser, Some(user)) => Err(Error::Named(user)),
        (Identity::UnixUser, None) => {
            let uid = Uid::current();
            let user = User::from_uid(uid).ok().flatten();
            user.and_then(|user| UserName::new(user.name).ok())
                .ok_or(Error::NoUser(uid.as_raw()))
        }
    }
}
