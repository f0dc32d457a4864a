//! Who signs with a key.

use signstar::config::{Config, Credential, HsmUser, Key, KeyName, Log};

use super::wanted::Place;

/// Somebody who signs with a key.
pub(super) struct User<'a> {
    /// The user in the HSM; none behind PKCS#11.
    pub(super) operator: Option<&'a HsmUser>,
    /// Where the passphrase rests, and for which Unix user.
    pub(super) place: Place,
}

/// All who sign with `key`, those of clients with a passphrase of their own first.
pub(super) fn of<'a>(config: &'a Config, name: &KeyName, key: &'a Key) -> Vec<User<'a>> {
    let mut users = Vec::new();
    let place = |credential: &Credential, unix_user| Place {
        credential: credential.clone(),
        unix_user,
    };
    let mut shared = None;
    let clients = config.clients.iter();
    for (client, rules) in clients.filter(|(_, rules)| rules.key == *name) {
        let client = Some(client.to_string());
        match &rules.passphrase {
            Some(passphrase) => users.push(User {
                operator: rules.operator.as_ref(),
                place: place(passphrase, client),
            }),
            None => shared = client,
        }
    }
    if matches!(&config.log, Log::Public(log) if log.key.as_ref() == Some(name)) {
        shared = Some(config.host.log_user.to_string());
    }
    users.push(User {
        operator: key.operator.as_ref(),
        place: place(&key.passphrase, shared),
    });
    users
}
