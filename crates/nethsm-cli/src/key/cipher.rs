//! Encrypting and decrypting with keys.

use std::path::PathBuf;

use clap::Args;
use nethsm::id::KeyId;
use nethsm::key::{DecryptMode, DecryptRequest, EncryptMode, EncryptRequest};
use nethsm::octets::{Octets, SecretOctets};
use nethsm::table;

use crate::answer::Answer;
use crate::choice::one_of;
use crate::failure::Failure;
use crate::file::{Out, Readers, read};
use crate::noun::Verb;
use crate::session::Session;

/// The most bytes of a message that the device takes, less the room for base64 and JSON.
const MOST: u64 = 50 << 20;

#[derive(Clone, Debug)]
struct Vector(Vec<u8>);

fn vector(text: &str) -> Result<Vector, String> {
    match hex::decode(text) {
        Ok(octets) if octets.len() == 16 => Ok(Vector(octets)),
        _ => Err("an initialisation vector is 32 hexadecimal digits".to_owned()),
    }
}

/// AES-CBC without padding. With --out the file has the initialisation vector, 16 bytes, and then
/// the encrypted message, as `decrypt` reads it.
#[derive(Args, Debug)]
pub(crate) struct Encrypt {
    /// The key, of type Generic.
    key: KeyId,
    /// The file to encrypt, a multiple of 16 bytes; `-` is standard input.
    file: PathBuf,

    /// How to encrypt.
    #[arg(long, value_parser = one_of!(EncryptMode), default_value = "AES_CBC")]
    mode: EncryptMode,

    /// The initialisation vector, 32 hexadecimal digits [default: the device makes one up].
    #[arg(long, value_name = "HEX", value_parser = vector)]
    iv: Option<Vector>,

    #[command(flatten)]
    out: Out,
}

impl Verb for Encrypt {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let mut message = read(&self.file, MOST)?;
        let question = EncryptRequest {
            mode: self.mode,
            message: SecretOctets::new(std::mem::take(&mut *message)),
            iv: self.iv.clone().map(|iv| iv.0.into()),
        };
        let answer = session.call::<table::Encrypt>(self, &self.key, &question)?;
        if self.out.out.is_none() {
            return Ok(Answer::of(&answer));
        }
        let octets = [answer.iv.0, answer.encrypted.0].concat();
        self.out.octets("encrypted", &octets, Readers::Usual)
    }
}

#[derive(Args, Debug)]
pub(crate) struct Decrypt {
    /// The key.
    key: KeyId,
    /// The file to decrypt; `-` is standard input.
    file: PathBuf,

    /// How it was encrypted.
    #[arg(long, value_parser = one_of!(DecryptMode))]
    mode: DecryptMode,

    /// The initialisation vector for `AES_CBC`, 32 hexadecimal digits [default: the first 16 bytes
    /// of the file].
    #[arg(long, value_name = "HEX", value_parser = vector)]
    iv: Option<Vector>,

    #[command(flatten)]
    out: Out,
}

impl Verb for Decrypt {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let content = read(&self.file, MOST)?;
        let (iv, encrypted) = match (&self.iv, self.mode, content.split_at_checked(16)) {
            (Some(iv), ..) => (Some(iv.0.clone()), content.as_slice()),
            (None, DecryptMode::AesCbc, Some((iv, rest))) => (Some(iv.to_vec()), rest),
            _ => (None, content.as_slice()),
        };
        let question = DecryptRequest {
            mode: self.mode,
            encrypted: encrypted.to_vec().into(),
            iv: iv.map(Octets),
        };
        let answer = session.call::<table::Decrypt>(self, &self.key, &question)?;
        self.out
            .octets("decrypted", answer.decrypted.expose(), Readers::Owner)
    }
}
