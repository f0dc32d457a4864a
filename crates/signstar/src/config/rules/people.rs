//! Clients and users: their names, and the keys that they log in with.

use std::collections::BTreeMap;

use super::suggestion;
use crate::config::{Config, HsmName, Identity, Role, SshKey, UnixUser, document::Document};

pub(super) fn check(config: &Config, document: &mut Document<'_>) {
    one_name_in_the_log_is_of_one_client(config, document);
    one_name_has_one_role(config, document);
    one_ssh_key_is_of_one_user(config, document);
    for (name, user) in &config.users {
        if let Role::Backup(backup) = &user.role
            && !document.has(["hsm", backup.hsm.as_str()])
        {
            let hsm = backup.hsm.as_str();
            let hint = suggestion(hsm, config.hsms.keys().map(HsmName::as_str));
            let what = format!("there is no [hsm.{hsm}]");
            document.mistake(&["user", name.as_str(), "hsm"], what, hint);
        }
    }
}

pub(super) fn check_for_host(config: &Config, document: &mut Document<'_>) {
    names_are_those_of_unix_users(config, document);
}

fn names_are_those_of_unix_users(config: &Config, document: &mut Document<'_>) {
    if config.identity != Identity::UnixUser {
        return;
    }
    for [table, name] in config.people() {
        match UnixUser::new(name) {
            Err(error) => document.mistake(&[table, name], error.to_string(), None),
            Ok(user) if user == config.host.log_user => document.mistake(
                &[table, name],
                "this is the Unix user of the log".to_owned(),
                Some("take another name, or another `log-user` in [host]".to_owned()),
            ),
            Ok(_) => {}
        }
    }
}

fn one_name_has_one_role(config: &Config, document: &mut Document<'_>) {
    for user in config.users.keys() {
        if document.has(["client", user.as_str()]) {
            document.mistake(
                &["user", user.as_str()],
                format!("`{user}` is a client as well"),
                Some("each has one role; take another name for one of them".to_owned()),
            );
        }
    }
}

/// The log finds requests that are repeated by the name of their client: with the name of another
/// it would answer with the signatures of that one.
fn one_name_in_the_log_is_of_one_client(config: &Config, document: &mut Document<'_>) {
    for (client, rules) in &config.clients {
        let Some(name) = &rules.log_name else {
            continue;
        };
        let mut others = config.clients.iter().filter(|(other, _)| *other != client);
        let taken = others.find(|(other, rules)| {
            *other == name || (*other < client && rules.log_name.as_ref() == Some(name))
        });
        if let Some((other, _)) = taken {
            document.mistake(
                &["client", client.as_str(), "log-name"],
                format!("[client.{other}] is called `{name}` in the log"),
                Some("give each client a name of its own".to_owned()),
            );
        }
    }
}

fn one_ssh_key_is_of_one_user(config: &Config, document: &mut Document<'_>) {
    let mut seen: BTreeMap<&str, [&str; 2]> = BTreeMap::new();
    for ([table, name], keys) in config.ssh_keys() {
        for key in keys {
            if let Some([other_table, other]) = seen.insert(key.base64(), [table, name]) {
                document.mistake(
                    &[table, name, "ssh-keys"],
                    format!(
                        "the key {} is also one of [{other_table}.{other}]",
                        key.fingerprint()
                    ),
                    Some("an SSH key tells who somebody is: each belongs to one".to_owned()),
                );
            }
        }
    }
}

impl Config {
    /// The tables of clients and users.
    fn people(&self) -> impl Iterator<Item = [&str; 2]> {
        let clients = self.clients.keys().map(|name| ["client", name.as_str()]);
        clients.chain(self.users.keys().map(|name| ["user", name.as_str()]))
    }

    /// The SSH keys of each client and each user.
    fn ssh_keys(&self) -> impl Iterator<Item = ([&str; 2], &[SshKey])> {
        let clients = self.clients.iter();
        let clients = clients.map(|(name, rules)| (["client", name.as_str()], &*rules.ssh_keys));
        let users = self.users.iter();
        clients.chain(users.map(|(name, user)| (["user", name.as_str()], &*user.ssh_keys)))
    }
}
