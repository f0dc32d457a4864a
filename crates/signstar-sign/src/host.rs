//! What the host knows before the first request.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use nix::unistd::{Uid, User};
use signstar::{
    Enclave,
    config::{self, ClientName, Config, Identity, Key, KeyName},
    log::{self, Log, PublicLog},
    policy::Policy,
    request::{Salt, Salts},
    sign::{Certificate, Keyring, PublicKey, SigningKey},
};
use signstar_hsm::{Conduct, Hurry, Witness};
use signstar_log::client::Client;

use crate::{
    Error,
    journal::{HsmWitness, Journal},
    metrics::Figures,
    rates::RateFile,
    seats::{NoSeat, Seat},
    stopwatch::Stopwatch,
};

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
pub(crate) fn enclave(
    config: &Config,
    client: &ClientName,
    journal: &Arc<Journal>,
    figures: Option<&Arc<Figures>>,
    hurry: &Arc<Hurry>,
) -> Enclave {
    let mut keyring = Keyring::new();
    let mut log_policy_of = None;
    if let Some(rules) = config.clients.get(client) {
        let witness = HsmWitness {
            journal: journal.clone(),
            figures: figures.cloned(),
            client: client.clone(),
            key: rules.key.clone(),
        };
        let missing = || "the configuration refers to something that is not there".into();
        let key: Result<_, CannotOpen> = config.key_of(client).ok_or_else(missing);
        let opened = key.and_then(|key| {
            let policy = log_policy(&key)?;
            let state = state(config, client);
            let key = open(config, &key, state, Arc::new(witness), hurry)?;
            Ok((key, policy))
        });
        match opened {
            Ok((key, policy)) => {
                log_policy_of = policy.map(|policy| (rules.key.clone(), policy));
                keyring.insert(rules.key.clone(), key);
            }
            Err(cause) => journal.cannot_open(client, &rules.key, &*cause),
        }
    }
    let rates = RateFile::new(state(config, client).join("rates"));
    Enclave {
        policy: Policy::new(config.clients.clone()).with_meter(Arc::new(rates)),
        keyring,
        log: log(config, log_policy_of),
        salts: salts(),
    }
}

/// What signs nothing and grants nothing, for a session that is refused.
pub(crate) fn without_keys(config: &Config) -> Enclave {
    Enclave {
        policy: Policy::new(BTreeMap::new()),
        keyring: Keyring::new(),
        log: log(config, None),
        salts: salts(),
    }
}

/// What proofs have to satisfy before signatures of `key` are released, if anything beyond the key
/// of the log.
fn log_policy(key: &Key) -> Result<Option<log::Policy>, CannotOpen> {
    let Some(path) = &key.log_policy else {
        return Ok(None);
    };
    let octets = read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    log::Policy::parse(&octets)
        .map(Some)
        .map_err(|error| format!("{} is unusable: {error}", path.display()).into())
}

/// The log, which is not reached for before there is something to record.
fn log(config: &Config, policy_of: Option<(KeyName, log::Policy)>) -> Log {
    let public = match &config.log {
        config::Log::Unlogged => return Log::Unlogged,
        config::Log::Public(public) => public,
    };
    let patience = Duration::from_secs(config.limits.request_seconds.get().into());
    let recorder = Client::new(&public.socket, patience);
    let log = PublicLog::new(Box::new(recorder), public.vkey.clone(), public.file_names);
    let log = match policy_of {
        Some((key, policy)) => log.with_policy_of(key, policy),
        None => log,
    };
    let keys = config.keys.iter();
    let exceptions = keys.filter_map(|(name, key)| Some((name.clone(), key.log_file_names?)));
    let log = exceptions.fold(log, |log, (key, names)| log.with_file_names_of(key, names));
    let clients = config.clients.iter();
    let pseudonyms =
        clients.filter_map(|(name, rules)| Some((name.clone(), rules.log_name.clone()?)));
    Log::Public(pseudonyms.fold(log, |log, (client, name)| {
        log.with_pseudonym_of(client, name)
    }))
}

