//! The OpenPGP certificate of a key, in its certificate slot.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use jiff::Timestamp;
use nethsm::body::Binary;
use nethsm::id::KeyId;
use nethsm::table;
use nethsm::time::DeviceTime;
use serde::Serialize;
use signstar::sign;
use signstar_hsm::nethsm::{NetHsmKey, public_key};

use crate::answer::Answer;
use crate::failure::{Failure, Kind, chain};
use crate::file::{Out, Readers, read};
use crate::noun::{Makes, Verb, noun};
use crate::session::Session;

noun! {
    /// The OpenPGP certificate of a key.
    Certificate {
        /// Make a certificate and store it with the key, which must have none.
        Add: [GetKey, Sign, PutCertificate],
        /// Show the certificate of a key.
        Show: [GetCertificate],
    }
}

/// The certificate is of version 4, its primary key certifies and signs, and it does not expire.
/// An operator signs it, an administrator stores it: a profile with both does it in one go.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The key.
    key: KeyId,

    /// Whose key it is, "NAME <MAIL>"; may be repeated, the first is the primary one.
    #[arg(long = "user-id", required = true, value_name = "USER_ID")]
    user_ids: Vec<String>,

    /// When it was made, like 2026-01-31T12:00:00Z [default: now].
    #[arg(long, value_name = "TIME")]
    created: Option<DeviceTime>,

    #[command(flatten)]
    out: Out,

    /// Do not store it: an operator alone can make it.
    #[arg(long)]
    no_store: bool,
}

impl Verb for Add {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        // First of all: this is one passphrase for all but storing.
        let operator = session.client::<table::Sign>(self)?;
        let key = session.call::<table::GetKey>(self, &self.key, &())?;
        let public = public_key(key).ok_or_else(|| {
            Failure::usage(
                format!("{} is no key for OpenPGP signatures", self.key),
                "it takes RSA, Curve25519, EC_P256, EC_P384 or EC_P521",
            )
        })?;
        let created = self.created.map_or_else(Timestamp::now, |time| time.0);
        let signer = NetHsmKey::new(operator, self.key.clone());
        let user_ids: Vec<_> = self.user_ids.iter().map(String::as_str).collect();
        let created = SystemTime::from(created);
        let certificate = sign::Certificate::issue(&public, &user_ids, created, &signer)
            .map_err(|error| not_issued(&error))?;
        let octets = certificate
            .to_octets()
            .map_err(|error| not_issued(&error))?;
        if !self.no_store {
            let slot = Binary(octets.clone());
            session.call::<table::PutCertificate>(self, &self.key, &slot)?;
        }
        if self.out.out.is_some() {
            return self.out.octets("certificate", &octets, Readers::Usual);
        }
        Ok(Answer::of(&shown(&certificate)?))
    }
}

fn not_issued(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(
        Kind::Device,
        format!("no certificate: {}", chain(error)),
        "see that the operator may sign with this key, and that it is made for PKCS1, EdDSA or ECDSA",
    )
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The key.
    key: KeyId,

    /// Write it in binary form into this file, atomically; `-` is standard output.
    #[command(flatten)]
    out: Out,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    fingerprint: String,
    user_ids: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    armored: String,
}

fn shown(certificate: &sign::Certificate) -> Result<Shown, Failure> {
    Ok(Shown {
        fingerprint: certificate.fingerprint(),
        user_ids: certificate.user_ids().map(str::to_owned).collect(),
        armored: String::new(),
    })
}

impl Verb for Show {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let octets = session
            .call::<table::GetCertificate>(self, &self.key, &())?
            .0;
        let certificate = parsed(&octets)?;
        if self.out.out.is_some() {
            return self.out.octets("certificate", &octets, Readers::Usual);
        }
        Ok(Answer::of(&shown(&certificate)?))
    }
}

/// The certificate in a file, or that of the key.
pub(super) fn load<V: Makes<table::GetCertificate>>(
    session: &Session,
    verb: &V,
    key: &KeyId,
    file: Option<&PathBuf>,
) -> Result<sign::Certificate, Failure> {
    match file {
        Some(file) => parsed(&read(file, 1 << 20)?),
        None => parsed(&session.call::<table::GetCertificate>(verb, key, &())?.0),
    }
}

fn parsed(octets: &[u8]) -> Result<sign::Certificate, Failure> {
    sign::Certificate::parse(octets).map_err(|error| {
        Failure::new(
            Kind::DoesNotHold,
            chain(&error),
            "`nethsm openpgp certificate add` makes one",
        )
    })
}
