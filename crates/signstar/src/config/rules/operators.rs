//! Users in the HSM, each with one passphrase and one purpose.

use std::collections::BTreeMap;

use crate::config::{
    ClientRules, Config, Credential, Hsm, HsmName, HsmUser, Identity, KeyName, ObjectNumber, Role,
    document::Document,
};

/// Somebody who needs a user in an HSM.
struct Need<'c> {
    /// The table, as in `client.builder`.
    table: [&'c str; 2],
    /// The member that says so: `operator`, or `metrics` of an HSM.
    member: &'c str,
    hsm: &'c HsmName,
    /// None behind PKCS#11, where a PIN opens the whole token.
    user: Option<&'c HsmUser>,
    passphrase: &'c Credential,
    purpose: Purpose<'c>,
    /// The Unix user that reads the passphrase, if it is one of its own.
    reader: Option<&'c str>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Purpose<'c> {
    /// One key, by its identifier in the HSM.
    Key(&'c str),
    Backup,
    Metrics,
    Audit,
}

pub(super) fn check(config: &Config, document: &mut Document<'_>) {
    both_or_none(config, document);
    let needs = needs(config);
    one_user_has_one_purpose(&needs, document);
    one_passphrase_is_of_one_user(&needs, document);
    administrators_do_nothing_else(config, &needs, document);
    namespaces_have_administrators(config, &needs, document);
    tokens_have_no_backups(config, &needs, document);
    yubihsms_have_numbers(config, &needs, document);
    logs_have_a_place(config, document);
}

/// All that is needed.
fn needs(config: &Config) -> Vec<Need<'_>> {
    let mut needs = Vec::new();
    for (name, key) in &config.keys {
        needs.push(Need {
            table: ["key", name.as_str()],
            member: "operator",
            hsm: &key.hsm,
            user: key.operator.as_ref(),
            passphrase: &key.passphrase,
            purpose: Purpose::Key(key.id.as_str()),
            reader: None,
        });
    }
    for (client, rules) in &config.clients {
        let key = config.keys.get(&rules.key);
        if let (Some(key), Some((user, passphrase))) = (key, config.operator_of(rules)) {
            needs.push(Need {
                table: ["client", client.as_str()],
                member: match (&rules.operator, &rules.passphrase) {
                    (Some(_), _) => "operator",
                    (None, Some(_)) => "passphrase",
                    (None, None) => "key",
                },
                hsm: &key.hsm,
                user,
                passphrase,
                purpose: Purpose::Key(key.id.as_str()),
                reader: Some(client.as_str()),
            });
        }
    }
    for (name, user) in &config.users {
        if let Role::Backup(backup) = &user.role {
            needs.push(Need {
                table: ["user", name.as_str()],
                member: "operator",
                hsm: &backup.hsm,
                user: Some(&backup.operator),
                passphrase: &backup.passphrase,
                purpose: Purpose::Backup,
                reader: Some(name.as_str()),
            });
        }
    }
    for (name, hsm) in &config.hsms {
        let (member, purpose, account) = match hsm {
            Hsm::NetHsm(hsm) => ("metrics", Purpose::Metrics, &hsm.settings().metrics),
            Hsm::YubiHsm2(device) => ("auditor", Purpose::Audit, &device.auditor),
            Hsm::Pkcs11(_) => continue,
        };
        if let Some(account) = account {
            needs.push(Need {
                table: ["hsm", name.as_str()],
                member,
                hsm: name,
                user: Some(&account.operator),
                passphrase: &account.passphrase,
                purpose,
                reader: None,
            });
        }
    }
    needs
}

fn both_or_none(config: &Config, document: &mut Document<'_>) {
    for (client, rules) in &config.clients {
        let (there, missing) = match (&rules.operator, &rules.passphrase) {
            // A token behind PKCS#11 has no operators, and its PIN may rest in several files.
            (operator, _) if config.is_behind_pkcs11(rules) => {
                if operator.is_some() {
                    document.mistake(
                        &["client", client.as_str(), "operator"],
                        "a token behind PKCS#11 has no operators".to_owned(),
                        Some("leave it out; `passphrase` is the PIN of the token".to_owned()),
                    );
                }
                continue;
            }
            (Some(_), None) => ("operator", "passphrase"),
            (None, Some(_)) => ("passphrase", "operator"),
            _ => continue,
        };
        document.mistake(
            &["client", client.as_str(), there],
            format!("`{missing}` is missing beside it"),
            Some("a client has both, or those of its key".to_owned()),
        );
    }
}

/// An operator of two keys could sign with both, whatever the table of its client says.
fn one_user_has_one_purpose(needs: &[Need<'_>], document: &mut Document<'_>) {
    let mut seen: BTreeMap<(&HsmName, &HsmUser), &Need<'_>> = BTreeMap::new();
    // A client that has the operator of its key breaks nothing by itself.
    for need in needs.iter().filter(|need| need.member != "key") {
        let Some(user) = need.user else { continue };
        let first = seen.entry((need.hsm, user)).or_insert(need);
        if first.purpose == need.purpose {
            continue;
        }
        let [table, name] = first.table;
        document.mistake(
            &[need.table[0], need.table[1], need.member],
            format!("`{user}` is also the user of [{table}.{name}]"),
            Some("give each its own: a user in the HSM has one key, or one role".to_owned()),
        );
    }
}

fn one_passphrase_is_of_one_user(needs: &[Need<'_>], document: &mut Document<'_>) {
    let mut seen: BTreeMap<_, &Need<'_>> = BTreeMap::new();
    for need in needs.iter().filter(|need| need.member != "key") {
        let path = need.passphrase.path();
        let first = seen.entry(path).or_insert(need);
        if (first.hsm, first.user) == (need.hsm, need.user) {
            continue;
        }
        let [table, name] = first.table;
        let member = match need.purpose {
            Purpose::Metrics => "metrics",
            Purpose::Audit => "auditor",
            _ => "passphrase",
        };
        document.mistake(
            &[need.table[0], need.table[1], member],
            format!(
                "{} is also for the user of [{table}.{name}]",
                path.display()
            ),
            Some("give each user in the HSM a file of its own".to_owned()),
        );
    }
}

/// A passphrase belongs to one Unix user, and nobody else can read it.
pub(super) fn check_for_host(config: &Config, document: &mut Document<'_>) {
    if config.identity != Identity::UnixUser {
        return;
    }
    let mut seen: BTreeMap<_, &str> = BTreeMap::new();
    for need in needs(config) {
        let Some(reader) = need.reader else {
            continue;
        };
        let path = need.passphrase.path();
        let first = *seen.entry(path).or_insert(reader);
        if first != reader {
            document.mistake(
                &[need.table[0], need.table[1], need.member],
                format!(
                    "only one Unix user can read {}, and `{first}` has to",
                    path.display()
                ),
                Some(format!(
                    "give [{}.{}] an `operator` and a `passphrase` of its own",
                    need.table[0], need.table[1]
                )),
            );
        }
    }
}

fn administrators_do_nothing_else(
    config: &Config,
    needs: &[Need<'_>],
    document: &mut Document<'_>,
) {
    for need in needs {
        let (Some(user), Some(Hsm::NetHsm(hsm))) = (need.user, config.hsms.get(need.hsm)) else {
            continue;
        };
        if hsm.settings().administrators.contains(user) {
            document.mistake(
                &[need.table[0], need.table[1], need.member],
                format!("`{user}` is an administrator of [hsm.{}]", need.hsm),
                Some("an administrator signs nothing; take another name".to_owned()),
            );
        }
        let whole = matches!(need.purpose, Purpose::Backup | Purpose::Metrics);
        if whole && user.namespace().is_some() {
            document.mistake(
                &[need.table[0], need.table[1], need.member],
                format!("`{user}` is in a namespace"),
                Some("only users of the whole device make backups or read metrics".to_owned()),
            );
        }
    }
    for (name, hsm) in &config.hsms {
        let Hsm::NetHsm(hsm) = hsm else { continue };
        let administrators = &hsm.settings().administrators;
        if administrators.iter().all(|user| user.namespace().is_some()) {
            document.mistake(
                &["hsm", name.as_str(), "administrators"],
                "there is no administrator of the whole device".to_owned(),
                Some("name one without a namespace, as \"admin\"".to_owned()),
            );
        }
    }
}

/// Keys that are to be made in a namespace need somebody who may make them.
fn namespaces_have_administrators(
    config: &Config,
    needs: &[Need<'_>],
    document: &mut Document<'_>,
) {
    for need in needs {
        let [table, name] = need.table;
        let key = KeyName::new(name)
            .ok()
            .and_then(|name| config.keys.get(&name));
        let (Some(key), "key", Some(Hsm::NetHsm(hsm))) = (key, table, config.hsms.get(need.hsm))
        else {
            continue;
        };
        let (Some(namespace), Some(_)) = (key.namespace(), key.key_type) else {
            continue;
        };
        let mut known = hsm.settings().administrators.iter();
        if known.all(|user| user.namespace() != Some(namespace)) {
            document.mistake(
                &["key", name, "operator"],
                format!("the namespace `{namespace}` has no administrator"),
                Some(format!(
                    "add one to `administrators` of [hsm.{}], as \"{namespace}~admin\"",
                    need.hsm
                )),
            );
        }
    }
    for (client, rules) in &config.clients {
        let key = config.keys.get(&rules.key);
        let operator = key.and_then(|key| key.operator.as_ref());
        if let (Some(user), Some(operator)) = (&rules.operator, operator)
            && user.namespace() != operator.namespace()
        {
            document.mistake(
                &["client", client.as_str(), "operator"],
                format!("`{user}` is not in the namespace of [key.{}]", rules.key),
                Some(format!(
                    "its operator is `{operator}`: take the same namespace"
                )),
            );
        }
    }
}

/// What leaves a token, if anything does, leaves it with the tools of its maker.
fn tokens_have_no_backups(config: &Config, needs: &[Need<'_>], document: &mut Document<'_>) {
    for need in needs.iter().filter(|need| need.purpose == Purpose::Backup) {
        if let Some(Hsm::Pkcs11(_)) = config.hsms.get(need.hsm) {
            document.mistake(
                &[need.table[0], need.table[1], "hsm"],
                format!("[hsm.{}] is of the kind pkcs11", need.hsm),
                Some("tokens make no backups that could be downloaded".to_owned()),
            );
        }
    }
}

/// What is read of a log has to be kept somewhere.
fn logs_have_a_place(config: &Config, document: &mut Document<'_>) {
    for (name, hsm) in &config.hsms {
        if let (Hsm::YubiHsm2(device), None) = (hsm, &config.administration)
            && device.auditor.is_some()
        {
            document.mistake(
                &["hsm", name.as_str(), "auditor"],
                "there is no [administration], in whose folder the log would be kept".to_owned(),
                Some("add one, or leave out `auditor`".to_owned()),
            );
        }
    }
}

/// Users of a YubiHSM2 are the numbers of authentication keys, and those of administrators are theirs.
fn yubihsms_have_numbers(config: &Config, needs: &[Need<'_>], document: &mut Document<'_>) {
    for need in needs.iter().filter(|need| need.member != "key") {
        let (Some(user), Some(Hsm::YubiHsm2(device))) = (need.user, config.hsms.get(need.hsm))
        else {
            continue;
        };
        let hint = match user.as_str().parse::<ObjectNumber>() {
            Err(_) => "write the number of an authentication key, \"2\" to \"65534\"",
            Ok(number) if number == device.administrator => {
                "that is the `administrator` of the device, who signs nothing; take another number"
            }
            Ok(_) => continue,
        };
        document.mistake(
            &[need.table[0], need.table[1], need.member],
            format!("`{user}` is no operator of the YubiHSM2 [hsm.{}]", need.hsm),
            Some(hint.to_owned()),
        );
    }
}

impl Config {
    fn is_behind_pkcs11(&self, rules: &ClientRules) -> bool {
        let key = self.keys.get(&rules.key);
        let hsm = key.and_then(|key| self.hsms.get(&key.hsm));
        matches!(hsm, Some(Hsm::Pkcs11(_)))
    }
}
