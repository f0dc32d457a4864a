//! What a YubiHSM2 is asked, and what it answers.
//!
//! Source: the [commands of the device]. A message is a code, a length of two octets and a body; an
//! answer has the code of its command with the first bit set, or says what is wrong.
//!
//! [commands of the device]: https://developers.yubico.com/YubiHSM2/Commands/

use std::fmt;

/// The longest message, in octets.
pub const MAX_MESSAGE: usize = 3136;

const ANSWER: u8 = 0x80;
const ERROR: u8 = 0x7f;

/// A message of either end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// What it is.
    pub code: u8,
    /// What goes with it.
    pub body: Vec<u8>,
}

/// Octets that are no message, or not the one that was to come.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("what the connector returns is no answer of a YubiHSM2")]
pub struct Garbled;

impl Frame {
    /// A command.
    pub fn command(command: Command, body: Vec<u8>) -> Self {
        let code = command.code();
        Self { code, body }
    }

    /// The answer to a command.
    pub fn answer(command: Command, body: Vec<u8>) -> Self {
        let code = command.code() | ANSWER;
        Self { code, body }
    }

    /// The answer that something is wrong.
    pub fn refusal(why: Refusal) -> Self {
        let body = vec![why.0];
        Self { code: ERROR, body }
    }

    /// Takes all of `octets` for one message.
    pub fn decode(octets: &[u8]) -> Result<Self, Garbled> {
        let (&[code, high, low], body) = octets.split_first_chunk::<3>().ok_or(Garbled)?;
        if body.len() != usize::from(u16::from_be_bytes([high, low])) {
            return Err(Garbled);
        }
        let body = body.to_vec();
        Ok(Self { code, body })
    }

    /// The message as it is sent.
    pub fn encode(&self) -> Vec<u8> {
        // Nothing that is said here is that long.
        let length = u16::try_from(self.body.len()).unwrap_or(u16::MAX);
        [&[self.code][..], &length.to_be_bytes(), &self.body].concat()
    }

    /// What is in the answer to `command`.
    pub fn answered(self, command: Command) -> Result<Vec<u8>, NoAnswer> {
        match (self.code, &self.body[..]) {
            (ERROR, [why]) => Err(NoAnswer::Refused(Refusal(*why))),
            (code, _) if code == command.code() | ANSWER => Ok(self.body),
            _ => Err(NoAnswer::Garbled(Garbled)),
        }
    }
}

/// Why a command has no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoAnswer {
    /// The device does not do it.
    Refused(Refusal),
    /// That is no answer.
    Garbled(Garbled),
}

