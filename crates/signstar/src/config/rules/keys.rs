//! Keys, and the clients that have them.

use super::suggestion;
use crate::config::{
    ClientName, ClientRules, Config, Domain, Hsm, HsmName, Key, KeyName, document::Document,
};
use crate::sign::mail;

pub(super) fn check(config: &Config, document: &mut Document<'_>) {
    for (name, key) in &config.keys {
        the_hsm_is_there(config, name, key, document);
        it_fits_its_hsm(config, name, key, document);
        notations_have_a_domain(name, key, document);
        type_and_mechanism_fit(name, key, document);
        certificates_have_a_place(name, key, document);
        raw_keys_do_nothing_else(config, name, key, document);
        one_key_has_one_type(config, name, key, document);
    }
    for (client, rules) in &config.clients {
        the_key_is_there(config, client, rules, document);
        outputs_fit(config, client, rules, document);
        if let (Some(from), Some(until)) = (rules.valid_from, rules.valid_until)
            && until <= from
        {
            let what = "this is no later than `valid-from`".to_owned();
            document.mistake(&["client", client.as_str(), "valid-until"], what, None);
        }
    }
}

fn the_hsm_is_there(config: &Config, name: &KeyName, key: &Key, document: &mut Document<'_>) {
    let hsm = key.hsm.as_str();
    if !document.has(["hsm", hsm]) {
        let hint = suggestion(hsm, config.hsms.keys().map(HsmName::as_str));
        let what = format!("there is no [hsm.{hsm}]");
        document.mistake(&["key", name.as_str(), "hsm"], what, hint);
    }
}

fn it_fits_its_hsm(config: &Config, name: &KeyName, key: &Key, document: &mut Document<'_>) {
    let here = |member| ["key", name.as_str(), member];
    let Some(hsm) = config.hsms.get(&key.hsm) else {
        return;
    };
    let is_token = matches!(hsm, Hsm::Pkcs11(_));
    if is_token && key.operator.is_some() {
        document.mistake(
            &here("operator"),
            "a token behind PKCS#11 has no operators".to_owned(),
            Some("leave it out; `passphrase` is the PIN of the token".to_owned()),
        );
    }
    if !is_token && key.operator.is_none() {
        document.mistake(
            &["key", name.as_str()],
            "`operator` is missing".to_owned(),
            None,
        );
    }
    if !is_token && key.object_id.is_some() {
        document.mistake(
            &here("object-id"),
            "only keys behind PKCS#11 have one".to_owned(),
            Some("leave it out".to_owned()),
        );
    }
}

fn the_key_is_there(
    config: &Config,
    client: &ClientName,
    rules: &ClientRules,
    document: &mut Document<'_>,
) {
    let key = rules.key.as_str();
    if !document.has(["key", key]) {
        let hint = suggestion(key, config.keys.keys().map(KeyName::as_str));
        let what = format!("there is no [key.{key}]");
        document.mistake(&["client", client.as_str(), "key"], what, hint);
    }
}

fn outputs_fit(
    config: &Config,
    client: &ClientName,
    rules: &ClientRules,
    document: &mut Document<'_>,
) {
    let Some(key) = config.keys.get(&rules.key) else {
        return;
    };
    for &output in &rules.outputs {
        if let Some(missing) = key.lacks(output) {
            let (output, name) = (output.as_str(), &rules.key);
            document.mistake(
                &["client", client.as_str(), "outputs"],
                format!("`{output}` needs `{missing}` in [key.{name}]"),
                Some(format!("add that, or leave `{output}` out")),
            );
        }
    }
}

fn notations_have_a_domain(name: &KeyName, key: &Key, document: &mut Document<'_>) {
    for notation in key.notations.keys().filter(|name| !is_notation(name)) {
        let what = format!("`{notation}`: a notation is `name@domain`");
        let place = ["key", name.as_str(), "notations", notation];
        document.mistake(&place, what, None);
    }
}

