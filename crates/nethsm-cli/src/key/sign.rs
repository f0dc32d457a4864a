//! Signing with a key.

use std::path::PathBuf;

use clap::Args;
use nethsm::id::KeyId;
use nethsm::key::{KeyMechanism, PublicKey, SignMode, SignRequest};
use nethsm::table;

use crate::answer::Answer;
use crate::choice::one_of;
use crate::digest::{Hash, Wanted, framed, wanted};
use crate::failure::Failure;
use crate::file::{Out, Readers, read};
use crate::noun::Verb;
use crate::session::Session;

/// The most bytes of a message that the device takes, less the room for base64 and JSON.
const MOST: u64 = 50 << 20;

/// Where the mode is over a digest, the file is hashed here and only the digest is sent. For
/// PKCS1 the `DigestInfo` is made here, too. The signature is raw: R and S for `EdDSA` and BIP340,
/// DER for ECDSA, as long as the modulus for RSA.
#[derive(Args, Debug)]
pub(crate) struct Sign {
    /// The key.
    key: KeyId,

    /// The file to sign; `-` is standard input.
    #[arg(required_unless_present = "digest")]
    file: Option<PathBuf>,

    /// How to sign [default: the one mode that the key was made for].
    #[arg(long, value_parser = one_of!(SignMode))]
    mode: Option<SignMode>,

    /// The digest algorithm for PKCS1 [default: sha512].
    #[arg(long, value_enum)]
    hash: Option<Hash>,

    /// Sign this digest instead of a file: hexadecimal digits.
    #[arg(long, value_name = "HEX", conflicts_with = "file", value_parser = octets)]
    digest: Option<Octets>,

    #[command(flatten)]
    out: Out,
}

#[derive(Clone, Debug)]
struct Octets(Vec<u8>);

fn octets(text: &str) -> Result<Octets, hex::FromHexError> {
    hex::decode(text).map(Octets)
}

impl Verb for Sign {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        // Whoever signs can also look at the key: one passphrase for both.
        session.log_in_for::<table::Sign>(self)?;
        let key = session.call::<table::GetKey>(self, &self.key, &())?;
        let mode = match self.mode {
            Some(mode) => mode,
            None => only_mode(&key)?,
        };
        let message = self.message(wanted(mode, key.key_type), mode)?.into();
        let question = SignRequest { mode, message };
        let signature = session.call::<table::Sign>(self, &self.key, &question)?;
        self.out
            .octets("signature", &signature.signature.0, Readers::Usual)
    }
}

impl Sign {
    fn message(&self, wanted: Wanted, mode: SignMode) -> Result<Vec<u8>, Failure> {
        if self.hash.is_some() && !matches!(wanted, Wanted::DigestInfo(_)) {
            return Err(Failure::usage(
                format!("the mode {mode} leaves no choice of a hash"),
                "leave --hash out",
            ));
        }
        if let Some(digest) = &self.digest {
            return framed(wanted, self.hash, &digest.0);
        }
        // clap sees to it that there is one.
        let file = self.file.as_deref().unwrap_or("-".as_ref());
        match wanted {
            Wanted::Message => Ok(read(file, MOST)?.to_vec()),
            Wanted::Md5 => Err(Failure::usage(
                "MD5 is broken and not made here",
                "give the digest with --digest if it must be",
            )),
            Wanted::Digest(hash) => hash.of_file(file),
            Wanted::DigestInfo(usual) => {
                let hash = self.hash.unwrap_or(usual);
                framed(wanted, Some(hash), &hash.of_file(file)?)
            }
        }
    }
}

/// The mode of a key that was made for one.
fn only_mode(key: &PublicKey) -> Result<SignMode, Failure> {
    let made_for = |mode: &&SignMode| {
        let mechanism: KeyMechanism = mode.mechanism();
        key.mechanisms.contains(&mechanism)
    };
    let modes: Vec<_> = SignMode::ALL.iter().filter(made_for).collect();
    match modes.as_slice() {
        [] => Err(Failure::usage(
            "this key is not made for signatures",
            "`nethsm key show` tells what it is made for",
        )),
        [only] => Ok(**only),
        several => {
            let names: Vec<_> = several.iter().map(|mode| mode.as_str()).collect();
            Err(Failure::usage(
                "this key can sign in several ways",
                format!("give --mode, one of: {}", names.join(", ")),
            ))
        }
    }
}