/// A command.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Command {
    /// Begins a session: the number of an authentication key, a challenge.
    CreateSession,
    /// Proves who asks.
    AuthenticateSession,
    /// Carries any of the following, encrypted.
    SessionMessage,
    /// Asks for version, serial number and log of the device.
    DeviceInfo,
    /// Ends the session.
    CloseSession,
    /// Asks which objects have a type, a label and so on.
    ListObjects,
    /// Asks for the public half of a key: algorithm, octets.
    GetPublicKey,
    /// Signs a digest with RSA as in PKCS#1 v1.5: key, digest of 20, 32, 48 or 64 octets.
    SignPkcs1,
    /// Signs a digest with RSA-PSS: key, hash of the mask, length of the salt, digest.
    SignPss,
    /// Signs a digest with ECDSA: key, digest.
    SignEcdsa,
    /// Signs a message with Ed25519: key, message.
    SignEddsa,
    /// Makes the device as it was when it was new.
    ResetDevice,
    /// Puts an authentication key into the device: description, what it may hand on, key.
    PutAuthenticationKey,
    /// Has the device make an asymmetric key: description.
    GenerateAsymmetricKey,
    /// Puts a wrap key into the device: description, what it may import, key.
    PutWrapKey,
    /// Exports an object: wrap key, type, number; the answer is nonce, ciphertext, tag.
    ExportWrapped,
    /// Imports an object: wrap key, what was exported; the answer is type, number.
    ImportWrapped,
    /// Deletes an object: number, type.
    DeleteObject,
    /// Asks what an object is: number, type.
    GetObjectInfo,
    /// Changes an option: which, length of two octets, value.
    SetOption,
    /// Asks for an option: which.
    GetOption,
    /// Asks for the log.
    GetLogEntries,
    /// Tells up to which entry the log was read: its number.
    SetLogIndex,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::CreateSession,
        Self::AuthenticateSession,
        Self::SessionMessage,
        Self::DeviceInfo,
        Self::CloseSession,
        Self::ListObjects,
        Self::GetPublicKey,
        Self::SignPkcs1,
        Self::SignPss,
        Self::SignEcdsa,
        Self::SignEddsa,
        Self::ResetDevice,
        Self::PutAuthenticationKey,
        Self::GenerateAsymmetricKey,
        Self::PutWrapKey,
        Self::ExportWrapped,
        Self::ImportWrapped,
        Self::DeleteObject,
        Self::GetObjectInfo,
        Self::SetOption,
        Self::GetOption,
        Self::GetLogEntries,
        Self::SetLogIndex,
    ];

    /// Its code.
    pub fn code(self) -> u8 {
        match self {
            Self::CreateSession => 0x03,
            Self::AuthenticateSession => 0x04,
            Self::SessionMessage => 0x05,
            Self::DeviceInfo => 0x06,
            Self::CloseSession => 0x40,
            Self::ListObjects => 0x48,
            Self::GetPublicKey => 0x54,
            Self::SignPkcs1 => 0x47,
            Self::SignPss => 0x55,
            Self::SignEcdsa => 0x56,
            Self::SignEddsa => 0x6a,
            Self::ResetDevice => 0x08,
            Self::PutAuthenticationKey => 0x44,
            Self::GenerateAsymmetricKey => 0x46,
            Self::PutWrapKey => 0x4c,
            Self::ExportWrapped => 0x4a,
            Self::ImportWrapped => 0x4b,
            Self::DeleteObject => 0x58,
            Self::GetObjectInfo => 0x4e,
            Self::SetOption => 0x4f,
            Self::GetOption => 0x50,
            Self::GetLogEntries => 0x4d,
            Self::SetLogIndex => 0x67,
        }
    }

    /// The command with this code, if it is one of these.
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What the device says of a command that it does not do: its code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refusal(pub u8);

impl Refusal {
    /// It does not know the command, or not in this session.
    pub const INVALID_COMMAND: Self = Self(1);
    /// The body of the command is not one.
    pub const INVALID_DATA: Self = Self(2);
    /// The session has ended.
    pub const INVALID_SESSION: Self = Self(3);
    /// The proof of who asks is wrong.
    pub const AUTHENTICATION_FAILED: Self = Self(4);
    /// It has as many sessions as it can.
    pub const SESSIONS_FULL: Self = Self(5);
    /// The session is broken.
    pub const SESSION_FAILED: Self = Self(6);
    /// The authentication key or the key may not do that.
    pub const INSUFFICIENT_PERMISSIONS: Self = Self(9);
    /// Its log is full, and it must not go on without.
    pub const LOG_FULL: Self = Self(10);
    /// It has no such object.
    pub const OBJECT_NOT_FOUND: Self = Self(11);
    /// The number is not free.
    pub const OBJECT_EXISTS: Self = Self(17);
    /// It has no room left.
    pub const STORAGE_FAILED: Self = Self(7);
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::INVALID_COMMAND => "it does not know the command",
            Self::INVALID_DATA | Self(8) => "it does not understand what it is asked",
            Self::INVALID_SESSION => "the session has ended",
            Self::AUTHENTICATION_FAILED => "the authentication failed",
            Self::SESSIONS_FULL => "it has as many sessions as it can",
            Self::SESSION_FAILED => "the session is broken",
            Self::INSUFFICIENT_PERMISSIONS => {
                "the authentication key or the key lacks a capability for this"
            }
            Self::LOG_FULL => "its log is full: it has to be read and acknowledged",
            Self::OBJECT_NOT_FOUND => "it has no such object that this operator may see",
            Self::OBJECT_EXISTS => "it has an object with this number already",
            Self::STORAGE_FAILED => "it has no room left",
            Self(code) => return write!(f, "error {code}"),
        })
    }
}

