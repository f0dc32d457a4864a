//! Who a share is encrypted to where it rests.

use std::{io::Write as _, iter};

use age::{
    Encryptor,
    armor::{ArmoredWriter, Format},
    ssh::{self, ParseRecipientKeyError},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::SecretText;

/// The most octets of a line with a public key.
const MAX_LINE: usize = 8192;

/// The SSH key of a holder: `ssh-ed25519`, or `ssh-rsa` with 2,048 to 4,096 bits.
#[derive(Clone, Debug)]
pub struct Recipient(ssh::Recipient);

impl Recipient {
    /// A line as in `id_ed25519.pub`: kind, base64, and a comment or not. No options, no line end.
    ///
    /// # Errors
    ///
    /// [`BadRecipient`] for keys that age cannot encrypt to, and for all other texts.
    pub fn from_openssh(line: &str) -> Result<Self, BadRecipient> {
        if line.len() > MAX_LINE || line.contains(|letter: char| letter.is_control()) {
            return Err(BadRecipient::NotAKey);
        }
        let mut fields = line.splitn(3, ' ');
        let kind = fields.next().ok_or(BadRecipient::NotAKey)?;
        let encoded = fields.next().ok_or(BadRecipient::NotAKey)?;
        let blob = BASE64_STANDARD
            .decode(encoded)
            .map_err(|_| BadRecipient::NotAKey)?;
        let kind = Kind::named(kind).ok_or(BadRecipient::NotAKey)?;
        if !kind.is_in(&blob) {
            return Err(BadRecipient::NotAKey);
        }
        if let Some(refused) = kind.refusal() {
            return Err(refused);
        }
        let recipient = format!("{} {encoded}", kind.name())
            .parse::<ssh::Recipient>()
            .map_err(|error| match error {
                ParseRecipientKeyError::RsaModulusTooSmall => BadRecipient::WeakRsa,
                ParseRecipientKeyError::RsaModulusTooLarge => BadRecipient::LongRsa,
                _ => BadRecipient::NotAKey,
            })?;
        if let ssh::Recipient::SshEd25519(_, point) = &recipient
            && point.is_small_order()
        {
            return Err(BadRecipient::NotAKey);
        }
        // What age has read is all that there was.
        if recipient.to_string() == format!("{} {encoded}", kind.name()) {
            Ok(Self(recipient))
        } else {
            Err(BadRecipient::NotAKey)
        }
    }

    /// The key without its comment, as `ssh` writes it.
    pub fn to_openssh(&self) -> String {
        self.0.to_string()
    }
}

/// The text and LF, for nobody else.
pub(crate) fn seal(text: &SecretText, recipient: &Recipient) -> String {
    let sealed = try_seal(text, &recipient.0);
    #[expect(
        clippy::expect_used,
        reason = "neither one recipient nor memory can fail"
    )]
    let sealed = sealed.expect("nothing is written but memory");
    // Armor is ASCII.
    String::from_utf8_lossy(&sealed).into_owned()
}

fn try_seal(
    text: &SecretText,
    recipient: &ssh::Recipient,
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let recipients = iter::once::<&dyn age::Recipient>(recipient);
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    let mut writer = Encryptor::with_recipients(recipients)?.wrap_output(armor)?;
    writer.write_all(text.expose().as_bytes())?;
    writer.write_all(b"\n")?;
    Ok(writer.finish()?.finish()?)
}

/// A kind of SSH key, by the name that stands in front of it.
#[derive(Clone, Copy)]
enum Kind {
    Ed25519,
    Rsa,
    Hardware(&'static str),
    Other(&'static str),
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ssh-ed25519" => Self::Ed25519,
            "ssh-rsa" => Self::Rsa,
            "sk-ssh-ed25519@openssh.com" => Self::Hardware("sk-ssh-ed25519@openssh.com"),
            "sk-ecdsa-sha2-nistp256@openssh.com" => {
                Self::Hardware("sk-ecdsa-sha2-nistp256@openssh.com")
            }
            "ecdsa-sha2-nistp256" => Self::Other("ecdsa-sha2-nistp256"),
            "ecdsa-sha2-nistp384" => Self::Other("ecdsa-sha2-nistp384"),
            "ecdsa-sha2-nistp521" => Self::Other("ecdsa-sha2-nistp521"),
            "ssh-dss" => Self::Other("ssh-dss"),
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::Rsa => "ssh-rsa",
            Self::Hardware(name) | Self::Other(name) => name,
        }
    }

    fn refusal(self) -> Option<BadRecipient> {
        match self {
            Self::Ed25519 | Self::Rsa => None,
            Self::Hardware(kind) => Some(BadRecipient::Hardware { kind }),
            Self::Other(kind) => Some(BadRecipient::Unsupported { kind }),
        }
    }

    /// Whether these octets are a key of this kind, and nothing more (RFC 4253 §6.6, RFC 8709 §4).
    fn is_in(self, blob: &[u8]) -> bool {
        let Some(fields) = fields(blob) else {
            return false;
        };
        let Some((name, numbers)) = fields.split_first() else {
            return false;
        };
        let numbers_of_kind = match self {
            Self::Ed25519 => numbers.len() == 1,
            // Age reads these without looking, and a zero makes it panic.
            Self::Rsa => numbers.len() == 2 && numbers.iter().all(|number| is_odd(number)),
            Self::Hardware(_) | Self::Other(_) => !numbers.is_empty(),
        };
        numbers_of_kind && *name == self.name().as_bytes()
    }
}

/// The strings of which SSH makes a key (RFC 4251 §5).
fn fields(mut blob: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Vec::new();
    while !blob.is_empty() {
        let (length, rest) = blob.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        fields.push(field);
        blob = rest;
    }
    Some(fields)
}

/// Whether these octets are a positive odd number above 1, written as SSH has it (RFC 4251 §5).
fn is_odd(number: &[u8]) -> bool {
    let is_canonical = match number {
        [0, second, ..] => *second >= 0x80,
        [first, ..] => *first < 0x80,
        [] => false,
    };
    is_canonical && *number != [1] && number.last().is_some_and(|last| last % 2 == 1)
}

/// Why a share cannot be encrypted to a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadRecipient {
    /// No public key of SSH, or one that contradicts itself.
    #[error("this is no public key of SSH")]
    NotAKey,
    /// The private key is in a device that signs and does not decrypt.
    #[error("a key of kind {kind} can sign, but not decrypt")]
    Hardware {
        /// The kind of the key.
        kind: &'static str,
    },
    /// Age does not encrypt to keys of this kind.
    #[error("age does not encrypt to keys of kind {kind}")]
    Unsupported {
        /// The kind of the key.
        kind: &'static str,
    },
    /// An RSA key below 2,048 bits.
    #[error("the RSA key has fewer than 2048 bits")]
    WeakRsa,
    /// An RSA key above 4,096 bits.
    #[error("the RSA key has more than 4096 bits, and age takes no longer one")]
    LongRsa,
}

impl BadRecipient {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAKey => "write the line of ~/.ssh/id_ed25519.pub, without options before it",
            Self::Hardware { .. } => {
                "keep it to log in with, and make another key for the share: ssh-keygen -t ed25519"
            }
            Self::Unsupported { .. } | Self::WeakRsa | Self::LongRsa => {
                "make a key for the share: ssh-keygen -t ed25519"
            }
        }
    }
}