fn type_and_mechanism_fit(name: &KeyName, key: &Key, document: &mut Document<'_>) {
    let (Some(key_type), Some(raw)) = (key.key_type, key.raw) else {
        return;
    };
    let known = key_type.mechanisms();
    if !known.contains(&raw) {
        let known: Vec<_> = known.iter().map(|one| format!("\"{one}\"")).collect();
        document.mistake(
            &["key", name.as_str(), "raw"],
            format!("a key of the type {key_type} does not sign with `{raw}`"),
            Some(format!(
                "write {}, or take another type",
                known.join(" or ")
            )),
        );
    }
}

fn certificates_have_a_place(name: &KeyName, key: &Key, document: &mut Document<'_>) {
    let here = |member| ["key", name.as_str(), member];
    for (n, user_id) in key.user_ids.iter().enumerate() {
        let empty = user_id.trim().is_empty() || user_id.contains(char::is_control);
        // A mail address is in brackets, or there is none.
        let torn = user_id.contains(['<', '>']) && mail(user_id).is_none();
        if empty || torn || user_id.len() > 1024 {
            let what = format!("`{}` is no user ID", user_id.escape_debug());
            let hint = "as in \"Example Packaging <packages@example.org>\"";
            document.mistake(&here("user-ids"), what, Some(hint.to_owned()));
        }
        if key.user_ids.iter().take(n).any(|other| other == user_id) {
            let what = format!("`{user_id}` stands here twice");
            document.mistake(&here("user-ids"), what, None);
        }
    }
    let wanted = [
        ("user-ids", !key.user_ids.is_empty()),
        ("expires", key.expires.is_some()),
    ];
    for (member, _) in wanted.into_iter().filter(|(_, there)| *there) {
        if !key.is_for_openpgp() {
            document.mistake(
                &here(member),
                "this is for certificates, and the key has none".to_owned(),
                Some("add `certificate = \"PATH\"`: where it is to be".to_owned()),
            );
        }
    }
    if let Some(signer) = &key.signer_user_id
        && !key.user_ids.is_empty()
        && !key.user_ids.contains(signer)
    {
        let known = key.user_ids.iter().map(String::as_str);
        let what = "this is none of its `user-ids`".to_owned();
        document.mistake(&here("signer-user-id"), what, suggestion(signer, known));
    }
}

/// A client chooses a raw digest freely: it could be that of an OpenPGP signature or of an SSH
/// signature which its policy would not grant. So such a key makes nothing else, under
/// whatever names the same key stands in the configuration.
fn raw_keys_do_nothing_else(
    config: &Config,
    name: &KeyName,
    key: &Key,
    document: &mut Document<'_>,
) {
    if key.raw.is_none() {
        return;
    }
    let also = config.keys.iter().find(|(_, other)| {
        let structured = other.is_for_openpgp() || other.ssh_namespace.is_some();
        structured && config.is_same_key(key, other)
    });
    if let Some((other, _)) = also {
        document.mistake(
            &["key", name.as_str(), "raw"],
            format!("[key.{other}], the same key, has a certificate or an ssh-namespace"),
            Some("a key that signs raw digests can be used for nothing else".to_owned()),
        );
    }
}

fn one_key_has_one_type(config: &Config, name: &KeyName, key: &Key, document: &mut Document<'_>) {
    let earlier = config.keys.iter().take_while(|(other, _)| *other != name);
    let differs = |other: &Key| matches!((key.key_type, other.key_type), (Some(one), Some(other)) if one != other);
    for (other, _) in earlier.filter(|(_, other)| differs(other) && config.is_same_key(key, other))
    {
        let what = format!("[key.{other}], the same key, has another type");
        document.mistake(&["key", name.as_str(), "type"], what, None);
    }
}

/// Whether `name` is in the user namespace (RFC 9580 §5.2.3.24).
fn is_notation(name: &str) -> bool {
    name.split_once('@')
        .is_some_and(|(tag, domain)| !tag.is_empty() && Domain::new(domain).is_ok())
}

impl Config {
    /// Whether both are the same key in the same device, as far as names and addresses tell.
    pub(super) fn is_same_key(&self, one: &Key, other: &Key) -> bool {
        let hsms = (self.hsms.get(&one.hsm), self.hsms.get(&other.hsm));
        one.id == other.id
            && one.namespace() == other.namespace()
            && matches!(hsms, (Some(one), Some(other)) if one.shares_a_device_with(other))
    }
}