/// What kind of key it is: the number that the device has for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Algorithm(pub u8);

impl Algorithm {
    /// RSA with a modulus of 2048 bits; 3072 and 4096 follow.
    pub const RSA_2048: Self = Self(9);
    /// RSA with a modulus of 3072 bits.
    pub const RSA_3072: Self = Self(10);
    /// RSA with a modulus of 4096 bits.
    pub const RSA_4096: Self = Self(11);
    /// ECDSA on P-256.
    pub const P256: Self = Self(12);
    /// ECDSA on P-384.
    pub const P384: Self = Self(13);
    /// ECDSA on P-521.
    pub const P521: Self = Self(14);
    /// Ed25519.
    pub const ED25519: Self = Self(46);
    /// AES-256 in CCM, of a wrap key.
    pub const AES256_CCM: Self = Self(42);
    /// Two keys of AES-128, of an authentication key.
    pub const AES128_AUTHENTICATION: Self = Self(38);
    /// SHA-256 in the mask of RSA-PSS.
    pub const MASK_SHA256: Self = Self(33);
    /// SHA-512 in the mask of RSA-PSS.
    pub const MASK_SHA512: Self = Self(35);
}

/// The option that the device does nothing more while its log is full: 0, 1, or 2 for always.
pub const FORCE_AUDIT: u8 = 1;
/// The option which commands are logged: pairs of a command and 0, 1, or 2 for always.
pub const COMMAND_AUDIT: u8 = 3;
/// The tag of a filter by type.
pub const BY_TYPE: u8 = 2;
/// The tag of a filter by label.
pub const BY_LABEL: u8 = 6;
/// A label, with zeros behind it.
pub type Label = [u8; 40];

/// A label; none if `text` is longer than 40 octets or empty.
pub fn label(text: &str) -> Option<Label> {
    let mut label = [0; 40];
    let place = label
        .get_mut(..text.len())
        .filter(|place| !place.is_empty())?;
    place.copy_from_slice(text.as_bytes());
    Some(label)
}

/// What stands in a label before the zeros, if it is text.
pub fn text_of(label: &Label) -> String {
    let end = label.iter().position(|octet| *octet == 0);
    let text = label.get(..end.unwrap_or(label.len())).unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_it_says() {
        let frame = Frame::command(Command::SignEddsa, vec![0, 7, 1, 2, 3]);
        let mut octets = frame.encode();
        assert_eq!(octets, [0x6a, 0, 5, 0, 7, 1, 2, 3]);
        assert_eq!(Frame::decode(&octets), Ok(frame));
        octets.push(0);
        assert_eq!(Frame::decode(&octets), Err(Garbled));
        assert_eq!(Frame::decode(&octets[..7]), Err(Garbled));
        assert_eq!(Frame::decode(&[]), Err(Garbled));
    }

    #[test]
    fn an_answer_belongs_to_its_command() {
        let answer = Frame::answer(Command::SignEddsa, vec![1]);
        let of = |command| answer.clone().answered(command);
        assert_eq!(of(Command::SignEddsa), Ok(vec![1]));
        assert_eq!(of(Command::SignEcdsa), Err(NoAnswer::Garbled(Garbled)));
        let refusal = Frame::refusal(Refusal::LOG_FULL);
        assert_eq!(
            refusal.answered(Command::SignEddsa),
            Err(NoAnswer::Refused(Refusal::LOG_FULL))
        );
    }

    #[test]
    fn every_command_is_found_by_its_code() {
        for command in Command::ALL {
            assert_eq!(Command::of_code(command.code()), Some(command));
        }
        assert_eq!(Command::of_code(0), None);
    }

    #[test]
    fn a_label_has_one_to_40_octets() {
        assert_eq!(
            label("packages").map(|label| label[..9].to_vec()),
            Some(b"packages\0".to_vec())
        );
        assert!(label(&"x".repeat(40)).is_some());
        assert!(label(&"x".repeat(41)).is_none());
        assert!(label("").is_none());
    }
}
