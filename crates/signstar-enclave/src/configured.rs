//! A key as `signstar-sign` will open it, and what the public knows of it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use signstar::{config::Config, sign::Certificate};
use signstar_hsm::{Conduct, Event, Hurry, Witness};

use crate::{
    Client, Error, Folder, Purpose,
    error::While,
    folder::{self, DOMAIN, quote},
    key_type,
    keys::{self, Opened},
};

/// Nobody listens while an enclave is made.
#[derive(Debug)]
struct Nobody;

impl Witness for Nobody {
    fn tell(&self, _: &Event<'_>) {}
}

/// Opens the key called `name` in the HSM that `table` is about, used with `credential`.
pub(crate) fn open(table: &str, credential: &str, name: &str) -> Result<Opened, Error> {
    let text = format!(
        "domain = {domain}\nlog = \"unlogged\"\n\n{table}\n\
         [key.{name}]\nhsm = \"main\"\nid = {name}\n{credential}",
        domain = quote(DOMAIN),
        name = quote(name),
    );
    let config = Config::parse(&text)?;
    let (Some(key), Some(hsm)) = (config.keys.values().next(), config.hsms.values().next()) else {
        return Err("no key").doing("reading its configuration");
    };
    let public = signstar_hsm::public_key(key, hsm).doing("reading a key")?;
    let public = public.ok_or("it is not shown").doing("reading a key")?;
    let conduct = Conduct {
        public_key: None,
        patience: Duration::from_secs(30),
        connections: 1,
        hurry: Arc::new(Hurry::default()),
        state: None,
        witness: Arc::new(Nobody),
    };
    let signer = signstar_hsm::open(key, hsm, conduct).doing("opening a key")?;
    Ok((public, signer))
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
    key_type::note(folder, client)
}
