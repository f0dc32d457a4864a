//! A signature with every key, for a timer.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use nix::unistd::{Uid, User};
use sha2::{Digest as _, Sha512};
use signstar::{
    Enclave, answer,
    config::{ClientName, ClientRules, Config, Key, KeyName},
    log::Log,
    policy::Policy,
    refusal::Refused,
    request::{Digest, Input, Output, OutputType, Request, Salt, Sha512State},
    response::Answer,
    sign::{Keyring, SigningKey},
};
use signstar_hsm::Hurry;

use crate::{
    Error, Status, bug, host,
    journal::{HsmWitness, Journal},
    metrics::{Page, label, replace},
};

/// What is signed. Nobody can take it for anything else, or pass it off as such.
const TEXT: &[u8] = b"This is a self-test of a Signstar enclave. \
                      A signature over this text says nothing and vouches for nothing.\n";

/// What became of one kind of signature with one key.
struct Outcome {
    key: String,
    output: &'static str,
    result: Result<Duration, (String, Status)>,
}

/// Signs a fixed text with every key of the configuration whose passphrase this user may read, in
/// every kind that the key is set up for, and verifies that on the way that requests take.
///
/// Writes one line for each to standard output, and the figures for whoever watches the host.
/// Returns the exit status: 0, or that of the worst outcome. Fails if there is no key to test.
pub fn self_test(config: Option<&Path>) -> Result<Status, Error> {
    let config = host::configuration(config)?;
    let journal = Arc::new(Journal::open(&config.journal)?);
    bug::keep_to_ourselves();
    let mut outcomes = Vec::new();
    for (name, key) in keys(&config).into_iter().filter(|(_, key)| may_open(key)) {
        test(&config, &name, &key, &journal, &mut outcomes);
    }
    if outcomes.is_empty() {
        return Err(Error::NoKeys);
    }
    let mut stdout = io::stdout().lock();
    for outcome in &outcomes {
        // The exit status says the most important part also if nobody reads.
        let _ = writeln!(stdout, "{outcome}");
    }
    publish(&config, &outcomes, &journal);
    let statuses = outcomes.iter().map(|outcome| match &outcome.result {
        Ok(_) => 0,
        Err((_, status)) => *status,
    });
    Ok(statuses.max().unwrap_or_default())
}

/// Every key with each of the operators that it has: its own, and those of its clients.
fn keys(config: &Config) -> Vec<(KeyName, Key)> {
    let keys = config.keys.iter();
    let mut keys: Vec<_> = keys
        .map(|(name, key)| (name.clone(), key.clone()))
        .collect();
    for (client, rules) in &config.clients {
        let own = rules.passphrase.is_some().then(|| config.key_of(client));
        keys.extend(own.flatten().map(|key| (rules.key.clone(), key)));
    }
    keys
}

/// Whether this user may use the key: what cannot be read for another reason is a failure.
fn may_open(key: &Key) -> bool {
    match std::fs::File::open(key.passphrase.path()) {
        Err(error) => error.kind() != io::ErrorKind::PermissionDenied,
        Ok(_) => true,
    }
}

fn test(
    config: &Config,
    name: &KeyName,
    key: &Key,
    journal: &Arc<Journal>,
    outcomes: &mut Vec<Outcome>,
) {
    let Ok(client) = ClientName::new("self-test") else {
        return;
    };
    let witness = HsmWitness {
        journal: journal.clone(),
        figures: None,
        client: client.clone(),
        key: name.clone(),
    };
    // What a client of this key knows, the self-test knows: it must not try wrong PINs anew.
    let mut clients = config.clients.iter();
    let of_key = clients.find(|(_, rules)| rules.key == *name);
    let state = host::state(config, of_key.map_or(&client, |(client, _)| client));
    let hurry = Arc::new(Hurry::default());
    let key = match host::open(config, key, state, Arc::new(witness), &hurry) {
        Ok(key) => key,
        Err(cause) => {
            journal.cannot_open(&client, name, &*cause);
            outcomes.push(Outcome {
                key: name.to_string(),
                output: "any",
                result: Err((format!("cannot be opened: {cause}"), 1)),
            });
            return;
        }
    };
    let kinds = kinds(&key);
    let rules = ClientRules::new(name.clone(), kinds.iter().copied());
    let enclave = Enclave {
        policy: Policy::new([(client.clone(), rules)].into()),
        keyring: Keyring::from([(name.clone(), key)]),
        // What is signed here stays here, so nothing of it belongs in the public log.
        log: Log::Unlogged,
        salts: host::salts(),
    };
    for kind in kinds {
        let begin = Instant::now();
        let signed = bug::caught(|| sign(kind, &client, &enclave))
            .unwrap_or_else(|bug| Err((format!("an error in this program: {bug}"), 1)));
        outcomes.push(Outcome {
            key: name.to_string(),
            output: kind.as_str(),
            result: signed.map(|()| begin.elapsed()),
        });
    }
}

