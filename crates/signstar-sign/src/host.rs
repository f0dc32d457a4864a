//! What the host knows before the first request.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use nix::unistd::{Uid, User};
use signstar::{
    Enclave,
    config::{ClientName, Config, Identity, Key, KeyName},
    policy::Policy,
    request::Salts,
    sign::{Certificate, Keyring, SigningKey},
};

use crate::{Error, journal::Journal};

/// Where the configuration is; the first that exists is used.
const CONFIGS: [&str; 2] = [
    "/etc/signstar/signstar.toml",
    "/usr/share/signstar/signstar.toml",
];
/// The longest configuration or certificate that is read, in octets (4 MiB).
const MAX_OCTETS: u64 = 4 << 20;

/// Reads the configuration at `path`, else the usual one.
pub(crate) fn configuration(path: Option<&Path>) -> Result<Config, Error> {
    let path = match path {
        Some(path) => path,
        None => CONFIGS
            .iter()
            .map(Path::new)
            .find(|path| path.exists())
            .ok_or_else(|| Error::NoConfig(CONFIGS.map(PathBuf::from)))?,
    };
    let unreadable = |source| Error::ReadConfig {
        path: path.to_owned(),
        source,
    };
    let octets = read(path).map_err(unreadable)?;
    let text = String::from_utf8(octets)
        .map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Config::parse(&text).map_err(|source| Error::Config {
        path: path.to_owned(),
        source,
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?
        .take(MAX_OCTETS + 1)
        .read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > MAX_OCTETS) {
        return Err(io::Error::other("longer than 4 MiB"));
    }
    Ok(octets)
}

/// Tells which client this session serves; `named` is what the command line says.
pub(crate) fn identity(config: &Config, named: Option<ClientName>) -> Result<ClientName, Error> {
    match (config.identity, named) {
        (Identity::AuthorizedKeys, Some(client)) => Ok(client),
        (Identity::AuthorizedKeys, None) => Err(Error::ClientNotNamed),
        (Identity::UnixUser, Some(client)) => Err(Error::ClientNamed(client)),
        (Identity::UnixUser, None) => {
            let uid = Uid::current();
            let user = User::from_uid(uid).ok().flatten();
            user.and_then(|user| ClientName::new(user.name).ok())
                .ok_or(Error::NoUser(uid.as_raw()))
        }
    }
}

/// Opens the one key of `client`.
///
/// If that fails, the cause goes to the journal and the keyring stays empty: every request is
/// then refused in the usual way.
pub(crate) fn enclave(config: &Config, client: &ClientName, journal: &mut Journal) -> Enclave {
    let mut keyring = Keyring::new();
    if let Some(rules) = config.clients.get(client) {
        match open(config, &rules.key) {
            Ok(key) => {
                keyring.insert(rules.key.clone(), key);
            }
            Err(cause) => journal.cannot_open(client, &rules.key, &*cause),
        }
    }
    Enclave {
        policy: Policy::new(config.clients.clone()),
        keyring,
        log: config.log,
        salts: Salts::default(),
    }
}

fn open(config: &Config, name: &KeyName) -> Result<SigningKey, Box<dyn std::error::Error>> {
    let (key, hsm): (&Key, _) = config
        .keys
        .get(name)
        .and_then(|key| Some((key, config.hsms.get(&key.hsm)?)))
        .ok_or("the configuration refers to something that is not there")?;
    let path = (key.certificate.as_ref()).ok_or("the key has no certificate of version 4")?;
    let octets = read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let certificate = Certificate::parse(&octets)
        .map_err(|error| format!("{} is unusable: {error}", path.display()))?;
    let signer = signstar_hsm::open(key, hsm)?;
    Ok(SigningKey::new(
        certificate,
        signer,
        config.domain.clone(),
        key.notations.clone(),
    ))
}
