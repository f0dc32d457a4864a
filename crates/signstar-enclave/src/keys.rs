//! The keys of clients, and what the public knows of them.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use nethsm::{
    client::{Client as Device, Error as DeviceError},
    id::{KeyId, Tag, UserId},
    key::{GenerateKey, KeyMechanism, Restrictions},
    passphrase::{Credentials, Passphrase},
    user::{NewUser, UserRole},
};
use signstar::{
    config::Mechanism,
    request::Salt,
    sign::{Certificate, PublicKey},
};
use signstar_hsm::nethsm::{NetHsmKey, public_key};

use crate::{
    Client, Error, Folder, Purpose,
    error::{OnPath, While},
    folder,
};

/// RSA keys take their time on a slow machine.
const KEY_GENERATION: Duration = Duration::from_secs(300);

/// Gives `client` an operator, a key that only this operator can use, and certificates.
///
/// What was begun and not finished is done anew: what is public on disk says that it is done.
pub(crate) fn ensure_client(admin: &Device, folder: &Folder, client: &Client) -> Result<(), Error> {
    let path = folder.anchor(client);
    let kind = path.with_extension("type");
    if path.exists() {
        let found = fs::read_to_string(&kind).on("read", &kind)?;
        if found != client.key_type.as_str() {
            return Err(Error::OtherKeyType {
                folder: folder.path().to_owned(),
                name: client.name.clone(),
                found,
            });
        }
        return ensure_more(admin, folder, client);
    }

    let key: KeyId = client.name.parse().doing("naming a key")?;
    let user: UserId = client.name.parse().doing("naming an operator")?;
    let tag: Tag = client.name.parse().doing("naming a tag")?;
    gone(admin.delete_key(&key)).doing("deleting a key")?;
    gone(admin.delete_user(&user)).doing("deleting an operator")?;

    let operator = NewUser {
        real_name: format!("Operator of {}", client.name),
        role: UserRole::Operator,
        passphrase: folder.secret(&client.name).map(Passphrase::new)?,
    };
    admin
        .put_user(&user, &operator)
        .doing("adding an operator")?;
    admin
        .put_user_tag(&user, &tag)
        .doing("tagging an operator")?;
    generate(admin, &key, client)?;

    let (public, signer) = key_of(admin, folder, client)?;
    let octets = match client.purpose {
        Purpose::Raw(_) => {
            let pem = public.to_pem().doing("telling a public key")?;
            pem.into_bytes()
        }
        Purpose::Packages | Purpose::Everything => {
            let user_id = user_id(client);
            let certificate = Certificate::issue(&public, &[&user_id], SystemTime::now(), &signer)?;
            let octets = certificate.to_octets().doing("making a certificate")?;
            admin
                .put_certificate(&key, octets.clone())
                .doing("storing a certificate")?;
            octets
        }
    };
    folder::write(&kind, client.key_type.as_str().as_bytes(), 0o600)?;
    folder::write(&path, &octets, 0o644)?;
    ensure_more(admin, folder, client)
}

/// Gives a client that may ask for everything its certificate of version 6, and its public key as
/// `ssh` writes it.
fn ensure_more(admin: &Device, folder: &Folder, client: &Client) -> Result<(), Error> {
    let sixth = folder.certificate_v6(&client.name);
    if client.purpose != Purpose::Everything || sixth.exists() {
        return Ok(());
    }
    let (public, signer) = key_of(admin, folder, client)?;
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
    let certificate = Certificate::issue_v6(&public, &[&user_id], now, &mut random, &signer)?;
    let octets = certificate.to_octets().doing("making a certificate")?;
    folder::write(&sixth, &octets, 0o644)
}

fn user_id(Client { name, .. }: &Client) -> String {
    format!("Example Packaging ({name}) <{name}@signstar.example>")
}

/// The key of `client`, to be used as its operator.
fn key_of(
    admin: &Device,
    folder: &Folder,
    client: &Client,
) -> Result<(PublicKey, NetHsmKey), Error> {
    let key: KeyId = client.name.parse().doing("naming a key")?;
    let user: UserId = client.name.parse().doing("naming an operator")?;
    let passphrase = folder.secret(&client.name).map(Passphrase::new)?;
    let operator = admin.as_user(Credentials::new(user, passphrase));
    let public = operator.key(&key).doing("reading a key")?;
    let public = public_key(public)
        .ok_or("no such key signs")
        .doing("reading a key")?;
    Ok((public, NetHsmKey::new(operator, key)))
}

fn generate(admin: &Device, key: &KeyId, client: &Client) -> Result<(), Error> {
    let (key_type, mechanism, length) = client.key_type.parameters();
    let mechanisms = match client.purpose {
        Purpose::Raw(Mechanism::Pss) => vec![
            KeyMechanism::RsaSignaturePssSha256,
            KeyMechanism::RsaSignaturePssSha512,
        ],
        _ => vec![mechanism],
    };
    admin
        .with_timeout(KEY_GENERATION)
        .generate_key(&GenerateKey {
            length,
            id: Some(key.clone()),
            restrictions: Restrictions {
                tags: vec![key.as_str().to_owned()],
            },
            ..GenerateKey::new(key_type, mechanisms)
        })
        .doing("making a key")?;
    Ok(())
}

/// That something is not there is as good as having deleted it.
fn gone(deleted: Result<(), DeviceError>) -> Result<(), DeviceError> {
    match deleted {
        Err(DeviceError::NotFound { .. }) => Ok(()),
        other => other,
    }
}
