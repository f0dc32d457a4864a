//! A secret key on its way from a file into the device.

use std::path::PathBuf;

use clap::Args;
use nethsm::body::Binary;
use nethsm::id::KeyId;
use nethsm::key::{ImportKey, KeyLabel, KeyMechanism, KeyType, PrivateKeyData, Restrictions};
use nethsm::octets::SecretOctets;
use nethsm::table;
use signstar::sign::{Certificate, InvalidSecretKey, PrivateKey, SecretKey, Subkeys};
use signstar_hsm::nethsm::{NetHsmKey, public_key};

use crate::answer::{Answer, Said, say};
use crate::failure::{Failure, Kind, chain};
use crate::file::read;
use crate::noun::Verb;
use crate::passphrase;
use crate::session::Session;

/// What the device signs to show that it has the key. It is not handed out.
const TEST: &str = "Test of nethsm openpgp import";

/// One primary key moves: RSA, NIST curves or Ed25519 (`EdDSALegacy`). An administrator imports the
/// key and stores the certificate, an operator makes a signature to see that the device has the
/// key of the certificate. The file stays; see that no copy of it is left.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The secret key, binary or in ASCII armor, like `gpg --export-secret-keys` writes it; `-` is
    /// standard input.
    file: PathBuf,

    /// What to call the key in the device.
    #[arg(long, value_name = "KEY")]
    key_id: KeyId,

    /// Leave the secret halves of subkeys behind; without this, a key that has any is refused.
    #[arg(long)]
    without_subkeys: bool,

    /// The file with the passphrase of the secret key [default: asked for, if there is one].
    #[arg(long, value_name = "FILE")]
    secret_key_passphrase_file: Option<PathBuf>,

    /// Only operators with this tag may use it; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,

    /// A note, at most 32 bytes.
    #[arg(long, value_name = "TEXT")]
    label: Option<KeyLabel>,
}

impl Verb for Import {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let key = self.open()?;
        for subkey in key.left_behind() {
            let text = format!("the secret half of this subkey stays behind: {subkey}");
            say(session.globals.output, Said::Warning, &text, None);
        }
        // Before anything changes, whoever is needed.
        let operator = session.client::<table::Sign>(self)?;
        let octets = key.certificate().to_octets().map_err(|error| {
            Failure::new(Kind::DoesNotHold, chain(&error), "export the key again")
        })?;
        let question = self.question(key.private());
        session.call::<table::PutKey>(self, &self.key_id, &question)?;
        let signer = NetHsmKey::new(operator, self.key_id.clone());
        self.check(session, key.certificate(), &signer)?;
        session.call::<table::PutCertificate>(self, &self.key_id, &Binary(octets))?;
        let fingerprint = key.certificate().fingerprint();
        let about = [("key", self.key_id.as_str()), ("fingerprint", &fingerprint)];
        Ok(Answer::done("key imported", &about))
    }
}

impl Import {
    fn open(&self) -> Result<SecretKey, Failure> {
        let octets = read(&self.file, 1 << 20)?;
        let subkeys = match self.without_subkeys {
            true => Subkeys::LeaveBehind,
            false => Subkeys::Refuse,
        };
        let opened = match SecretKey::parse(&octets, None, subkeys) {
            Err(InvalidSecretKey::Protected) => {
                let file = self.secret_key_passphrase_file.as_deref();
                let passphrase = passphrase::existing("Passphrase of the secret key", file)?;
                SecretKey::parse(&octets, Some(passphrase.expose()), subkeys)
            }
            opened => opened,
        };
        opened.map_err(|error| {
            let (kind, hint) = match error {
                InvalidSecretKey::Subkeys(_) => (
                    Kind::Usage,
                    "--without-subkeys moves the primary key alone; it has to sign itself then",
                ),
                InvalidSecretKey::Passphrase => (
                    Kind::Refused,
                    "give the passphrase that the key was exported with",
                ),
                InvalidSecretKey::Absent => (
                    Kind::DoesNotHold,
                    "it was exported without it, or is on a smart card",
                ),
                _ => (
                    Kind::DoesNotHold,
                    "give one key as `gpg --export-secret-keys FINGERPRINT` writes it",
                ),
            };
            Failure::new(kind, chain(&error), hint)
        })
    }

    fn question(&self, private: &PrivateKey) -> ImportKey {
        let secret = |octets: &[u8]| SecretOctets::new(octets.to_vec());
        let (key_type, mechanism) = match private {
            PrivateKey::Rsa { .. } => (KeyType::Rsa, KeyMechanism::RsaSignaturePkcs1),
            PrivateKey::P256(_) => (KeyType::EcP256, KeyMechanism::EcdsaSignature),
            PrivateKey::P384(_) => (KeyType::EcP384, KeyMechanism::EcdsaSignature),
            PrivateKey::P521(_) => (KeyType::EcP521, KeyMechanism::EcdsaSignature),
            PrivateKey::Ed25519(_) => (KeyType::Curve25519, KeyMechanism::EdDsaSignature),
        };
        ImportKey {
            mechanisms: vec![mechanism],
            key_type,
            private: match private {
                PrivateKey::Rsa {
                    prime_p,
                    prime_q,
                    exponent,
                } => PrivateKeyData::rsa(secret(prime_p), secret(prime_q), secret(exponent)),
                PrivateKey::P256(scalar)
                | PrivateKey::P384(scalar)
                | PrivateKey::P521(scalar)
                | PrivateKey::Ed25519(scalar) => PrivateKeyData::plain(secret(scalar)),
            },
            restrictions: Restrictions {
                tags: self.tags.clone(),
            },
            label: self.label.clone().unwrap_or_default(),
        }
    }

    /// Sees that what the device shows as public key is that of the certificate, and that what
    /// it signs verifies: together with the time of creation it has to give the same fingerprint,
    /// in a certificate that holds.
    fn check(
        &self,
        session: &Session,
        certificate: &Certificate,
        signer: &NetHsmKey,
    ) -> Result<(), Failure> {
        let wrong = |what: String| {
            let hint = "the certificate was not stored; see that the operator may use the key, or remove it with `nethsm key remove`";
            Failure::new(Kind::DoesNotHold, what, hint)
        };
        let key = session.call::<table::GetKey>(self, &self.key_id, &())?;
        let public = public_key(key)
            .ok_or_else(|| wrong("the device shows no key for signatures".to_owned()))?;
        let made = Certificate::issue(&public, &[TEST], certificate.created(), signer)
            .map_err(|error| wrong(format!("no test signature: {}", chain(&error))))?;
        if made.fingerprint() != certificate.fingerprint() {
            return Err(wrong("the device shows another public key".to_owned()));
        }
        Ok(())
    }
}