/// The kinds of signature that a key is set up for.
fn kinds(key: &SigningKey) -> Vec<OutputType> {
    let mut kinds = Vec::new();
    for certificate in key.certificates() {
        kinds.push(if certificate.is_v6() {
            OutputType::OpenPgpV6
        } else {
            OutputType::OpenPgpV4
        });
    }
    kinds.extend(key.ssh_namespace().map(|_| OutputType::Ssh));
    kinds.extend(key.raw().map(|_| OutputType::Raw));
    kinds
}

/// Has the text signed as a client would.
fn sign(kind: OutputType, client: &ClientName, enclave: &Enclave) -> Result<(), (String, Status)> {
    let refused = |refused: Refused| {
        let cause = refused.cause().unwrap_or_default();
        (format!("{refused}: {cause}"), refused.code().exit_status())
    };
    let ask = |request: Request| {
        let octets = request.to_json(0);
        answer(octets.as_bytes(), client, enclave, SystemTime::now()).map_err(refused)
    };
    let state = |salt: &[u8]| {
        let hasher = Sha512::new().chain_update(salt).chain_update(TEXT);
        Sha512State::from_hasher(&hasher)
            .map(Input::State)
            .map_err(|error| (error.to_string(), 1))
    };
    let (input, output) = match kind {
        OutputType::OpenPgpV4 => (state(&[])?, Output::OpenPgpV4),
        OutputType::OpenPgpV4Text => (state(&[])?, Output::OpenPgpV4Text),
        OutputType::Ssh => (state(&[])?, Output::Ssh),
        OutputType::Raw => {
            let digest = Sha512::digest(TEXT).into();
            (Input::Digest(Digest::Sha512(digest)), Output::Raw)
        }
        OutputType::OpenPgpV6 => {
            let salt = salt(&ask(Request::open_pgp_v6_salt())?.to_json())?;
            (state(salt.as_octets())?, Output::OpenPgpV6(salt))
        }
    };
    let request = Request::new(input, output, None).map_err(refused)?;
    ask(request).map(|_| ())
}

fn salt(response: &str) -> Result<Salt, (String, Status)> {
    match Answer::parse(response.as_bytes()) {
        Ok(Answer::Salt { salt, .. }) => Ok(salt),
        _ => Err(("no salt was given".to_owned(), 1)),
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, output, .. } = self;
        match &self.result {
            Ok(took) => write!(f, "ok      {key} {output} ({} ms)", took.as_millis()),
            Err((cause, _)) => write!(f, "FAILED  {key} {output}: {cause}"),
        }
    }
}

fn publish(config: &Config, outcomes: &[Outcome], journal: &Journal) {
    let Some(folder) = &config.metrics else {
        return;
    };
    let mut page = Page::default();
    let labels = |outcome: &Outcome| {
        let (key, output) = (&outcome.key, outcome.output);
        format!("{},{}", label("key", key), label("output", output))
    };
    let name = "signstar_self_test_success";
    page.metric(
        name,
        "gauge",
        "Whether the last self-test made a signature.",
    );
    for outcome in outcomes {
        page.sample(name, &labels(outcome), u8::from(outcome.result.is_ok()));
    }
    let now = jiff::Timestamp::now().as_second();
    let name = "signstar_self_test_timestamp_seconds";
    page.metric(name, "gauge", "When the last self-test was made.");
    for outcome in outcomes {
        page.sample(name, &labels(outcome), now);
    }
    let uid = Uid::current();
    let user = User::from_uid(uid).ok().flatten();
    let user = user.map_or_else(|| uid.to_string(), |user| user.name);
    // No client can be called so that this is the name of its file.
    let path = folder.join(format!("signstar_self-test-{user}.prom"));
    if let Err(error) = replace(&path, page.as_str(), 0o644) {
        journal.no_metrics("self-test", &error);
    }
}
