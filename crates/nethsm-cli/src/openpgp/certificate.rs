//! The OpenPGP certificate of a key, in its certificate slot.

mod export;
mod renew;
mod revoke;
mod slot;
mod terms;

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use jiff::Timestamp;
use nethsm::body::Binary;
use nethsm::id::KeyId;
use nethsm::table;
use nethsm::time::DeviceTime;
use serde::Serialize;
use signstar::request::Salt;
use signstar::sign::{self, InvalidCertificate, Renewal, Terms};
use signstar_hsm::nethsm::{NetHsmKey, public_key};

use self::export::Export;
use self::renew::Renew;
use self::revoke::Revoke;
use self::terms::{Expires, Notations, warn_of_unusual};
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
        /// Say something new about the same key: another end, other user IDs.
        Renew: [GetCertificate, Sign, DeleteCertificate, PutCertificate],
        /// Make a revocation certificate, or publish one.
        Revoke: [GetCertificate, Sign, DeleteCertificate, PutCertificate],
        /// Write the certificate where others look for it.
        Export: [GetCertificate],
    }
}

/// The certificate is of version 4 unless told otherwise, its primary key certifies and signs. An operator signs it, an administrator stores it: a profile with both does it in one go.
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

    /// When the key ends, like 2030-12-31 or 2030-12-31T12:00:00Z, or never [default: never].
    #[arg(long, value_name = "DATE")]
    expires: Option<Expires>,

    #[command(flatten)]
    said: Notations,

    /// Make one of version 6 (RFC 9580), which does not end and says nothing else: for --out only, the certificate slot is for version 4.
    #[arg(long, requires = "out", conflicts_with_all = ["expires", "notations"])]
    openpgp_v6: bool,

    #[command(flatten)]
    out: Out,

    /// Do not store it: an operator alone can make it.
    #[arg(long)]
    no_store: bool,
}

impl Verb for Add {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        warn_of_unusual(session, &self.user_ids);
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
        let terms = Terms {
            expires: self.expires.and_then(Expires::end),
            notations: self.said.notations(),
        };
        let certificate = if self.openpgp_v6 {
            issue_v6(&public, &user_ids, created, &signer)?
        } else {
            sign::Certificate::issue_with(&public, &user_ids, &terms, created, &signer)
                .map_err(|error| not_made(&error))?
        };
        let octets = octets(&certificate)?;
        if !self.no_store && !self.openpgp_v6 {
            let slot = Binary(octets.clone());
            session.call::<table::PutCertificate>(self, &self.key, &slot)?;
        }
        if self.out.out.is_some() {
            return self.out.octets("certificate", &octets, Readers::Usual);
        }
        Ok(shown(&certificate))
    }
}

/// A certificate of version 6, with salts that nobody knew before.
fn issue_v6(
    public: &sign::PublicKey,
    user_ids: &[&str],
    created: SystemTime,
    signer: &NetHsmKey,
) -> Result<sign::Certificate, Failure> {
    let mut without = None;
    let mut random = || {
        let mut octets = [0; Salt::OCTETS];
        without = getrandom::fill(&mut octets).err().or(without);
        Salt::new(octets)
    };
    let made = sign::Certificate::issue_v6(public, user_ids, created, &mut random, signer);
    match without {
        None => made.map_err(|error| not_made(&error)),
        Some(error) => Err(Failure::new(
            Kind::Local,
            format!("the system has no random numbers: {error}"),
            "run this on a system with getrandom(2)",
        )),
    }
}

/// Why there is no certificate, or no statement by its key.
fn not_made(error: &InvalidCertificate) -> Failure {
    let what = format!("no certificate: {}", chain(error));
    match error {
        InvalidCertificate::UserId(_) | InvalidCertificate::Unexpected(..) => Failure::usage(
            what,
            "`nethsm openpgp certificate show` tells what is there",
        ),
        InvalidCertificate::Expiry => {
            Failure::usage(what, "give --expires with a date ahead, or never")
        }
        InvalidCertificate::Clock(_) | InvalidCertificate::NotNewer => {
            Failure::usage(what, "see that the clock here is right, and wait a second")
        }
        InvalidCertificate::Version6(_) => Failure::usage(
            what,
            "`certificate add --openpgp-v6` with its --created makes it anew, with other user IDs",
        ),
        InvalidCertificate::Unbound => Failure::usage(
            what,
            "a user ID has to stay; if one does, what the device signed does not verify",
        ),
        _ => Failure::new(
            Kind::Device,
            what,
            "see that the operator may sign with this key, and that it is made for PKCS1, EdDSA or ECDSA",
        ),
    }
}

/// The certificate in binary form.
fn octets(certificate: &sign::Certificate) -> Result<Vec<u8>, Failure> {
    certificate
        .to_octets()
        .map_err(|error| not_made(&error.into()))
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
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notations: Vec<String>,
}

/// What a certificate says now: user IDs that were taken back are not among it.
pub(super) fn shown(certificate: &sign::Certificate) -> Answer {
    let notations = Renewal::terms_of(certificate).notations.into_iter();
    Answer::of(&Shown {
        fingerprint: certificate.fingerprint(),
        user_ids: certificate.bound_user_ids().map(str::to_owned).collect(),
        created: terms::spelled(certificate.created()),
        expires: certificate.expires().map(terms::spelled),
        notations: notations
            .map(|(name, value)| format!("{name}={value}"))
            .collect(),
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
        Ok(shown(&certificate))
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
        let hint = match error {
            InvalidCertificate::Revoked => {
                "`nethsm key certificate show` hands out what is there, as it is"
            }
            _ => "`nethsm openpgp certificate add` makes one",
        };
        Failure::new(Kind::DoesNotHold, chain(&error), hint)
    })
}