/// Where the figures of `client` go, if the configuration wants them.
pub(crate) fn figures(config: &Config, client: &ClientName) -> Option<Arc<Figures>> {
    let metrics = config.metrics.clone()?;
    // Nobody makes files for clients that do not exist.
    config.clients.contains_key(client).then(|| {
        let state = state(config, client);
        Arc::new(Figures::new(client.clone(), state, metrics))
    })
}

/// The folder for what has to survive the sessions of `client`.
pub(crate) fn state(config: &Config, client: &ClientName) -> PathBuf {
    config.state.join(client.as_str())
}

/// A place for a session of `client`, else why it gets none.
pub(crate) fn seat(config: &Config, client: &ClientName) -> Result<Option<Seat>, NoSeat> {
    // Nobody makes files for clients that do not exist.
    if !config.clients.contains_key(client) {
        return Ok(None);
    }
    let folder = state(config, client).join("seats");
    match Seat::take(&folder, config.limits.sessions) {
        Ok(Some(seat)) => Ok(Some(seat)),
        Ok(None) => Err(NoSeat::AllTaken),
        Err(error) => Err(NoSeat::Unusable(format!(
            "cannot count sessions in {}: {error}",
            folder.display()
        ))),
    }
}

/// Salts from the random numbers of the system.
pub(crate) fn salts() -> Salts {
    Salts::drawn_from(|| {
        let mut octets = [0; Salt::OCTETS];
        getrandom::fill(&mut octets)?;
        Ok(octets)
    })
}

/// Why a key cannot be used.
pub(crate) type CannotOpen = Box<dyn std::error::Error + Send + Sync>;

/// Opens `key` with all that its kinds of signature need, for whoever has the folder `state`.
pub(crate) fn open(
    config: &Config,
    key: &Key,
    state: PathBuf,
    witness: Arc<dyn Witness>,
    hurry: &Arc<Hurry>,
) -> Result<SigningKey, CannotOpen> {
    let hsm = config
        .hsms
        .get(&key.hsm)
        .ok_or("the configuration refers to something that is not there")?;
    let mut certificates = Vec::new();
    for path in key.certificate.iter().chain(&key.certificate_v6) {
        certificates.push(certificate(path)?);
    }
    let public_key = match (certificates.first(), &key.public_key) {
        (Some(certificate), _) => certificate.public_key(),
        (None, Some(path)) => Some(public_key(path)?),
        (None, None) => return Err("it has neither a certificate nor a public key".into()),
    };
    let conduct = Conduct {
        public_key: public_key.clone(),
        patience: Duration::from_secs(config.limits.request_seconds.get().into()),
        connections: usize::try_from(config.limits.in_flight.get())?,
        hurry: hurry.clone(),
        state: Some(state),
        witness,
    };
    let signer = Box::new(Stopwatch(signstar_hsm::open(key, hsm, conduct)?));
    let domain = config.domain.clone();

    let mut certificates = certificates.into_iter();
    let mut opened = match (certificates.next(), public_key) {
        (Some(certificate), _) => {
            SigningKey::new(certificate, signer, domain, key.notations.clone())
        }
        (None, Some(public_key)) => SigningKey::without_certificate(public_key, signer, domain),
        (None, None) => return Err("its public half is of no kind that signs".into()),
    };
    for certificate in certificates {
        opened = opened.with_certificate(certificate)?;
    }
    if let Some(user_id) = &key.signer_user_id {
        opened = opened.with_signer_user_id(user_id.clone())?;
    }
    if let Some(namespace) = &key.ssh_namespace {
        opened = opened.with_ssh_namespace(namespace.clone())?;
    }
    if let Some(mechanism) = key.raw {
        opened = opened.with_raw(mechanism)?;
    }
    Ok(opened)
}

fn certificate(path: &Path) -> Result<Certificate, CannotOpen> {
    let octets = read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Certificate::parse(&octets)
        .map_err(|error| format!("{} is unusable: {error}", path.display()).into())
}

fn public_key(path: &Path) -> Result<PublicKey, CannotOpen> {
    let octets = read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let text = String::from_utf8(octets)?;
    PublicKey::from_pem(&text)
        .map_err(|error| format!("{} is unusable: {error}", path.display()).into())
}
