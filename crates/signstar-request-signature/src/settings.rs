//! What a user writes down once: `client.toml`.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use signstar::{config::SshNamespace, request::OutputType};

use crate::{Destination, Error, Logs, Patience, Proxy, Ssh, Trust};

/// How alike two names are (Jaro and Winkler, 0 to 1) when one may be a slip for the other.
const ALIKE: f64 = 0.75;

/// What a user writes down once (`spec/client.md`). Everything may be left out; unknown names are
/// errors.
///
/// ```toml
/// default = "packages"
///
/// [enclave.packages]
/// destination = "sign@enclave.example.org"
/// certificates = ["packages.pgp"]
/// ssh-options = ["IdentityFile=~/.ssh/signing"]
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    default: Option<String>,
    unnamed: Option<Remote>,
    enclaves: BTreeMap<String, Remote>,
}

/// An enclave as its user knows it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Remote {
    /// Where it is.
    pub destination: Option<Destination>,
    /// The OpenPGP certificates and public keys that its signatures verify with: one of them has
    /// to. A relative path begins at the folder of the settings.
    pub certificates: Vec<PathBuf>,
    /// The keys of its transparency log, as C2SP `signed-note` writes them: every signature has to
    /// be in it.
    pub log_keys: Vec<String>,
    /// In place of them: the file with a policy (C2SP `tlog-policy`) that names logs and the witnesses
    /// that have to have seen every signature. A relative path begins at the folder of the settings.
    pub log_policy: Option<PathBuf>,
    /// The namespace that its SSH signatures have to be for.
    pub ssh_namespace: Option<SshNamespace>,
    /// The kind of signature that is asked for.
    pub output: Option<OutputType>,
    /// Whether OpenPGP signatures are written in ASCII armor.
    pub armor: bool,
    /// The program to connect with, if it is not `ssh`.
    pub ssh: Option<PathBuf>,
    /// Options for it, as in `ssh_config`.
    pub ssh_options: Vec<String>,
    /// Whether `ssh` has to make the connection itself.
    pub no_proxy: bool,
    /// How long trouble may last, in seconds.
    pub patience_seconds: Option<u64>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    default: Option<String>,
    #[serde(default)]
    enclave: BTreeMap<String, Remote>,
    // One enclave without a name.
    destination: Option<Destination>,
    certificate: Option<PathBuf>,
    ssh: Option<PathBuf>,
    ssh_options: Option<Vec<String>>,
}

impl Settings {
    /// Reads the settings at `path`. A file that is not there says nothing.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(Error::read(path, source)),
        };
        let unusable = |reason: String| Error::Settings {
            path: path.to_owned(),
            reason,
        };
        let document: Document =
            toml::from_str(&text).map_err(|error| unusable(error.to_string().trim_end().into()))?;
        let says_both = |(name, remote): (&String, &Remote)| {
            (remote.log_policy.is_some() && !remote.log_keys.is_empty()).then(|| name.clone())
        };
        if let Some(name) = document.enclave.iter().find_map(says_both) {
            let reason = format!("enclave.{name}: write log-keys or log-policy, not both");
            return Err(unusable(reason));
        }
        let settings = Self::from_document(document, path.parent().unwrap_or(Path::new("")));
        if let Some(default) = &settings.default {
            settings
                .named(default)
                .map_err(|error| unusable(format!("default: {error}; {}", error.hint())))?;
        }
        Ok(settings)
    }

    fn from_document(document: Document, folder: &Path) -> Self {
        let unnamed = Remote {
            destination: document.destination,
            certificates: document.certificate.into_iter().collect(),
            ssh: document.ssh,
            ssh_options: document.ssh_options.unwrap_or_default(),
            ..Remote::default()
        };
        let unnamed = (unnamed != Remote::default()).then_some(unnamed);
        let beside = |mut remote: Remote| {
            for path in remote.certificates.iter_mut().chain(&mut remote.log_policy) {
                *path = folder.join(&*path);
            }
            remote
        };
        Self {
            default: document.default,
            unnamed: unnamed.map(beside),
            enclaves: (document.enclave.into_iter())
                .map(|(name, remote)| (name, beside(remote)))
                .collect(),
        }
    }

    /// The enclave called `name`; without a name the default, which is the one that the settings
    /// call so, or the one without a name, or the only one.
    ///
    /// Where nothing is known, that is what is known of it.
    pub fn enclave(&self, name: Option<&str>) -> Result<Remote, Error> {
        if let Some(name) = name.or(self.default.as_deref()) {
            return self.named(name).cloned();
        }
        let mut all = self.unnamed.iter().chain(self.enclaves.values());
        match (all.next(), all.next()) {
            (None, _) => Ok(Remote::default()),
            (Some(first), second) if second.is_none() || self.unnamed.is_some() => {
                Ok(first.clone())
            }
            _ => Err(Error::WhichEnclave(self.names())),
        }
    }

    /// The names of all enclaves, in order.
    pub fn names(&self) -> Vec<String> {
        self.enclaves.keys().cloned().collect()
    }

    fn named(&self, name: &str) -> Result<&Remote, Error> {
        self.enclaves.get(name).ok_or_else(|| {
            let alike = |known: &&String| strsim::jaro_winkler(name, known);
            let similar = (self.enclaves.keys())
                .max_by(|a, b| alike(a).total_cmp(&alike(b)))
                .filter(|known| alike(known) >= ALIKE);
            Error::UnknownEnclave {
                name: name.to_owned(),
                similar: similar.cloned(),
                known: self.names(),
            }
        })
    }
}

