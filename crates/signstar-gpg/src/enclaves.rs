//! The enclaves of a user, each with the key that it signs with.

use std::{ffi::OsString, fs, path::Path};

use signstar::sign::Certificate;
use signstar_request_signature::{
    Destination, Error as ClientError, Proxy, Remote, Settings, Ssh, Trust,
};

use crate::{Error, Key};

/// An enclave, and a key that it signs with.
#[derive(Clone, Debug)]
pub struct Enclave {
    remote: Remote,
    ssh: Option<Ssh>,
    trust: Trust,
    key: Key,
}

/// The enclaves of this user: one for each certificate that the settings name.
#[derive(Clone, Debug, Default)]
pub struct Enclaves {
    /// That of the default enclave is the first.
    all: Vec<Enclave>,
    /// The names, if there are several and none is the default.
    undecided: Option<Vec<String>>,
}

impl Enclaves {
    /// Finds the enclaves in the settings at `path`. `destination` takes precedence over that of
    /// the default one.
    ///
    /// Connections are made by `proxy` if there is one, unless its user configured something else.
    ///
    /// Without settings there are none. Certificates have to be there: by them keys are told from
    /// those of others, and no signature counts without.
    pub fn read(
        path: Option<&Path>,
        destination: Option<OsString>,
        proxy: Option<&Proxy>,
    ) -> Result<Self, Error> {
        let settings = path.map_or_else(|| Ok(Settings::default()), Settings::read)?;
        let named = destination
            .map(|text| Destination::try_from(text.to_string_lossy().into_owned()))
            .transpose()?;
        let mut enclaves = Self::default();
        let mut remotes = Vec::new();
        match settings.enclave(None) {
            Ok(default) => remotes.push(Remote {
                destination: named.or_else(|| default.destination.clone()),
                ..default
            }),
            Err(ClientError::WhichEnclave(names)) => enclaves.undecided = Some(names),
            Err(error) => return Err(error.into()),
        }
        for name in settings.names() {
            remotes.push(settings.enclave(Some(&name))?);
        }
        for remote in &remotes {
            for path in &remote.certificates {
                enclaves.add(remote, path, proxy)?;
            }
        }
        let is_reachable = |remote: &Remote| remote.destination.is_some();
        if enclaves.is_empty() && remotes.iter().any(is_reachable) {
            return Err(Error::Client(ClientError::NoCertificate));
        }
        Ok(enclaves)
    }

    /// Adds the key of the certificate at `path`, unless it is there already or is no certificate
    /// but a bare public key.
    fn add(&mut self, remote: &Remote, path: &Path, proxy: Option<&Proxy>) -> Result<(), Error> {
        let octets = fs::read(path).map_err(|source| Error::read(path, source))?;
        if is_bare(&octets) {
            return Ok(());
        }
        let trust = Trust::read([path])?;
        let certificate = Certificate::parse(&octets).map_err(|source| {
            let path = path.to_owned();
            Error::Client(ClientError::Certificate { path, source })
        })?;
        let key = Key::read(&certificate)?;
        if self.all.iter().any(|enclave| enclave.key == key) {
            return Ok(());
        }
        let ssh = match remote.ssh(proxy.cloned()) {
            Ok(ssh) => Some(ssh),
            Err(ClientError::NoDestination) => None,
            Err(error) => return Err(error.into()),
        };
        self.all.push(Enclave {
            remote: remote.clone(),
            ssh,
            trust,
            key,
        });
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Enclave> {
        self.all.iter()
    }

    /// The one that signs when nobody is named. Fails if there are several and none is the default.
    pub fn preferred(&self) -> Result<Option<&Enclave>, Error> {
        match &self.undecided {
            Some(names) => Err(Error::Client(ClientError::WhichEnclave(names.clone()))),
            None => Ok(self.all.first()),
        }
    }

    /// The one whose key is called `name`, as `gpg --local-user` takes it.
    pub fn find(&self, name: &OsString) -> Option<&Enclave> {
        let name = name.to_str()?;
        self.all.iter().find(|enclave| enclave.key.is_called(name))
    }
}

/// Whether this is a public key in PEM or as OpenSSH writes it, for signatures of other kinds.
fn is_bare(octets: &[u8]) -> bool {
    let text = String::from_utf8_lossy(octets);
    text.contains("-----BEGIN PUBLIC KEY-----")
        || text.starts_with("ssh-")
        || text.starts_with("ecdsa-")
}

impl Enclave {
    /// Where it is, if anybody said so.
    pub fn destination(&self) -> Option<&Destination> {
        self.remote.destination.as_ref()
    }

    /// How to reach it.
    pub fn ssh(&self) -> Result<&Ssh, Error> {
        (self.ssh.as_ref()).ok_or(Error::Client(ClientError::NoDestination))
    }

    /// What its signatures have to verify with: the certificate of this key and no other.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Its key.
    pub fn key(&self) -> &Key {
        &self.key
    }
}
