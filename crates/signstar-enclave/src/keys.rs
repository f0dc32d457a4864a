//! The keys of clients, and what the public knows of them.

use std::time::SystemTime;

use nethsm::{
    client::Client as Device,
    id::{KeyId, UserId},
    passphrase::Credentials,
};
use signstar::{
    request::Salt,
    sign::{Certificate, PublicKey, Signer},
};
use signstar_hsm::nethsm::{NetHsmKey, public_key};

use crate::{Client, Error, Folder, Purpose, error::While, folder};

/// The public half of a key, and the key to sign with.
pub(crate) type Opened = (PublicKey, Box<dyn Signer>);

/// Writes what the public knows of the key of `client`, beside its certificate: the public half of a
/// key for raw signatures; a certificate of version 6 and a line of `ssh` where everything is asked
/// for. `open` opens the key.
pub(crate) fn ensure_public(
    folder: &Folder,
    client: &Client,
    open: impl FnOnce() -> Result<Opened, Error>,
) -> Result<(), Error> {
    match client.purpose {
        Purpose::Packages => Ok(()),
        Purpose::Everything if folder.certificate_v6(&client.name).exists() => Ok(()),
        Purpose::Everything => ensure_more(folder, client, open()?),
        Purpose::Raw(_) => {
            let (public, _) = open()?;
            let pem = public.to_pem().doing("telling a public key")?;
            folder::write(&folder.anchor(client), pem.as_bytes(), 0o644)
        }
    }
}

/// Gives a client that may ask for everything its certificate of version 6, and its public key as
/// `ssh` writes it.
fn ensure_more(folder: &Folder, client: &Client, (public, signer): Opened) -> Result<(), Error> {
    let line = format!("{} {}\n", public.to_openssh(), client.name);
    let path = folder.ssh_public_key(&client.name);
    folder::write(&path, line.as_bytes(), 0o644)?;

    // For the key and for its user ID. Drawn before they are needed, since drawing may fail.
    let mut salts = [[0; Salt::OCTETS]; 2];
    for salt in &mut salts {
        getrandom::fill(salt)?;
    }
    let mut salts = salts.into_iter().cycle();
    let mut random = || Salt::new(salts.next().unwrap_or_default());
    let (user_id, now) = (user_id(client), SystemTime::now());
    let certificate = Certificate::issue_v6(&public, &[&user_id], now, &mut random, &*signer)?;
    let octets = certificate.to_octets().doing("making a certificate")?;
    folder::write(&folder.certificate_v6(&client.name), &octets, 0o644)
}

pub(crate) fn user_id(Client { name, .. }: &Client) -> String {
    format!("Example Packaging ({name}) <{name}@signstar.example>")
}

/// The key of `client` in a NetHSM, to be used as its operator.
pub(crate) fn key_of(device: &Device, folder: &Folder, client: &Client) -> Result<Opened, Error> {
    let key: KeyId = client.name.parse().doing("naming a key")?;
    let user: UserId = client.name.parse().doing("naming an operator")?;
    let path = folder.secret_file(&client.name);
    let passphrase =
        signstar_hsm::passphrase(&path).doing("reading the passphrase of an operator")?;
    let operator = device.as_user(Credentials::new(user, passphrase));
    let public = operator.key(&key).doing("reading a key")?;
    let public = public_key(public)
        .ok_or("no such key signs")
        .doing("reading a key")?;
    Ok((public, Box::new(NetHsmKey::new(operator, key))))
}
