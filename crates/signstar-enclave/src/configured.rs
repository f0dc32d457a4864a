//! A key as `signstar-sign` will open it.

use std::{sync::Arc, time::Duration};

use signstar::config::Config;
use signstar_hsm::{Conduct, Event, Hurry, Witness};

use crate::{
    Error,
    error::While,
    folder::{DOMAIN, quote},
    keys::Opened,
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
