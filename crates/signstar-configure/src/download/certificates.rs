//! The public halves of all keys.

use std::{collections::BTreeSet, ffi::OsStr, fs::File, io::Write, path::Path};

use signstar::{
    config::{Config, Key, KeyName, SshNamespace},
    sign::{Certificate, PublicKey},
};

use crate::{Error, configuration::read};

/// The longest file that is read, in octets (1 MiB: the certificate slot of a NetHSM).
const MAX_OCTETS: u64 = 1 << 20;

/// How the keys are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// Certificates of version 4. Those of version 6 are kept apart: where one stands between
    /// others, GnuPG 2.2 imports none of them.
    OpenPgp,
    OpenPgpV6,
    Ssh,
    List,
}

impl Form {
    /// What the command that came over SSH asks for: exactly one of four words.
    pub(super) fn asked_for(asked: Option<&OsStr>) -> Result<Self, Error> {
        let Some(asked) = asked else {
            return Ok(Self::OpenPgp);
        };
        match asked.to_str() {
            Some("openpgp") => Ok(Self::OpenPgp),
            Some("openpgp-v6") => Ok(Self::OpenPgpV6),
            Some("ssh") => Ok(Self::Ssh),
            Some("list") => Ok(Self::List),
            _ => Err(Error::Command(&["openpgp", "openpgp-v6", "ssh", "list"])),
        }
    }
}

/// Writes those of all keys that can be read, and fails at the end if some cannot.
pub(super) fn hand_out(config: &Config, form: Form, out: &mut dyn Write) -> Result<(), Error> {
    let mut left_out = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, key) in &config.keys {
        for part in parts(config, name, key, form) {
            match part {
                Ok(part) if seen.insert(part.clone()) => {
                    out.write_all(part.as_bytes()).map_err(Error::Output)?;
                }
                // Several keys of the configuration may share a certificate.
                Ok(_) => {}
                Err(why) => left_out.push(format!("key {name}: {why}")),
            }
        }
    }
    match left_out.is_empty() {
        true => Ok(()),
        false => Err(Error::Incomplete(left_out)),
    }
}

/// What there is to say about a key: lines, each with its end.
fn parts(config: &Config, name: &KeyName, key: &Key, form: Form) -> Vec<Result<String, String>> {
    let certificates = [&key.certificate, &key.certificate_v6];
    let certificates = certificates.into_iter().flatten();
    let ssh = || key.ssh_namespace.iter();
    match form {
        Form::OpenPgp => key.certificate.iter().map(|path| armor(path)).collect(),
        Form::OpenPgpV6 => key.certificate_v6.iter().map(|path| armor(path)).collect(),
        Form::Ssh => ssh()
            .map(|namespace| Ok(allowed_signer(config, name, namespace, &public_key(key)?)))
            .collect(),
        Form::List => certificates
            .map(|path| {
                let certificate = certificate(path)?;
                let ids: Vec<_> = certificate.bound_user_ids().collect();
                let fingerprint = certificate.fingerprint();
                Ok(format!("openpgp {name} {fingerprint} {}\n", ids.join(", ")))
            })
            .chain(ssh().map(|namespace| {
                let line = public_key(key)?.to_openssh();
                Ok(format!("ssh {name} {namespace} {line}\n"))
            }))
            .collect(),
    }
}

/// The armor of a certificate. A revoked one is handed out too: that is how people hear of it.
fn armor(path: &Path) -> Result<String, String> {
    let armored = Certificate::armor(&octets(path)?)
        .map_err(|error| format!("{} is unusable: {error}", path.display()))?;
    Ok(match armored.ends_with('\n') {
        true => armored,
        false => format!("{armored}\n"),
    })
}

fn certificate(path: &Path) -> Result<Certificate, String> {
    Certificate::parse(&octets(path)?)
        .map_err(|error| format!("{} is unusable: {error}", path.display()))
}

/// A line for `ssh-keygen -Y verify`: signatures of this key count for this namespace only.
fn allowed_signer(
    config: &Config,
    name: &KeyName,
    namespace: &SshNamespace,
    key: &PublicKey,
) -> String {
    let domain = &config.domain;
    // In quotes, a quote would end it (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
    let namespace = namespace.as_str().replace('"', "\\\"");
    format!(
        "{name}@{domain} namespaces=\"{namespace}\" {}\n",
        key.to_openssh()
    )
}

/// The public half of a key: of the file that has nothing else, or of its certificate.
fn public_key(key: &Key) -> Result<PublicKey, String> {
    let certificates = [&key.certificate, &key.certificate_v6];
    match (&key.public_key, certificates.into_iter().flatten().next()) {
        (Some(path), _) => {
            let unusable = |why: String| format!("{} is unusable: {why}", path.display());
            let text = String::from_utf8(octets(path)?).map_err(|_| unusable("no text".into()))?;
            PublicKey::from_pem(&text).map_err(|error| unusable(error.to_string()))
        }
        (None, Some(path)) => certificate(path)?
            .public_key()
            .ok_or_else(|| format!("{} has another kind of key", path.display())),
        (None, None) => Err("it has neither a public key nor a certificate".to_owned()),
    }
}

fn octets(path: &Path) -> Result<Vec<u8>, String> {
    File::open(path)
        .and_then(|file| read(file, MAX_OCTETS))
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_taken_and_nothing_else() {
        let asked = |text: &str| Form::asked_for(Some(OsStr::new(text))).ok();
        assert_eq!(Form::asked_for(None).ok(), Some(Form::OpenPgp));
        assert_eq!(asked("openpgp"), Some(Form::OpenPgp));
        assert_eq!(asked("openpgp-v6"), Some(Form::OpenPgpV6));
        assert_eq!(asked("ssh"), Some(Form::Ssh));
        assert_eq!(asked("list"), Some(Form::List));
        for other in [
            "",
            " ",
            "list ",
            "list ssh",
            "list; id",
            "LIST",
            "signstar-sign",
        ] {
            assert_eq!(asked(other), None, "{other:?}");
        }
    }
}