impl Remote {
    /// How to reach it. `proxy` makes the connection unless the settings speak against it; see
    /// [`Ssh::through`].
    pub fn ssh(&self, proxy: Option<Proxy>) -> Result<Ssh, Error> {
        let program = self.ssh.clone().unwrap_or_else(|| "ssh".into());
        let destination = self.destination.clone().ok_or(Error::NoDestination)?;
        let ssh = Ssh::new(program, self.ssh_options.clone(), destination);
        Ok(match proxy {
            Some(proxy) if !self.no_proxy => ssh.through(proxy),
            _ => ssh,
        })
    }

    /// What its signatures have to verify with. Fails if nothing is known.
    pub fn trust(&self) -> Result<Trust, Error> {
        if self.certificates.is_empty() {
            return Err(Error::NoCertificate);
        }
        let trust = Trust::read(&self.certificates)?;
        Ok((trust.for_namespace(self.ssh_namespace.clone())).with_logs(self.logs()?))
    }

    /// The logs that its signatures have to be in, if any are known.
    pub fn logs(&self) -> Result<Option<Logs>, Error> {
        match (&self.log_policy, &*self.log_keys) {
            (Some(path), _) => Logs::of_policy(path).map(Some),
            (None, []) => Ok(None),
            (None, keys) => Logs::of_keys(keys).map(Some),
        }
    }

    /// How long trouble with it may last.
    pub fn patience(&self) -> Patience {
        self.patience_seconds
            .map(|seconds| Patience::new(Duration::from_secs(seconds)))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("client.toml");
        fs::write(&path, text).expect("written");
        Settings::read(&path).map_err(|error| error.to_string())
    }

    fn destination(settings: &Settings, name: Option<&str>) -> Result<String, String> {
        let enclave = settings.enclave(name).map_err(|error| error.hint())?;
        Ok(enclave.destination.expect("one").as_str().to_owned())
    }

    const TWO: &str = "[enclave.packages]\ndestination = \"sign@a\"\n\
                       [enclave.images]\ndestination = \"sign@b\"\n";

    #[test]
    fn a_certificate_stands_beside_the_settings() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("client.toml");
        fs::write(
            &path,
            "[enclave.a]\ncertificates = [\"a.pgp\", \"/etc/b.pgp\"]\nlog-policy = \"witnesses\"",
        )
        .expect("written");
        let enclave = Settings::read(&path)
            .expect("good")
            .enclave(None)
            .expect("one");
        let wanted = [folder.path().join("a.pgp"), "/etc/b.pgp".into()];
        assert_eq!(enclave.certificates, wanted);
        assert_eq!(enclave.log_policy, Some(folder.path().join("witnesses")));
    }

    #[test]
    fn no_settings_are_settings() {
        assert_eq!(read(""), Ok(Settings::default()));
        let nowhere = Settings::read(Path::new("/nowhere/client.toml"));
        assert_eq!(nowhere.expect("defaults"), Settings::default());
        assert_eq!(
            Settings::default().enclave(None).expect("nothing"),
            Remote::default()
        );
    }

    #[test]
    fn an_enclave_without_a_name_is_the_default() {
        let settings = read(&format!("destination = \"sign@old\"\n{TWO}")).expect("good");
        assert_eq!(destination(&settings, None), Ok("sign@old".into()));
        assert_eq!(destination(&settings, Some("images")), Ok("sign@b".into()));
    }

    #[test]
    fn one_of_several_is_named_or_the_default() {
        let settings = read(TWO).expect("good");
        let hint = destination(&settings, None).expect_err("which?");
        assert!(hint.ends_with("known are: images, packages"), "{hint}");
        let settings = read(&format!("default = \"packages\"\n{TWO}")).expect("good");
        assert_eq!(destination(&settings, None), Ok("sign@a".into()));
    }

    #[test]
    fn a_name_that_is_not_known_is_answered_with_one_that_is() {
        let settings = read(TWO).expect("good");
        let hint = destination(&settings, Some("pakages")).expect_err("a slip");
        assert_eq!(hint, "did you mean \"packages\"?");
        let hint = destination(&settings, Some("x")).expect_err("unknown");
        assert_eq!(hint, "known are: images, packages");
        let error = read(&format!("default = \"image\"\n{TWO}")).expect_err("a slip");
        assert!(error.ends_with("did you mean \"images\"?"), "{error}");
    }

    #[test]
    fn mistakes_are_named() {
        let error = read("destnation = \"host\"").expect_err("unknown");
        assert!(error.contains("unknown field `destnation`"), "{error}");
        let error = read("[enclave.a]\ncertificate = \"a\"").expect_err("unknown");
        assert!(error.contains("`certificates`"), "{error}");
        let error = read("destination = \"-oProxyCommand=sh\"").expect_err("an option");
        assert!(error.contains("not a destination"), "{error}");
        let error = read("[enclave.a]\noutput = \"OpenPGPv5\"").expect_err("unknown");
        assert!(error.contains("OpenPGPv4"), "{error}");
        let both = "[enclave.a]\nlog-keys = [\"k\"]\nlog-policy = \"p\"";
        let error = read(both).expect_err("which?");
        assert!(error.contains("log-keys or log-policy"), "{error}");
    }
}
