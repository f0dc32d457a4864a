//! Bringing keys into the device.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use nethsm::id::KeyId;
use nethsm::key::{ImportKey, ImportPem, KeyType, PemArguments, PrivateKeyData};
use nethsm::octets::SecretOctets;
use nethsm::table;

use super::generate::Rights;
use crate::answer::Answer;
use crate::choice::one_of;
use crate::failure::Failure;
use crate::file::read;
use crate::noun::Verb;
use crate::session::Session;

/// From PEM (not encrypted: PKCS #8, PKCS #1 or SEC 1), or from raw numbers in files: seed,
/// scalar or symmetric key with --raw, primes and exponent with --prime-p, --prime-q and
/// --public-exponent, all big-endian.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("from").required(true).args(["pem", "raw", "prime_p"]))]
pub(crate) struct Import {
    /// What to call it [default: the device makes up a name].
    name: Option<KeyId>,

    /// The file with the key in PEM; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pem: Option<PathBuf>,

    /// The file with the raw key; `-` is standard input.
    #[arg(long, value_name = "FILE", requires = "key_type")]
    raw: Option<PathBuf>,

    /// The file with the first prime of an RSA key.
    #[arg(long, value_name = "FILE", requires = "prime_q")]
    prime_p: Option<PathBuf>,

    /// The file with the second prime of an RSA key.
    #[arg(long, value_name = "FILE", requires = "prime_p")]
    prime_q: Option<PathBuf>,

    /// The public exponent of an RSA key.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 65537,
        requires = "prime_p"
    )]
    public_exponent: u64,

    /// What kind of key; PEM tells it itself, --prime-p means RSA.
    #[arg(long = "type", value_name = "TYPE", value_parser = one_of!(KeyType))]
    key_type: Option<KeyType>,

    #[command(flatten)]
    rights: Rights,
}

impl Verb for Import {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let id = match &self.pem {
            Some(file) => self.pem(session, secret(file)?)?,
            None => self.raw(session)?,
        };
        Ok(Answer::done("key imported", &[("key", id.as_str())]))
    }
}

impl Import {
    fn pem(&self, session: &Session, key: SecretOctets) -> Result<KeyId, Failure> {
        let question = ImportPem {
            arguments: PemArguments {
                mechanisms: self.rights.mechanisms(self.key_type)?,
                restrictions: self.rights.restrictions(),
                label: self.rights.label(),
            },
            key,
        };
        if let Some(name) = &self.name {
            session.ask::<table::PutKey, _>(self, |client| {
                client.call_alternatively::<table::PutKey>(name, &question)
            })?;
            return Ok(name.clone());
        }
        let created = session.ask::<table::AddKey, _>(self, |client| {
            client.call_alternatively::<table::AddKey>(&(), &question)
        })?;
        Ok(created.id)
    }

    fn raw(&self, session: &Session) -> Result<KeyId, Failure> {
        let (key_type, private) = match (&self.raw, &self.prime_p, &self.prime_q) {
            (Some(file), ..) => (
                self.key_type.unwrap_or(KeyType::Generic),
                PrivateKeyData::plain(secret(file)?),
            ),
            (None, Some(p), Some(q)) => (
                KeyType::Rsa,
                PrivateKeyData::rsa(secret(p)?, secret(q)?, self.exponent()),
            ),
            _ => return Err(Failure::usage("no key to import", "see `--help`")),
        };
        let question = ImportKey {
            mechanisms: self.rights.mechanisms(Some(key_type))?,
            key_type,
            private,
            restrictions: self.rights.restrictions(),
            label: self.rights.label(),
        };
        if let Some(name) = &self.name {
            session.call::<table::PutKey>(self, name, &question)?;
            return Ok(name.clone());
        }
        Ok(session.call::<table::AddKey>(self, &(), &question)?.id)
    }

    fn exponent(&self) -> SecretOctets {
        let bytes = self.public_exponent.to_be_bytes();
        SecretOctets::new(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
    }
}

/// The bytes of a file, moved without a copy.
fn secret(file: &std::path::Path) -> Result<SecretOctets, Failure> {
    let mut content = read(file, 1 << 20)?;
    Ok(SecretOctets::new(std::mem::take(&mut *content)))
}
