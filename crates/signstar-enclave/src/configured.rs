//! A key as `signstar-sign` will open it, and what the public knows of it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use signstar::{
    config::{Config, Hsm, Key},
    sign::{Certificate, Signer},
};
use signstar_hsm::{Conduct, Event, Hurry, Witness};

use crate::{
    Client, Error, Folder, Purpose,
    error::While,
    folder::{self, DOMAIN, quote},
    keys::{self, Opened},
    wanted,
};

/// Nobody listens while an enclave is made.
#[derive(Debug)]
struct Nobody;

impl Witness for Nobody {
    fn tell(&self, _: &Event<'_>) {}
}

/// The configuration with `tables` and no more.
pub(crate) fn parse(tables: &str) -> Result<Config, Error> {
    let text = format!("domain = {}\nlog = \"unlogged\"\n\n{tables}", quote(DOMAIN));
    Ok(Config::parse(&text)?)
}

/// The key called `name` in the HSM that `table` is about, used with `credential`.
pub(crate) fn key(table: &str, credential: &str, name: &str) -> Result<(Key, Hsm), Error> {
    let key = format!(
        "[key.{name}]\nhsm = \"main\"\nid = {name}\n{credential}",
        name = quote(name),
    );
    let config = parse(&format!("{table}\n{key}"))?;
    match (
        config.keys.into_values().next(),
        config.hsms.into_values().next(),
    ) {
        (Some(key), Some(hsm)) => Ok((key, hsm)),
        _ => Err("no key").doing("reading its configuration"),
    }
}

/// The same, opened.
pub(crate) fn signer(table: &str, credential: &str, name: &str) -> Result<Box<dyn Signer>, Error> {
    let (key, hsm) = self::key(table, credential, name)?;
    let conduct = Conduct {
        public_key: None,
        patience: Duration::from_secs(30),
        connections: 1,
        hurry: Arc::new(Hurry::default()),
        state: None,
        witness: Arc::new(Nobody),
    };
    signstar_hsm::open(&key, &hsm, conduct).doing("opening a key")
}

/// Writes what the public knows of the key of `client`, its certificate first. `open` opens the key.
///
/// What was begun and not finished is finished.
pub(crate) fn ensure_certified(
    folder: &Folder,
    client: &Client,
    open: impl Fn() -> Result<Opened, Error>,
) -> Result<(), Error> {
    let path = folder.certificate(&client.name);
    let is_certified = matches!(client.purpose, Purpose::Raw(_)) || path.exists();
    if !is_certified {
        let (public, signer) = open()?;
        let (user_id, now) = (keys::user_id(client), SystemTime::now());
        let certificate = Certificate::issue(&public, &[&user_id], now, &*signer)?;
        let octets = certificate.to_octets().doing("making a certificate")?;
        folder::write(&path, &octets, 0o644)?;
    }
    keys::ensure_public(folder, client, open)?;
    wanted::note_type(folder, client)
}
