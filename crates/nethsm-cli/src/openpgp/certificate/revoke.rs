//! The end of a key, before its time.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{ArgGroup, Args, ValueEnum};
use nethsm::id::KeyId;
use nethsm::table;
use signstar::sign::{InvalidRevocation, Revocation};
use signstar_hsm::nethsm::NetHsmKey;

use super::{load, not_made, slot};
use crate::answer::Answer;
use crate::failure::{Failure, Kind, chain};
use crate::file::{Out, Readers, read};
use crate::noun::Verb;
use crate::session::Session;

/// With --reason a revocation certificate is made and written into a file; nothing else changes.
/// Whoever has that file can end the key: make it ahead, and keep it where the HSM is not. With
/// --publish it is put into the certificate, which is then to be handed to everybody.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["reason", "publish"]))]
pub(crate) struct Revoke {
    /// The key.
    key: KeyId,

    /// Why the key is not to be used any more.
    #[arg(long, value_enum, requires = "out")]
    reason: Option<Reason>,

    /// The reason for people.
    #[arg(
        long,
        value_name = "TEXT",
        requires = "reason",
        default_value = "",
        hide_default_value = true
    )]
    message: String,

    /// The revocation certificate to put into the certificate of the key.
    #[arg(long, value_name = "FILE")]
    publish: Option<PathBuf>,

    /// Store the revoked certificate in the certificate slot. Nothing is signed with it any more.
    #[arg(long, requires = "publish")]
    store: bool,

    /// The certificate of the key [default: that in its certificate slot].
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,

    #[command(flatten)]
    out: Out,
}

/// Why a key is revoked (RFC 9580 §5.2.3.31).
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reason {
    /// Another key takes its place; older signatures stay good.
    Superseded,
    /// Somebody else may have it: no signature is good any more.
    Compromised,
    /// It is not used any more; older signatures stay good.
    Retired,
    /// None of these: no signature is good any more.
    Unspecified,
}

impl From<Reason> for signstar::sign::Reason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Superseded => Self::Superseded,
            Reason::Compromised => Self::Compromised,
            Reason::Retired => Self::Retired,
            Reason::Unspecified => Self::Unspecified,
        }
    }
}

impl Verb for Revoke {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match (self.reason, &self.publish) {
            (Some(reason), _) => self.make(session, reason),
            (None, Some(file)) => self.publish(session, file),
            (None, None) => Err(Failure::usage("nothing to do", "see `--help`")),
        }
    }
}

impl Revoke {
    fn make(&self, session: &Session, reason: Reason) -> Result<Answer, Failure> {
        let operator = session.client::<table::Sign>(self)?;
        let certificate = load(session, self, &self.key, self.certificate.as_ref())?;
        let signer = NetHsmKey::new(operator, self.key.clone());
        let at = SystemTime::now();
        let made = Revocation::make(&certificate, reason.into(), &self.message, at, &signer);
        let armored = made
            .and_then(|revocation| Ok(revocation.to_armored()?))
            .map_err(|error| not_made(&error))?;
        let octets = armored.as_bytes();
        self.out.octets("revocation", octets, Readers::Owner)
    }

    fn publish(&self, session: &Session, file: &Path) -> Result<Answer, Failure> {
        let invalid = |error: InvalidRevocation| {
            Failure::new(
                Kind::DoesNotHold,
                format!("{}: {}", file.display(), chain(&error)),
                "give what `nethsm openpgp certificate revoke --reason` wrote for this key",
            )
        };
        let revocation = Revocation::parse(&read(file, 1 << 20)?).map_err(invalid)?;
        let certificate = load(session, self, &self.key, self.certificate.as_ref())?;
        let octets = revocation.apply(&certificate).map_err(invalid)?;
        let armored = revocation.apply_armored(&certificate).map_err(invalid)?;
        if self.store {
            session.confirm(&format!("end {} for good", self.key))?;
        }
        let answer = match self.out.out {
            Some(_) => self.out.octets("certificate", &octets, Readers::Usual)?,
            None => Answer::lines("certificate", &armored),
        };
        if self.store {
            slot::replace(session, self, &self.key, octets)?;
        }
        Ok(answer)
    }
}
