//! New self-signatures without a new key.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use nethsm::id::KeyId;
use nethsm::table;
use signstar::sign::Renewal;
use signstar_hsm::nethsm::NetHsmKey;

use super::terms::{Expires, Notations, warn_of_unusual};
use super::{load, not_made, octets, shown, slot};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::{Out, Readers};
use crate::noun::Verb;
use crate::session::Session;

/// The key and its fingerprint stay: whoever has the older certificate only needs to fetch the
/// newer one. What is not named stays as it is. User IDs that are dropped are revoked, not removed.
#[derive(Args, Debug)]
pub(crate) struct Renew {
    /// The key.
    key: KeyId,

    /// When the key ends, like 2030-12-31 or 2030-12-31T12:00:00Z, or never [default: as it is].
    #[arg(long, value_name = "DATE")]
    expires: Option<Expires>,

    /// A user ID that comes to those that are there; may be repeated.
    #[arg(long = "add-user-id", value_name = "USER_ID")]
    add: Vec<String>,

    /// A user ID that is taken back; may be repeated. It cannot be added again.
    #[arg(long = "drop-user-id", value_name = "USER_ID")]
    drop: Vec<String>,

    #[command(flatten)]
    said: Notations,

    /// The certificate to renew [default: that in the certificate slot of the key].
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,

    #[command(flatten)]
    out: Out,

    /// Do not store it: an operator alone can make it.
    #[arg(long)]
    no_store: bool,
}

impl Verb for Renew {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        warn_of_unusual(session, &self.add);
        let operator = session.client::<table::Sign>(self)?;
        let certificate = load(session, self, &self.key, self.certificate.as_ref())?;
        let mut terms = Renewal::terms_of(&certificate);
        if let Some(expires) = self.expires {
            terms.expires = expires.end();
        }
        terms.notations.extend(self.said.notations());
        let add: Vec<_> = self.add.iter().map(String::as_str).collect();
        let drop: Vec<_> = self.drop.iter().map(String::as_str).collect();
        let renewal = Renewal {
            terms,
            add: &add,
            drop: &drop,
        };
        let signer = NetHsmKey::new(operator, self.key.clone());
        let renewed = certificate
            .renew(&renewal, SystemTime::now(), &signer)
            .map_err(|error| not_made(&error))?;
        let octets = octets(&renewed)?;
        // First the file: a device that fails afterwards takes nothing away.
        let written = match self.out.out {
            Some(_) => Some(self.out.octets("certificate", &octets, Readers::Usual)?),
            None => None,
        };
        if !self.no_store {
            slot::replace(session, self, &self.key, octets)?;
        }
        Ok(written.unwrap_or_else(|| shown(&renewed)))
    }
}
