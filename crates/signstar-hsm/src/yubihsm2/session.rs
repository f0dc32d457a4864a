//! A session with a YubiHSM2.

use std::time::{Duration, Instant};

use signstar::{request::Digest, sign::Message};
use zeroize::Zeroizing;

use super::{
    channel::{self, AuthenticationKey, Channel, End},
    command::{Algorithm, BY_LABEL, BY_TYPE, Command, Frame, Garbled, Label, Refusal},
    connector::Connector,
    object::ObjectType,
    trouble::Trouble,
};

/// The device ends a session that nobody uses for 30 seconds. Some less, as its clock is another one.
const IDLE: Duration = Duration::from_secs(25);
/// A tag has 64 bits: after so many commands the keys have to be others.
const MOST_COMMANDS: u32 = 1 << 20;
/// How long ending a session may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// The octets of `DigestInfo` before the digest, whatever SHA-2 it is (RFC 8017 §9.2, note 1).
const DIGEST_INFO: usize = 19;

/// A session. It is ended when this is dropped, as a device has 16 of them.
#[derive(Debug)]
pub(super) struct Session {
    connector: Connector,
    channel: Channel,
    begun: Instant,
    used: Instant,
    is_open: bool,
}

/// A key in a device, and what it is.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: u16,
    pub(super) algorithm: Algorithm,
    /// The public half: a modulus, both coordinates of a point, or a point of Ed25519.
    pub(super) public: Vec<u8>,
}

impl Session {
    /// Proves to the device who asks, and has it prove the same.
    pub(super) fn begin(
        connector: &Connector,
        operator: u16,
        key: &AuthenticationKey,
        end: Instant,
    ) -> Result<Self, Trouble> {
        let mut challenge = [0; 8];
        getrandom::fill(&mut challenge)?;
        let question = [&operator.to_be_bytes()[..], &challenge].concat();
        let question = Frame::command(Command::CreateSession, question);
        let answer = Frame::decode(&connector.send(&question.encode(), end)?)?;
        let body = answer.answered(Command::CreateSession)?;
        let (&[number], rest) = body.split_first_chunk().ok_or(Garbled)?;
        let (&of_device, cryptogram) = rest.split_first_chunk().ok_or(Garbled)?;
        let mut channel = Channel::new(number, key, challenge, of_device);
        channel::verify(&channel.cryptogram(End::Device), cryptogram)
            .map_err(|_| Trouble::WrongPassphrase)?;

        let proof = channel.cryptogram(End::Host);
        let frame = command_of(&mut channel, Command::AuthenticateSession, &proof);
        let answer = Frame::decode(&connector.send(&frame.encode(), end)?)?;
        answer.answered(Command::AuthenticateSession)?;
        channel.begin();
        Ok(Self {
            connector: connector.clone(),
            channel,
            begun: Instant::now(),
            used: Instant::now(),
            is_open: true,
        })
    }

    /// Whether the device still knows it, as far as can be told from here.
    pub(super) fn is_fresh(&self) -> bool {
        self.used.elapsed() < IDLE && self.channel.commands() < MOST_COMMANDS
    }

    /// How long ago it was begun.
    pub(super) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// How long ago it was used.
    pub(super) fn idle(&self) -> Duration {
        self.used.elapsed()
    }

    /// The serial number of the device, as ten digits.
    pub(super) fn serial(&mut self, end: Instant) -> Result<String, Trouble> {
        let info = self.ask(Command::DeviceInfo, &[], end)?;
        let number = info.get(3..7).and_then(|octets| octets.try_into().ok());
        Ok(format!(
            "{:010}",
            u32::from_be_bytes(number.ok_or(Garbled)?)
        ))
    }

    /// The one asymmetric key with this label.
    pub(super) fn find(&mut self, label: &Label, end: Instant) -> Result<Found, Trouble> {
        let wanted = [
            &[BY_TYPE, ObjectType::ASYMMETRIC_KEY.0, BY_LABEL][..],
            label,
        ]
        .concat();
        let entries = self.ask(Command::ListObjects, &wanted, end)?;
        let (entries, rest) = entries.as_chunks::<4>();
        let id = match entries {
            _ if !rest.is_empty() => return Err(Garbled.into()),
            [] => return Err(Trouble::NoKey),
            [[high, low, ..]] => [*high, *low],
            _ => return Err(Trouble::SeveralKeys),
        };
        let shown = self.ask(Command::GetPublicKey, &id, end)?;
        let (algorithm, public) = shown.split_first().ok_or(Garbled)?;
        Ok(Found {
            id: u16::from_be_bytes(id),
            algorithm: Algorithm(*algorithm),
            public: public.to_vec(),
        })
    }

    /// Signs with a key.
    pub(super) fn sign(
        &mut self,
        key: &Found,
        message: &Message,
        end: Instant,
    ) -> Result<Vec<u8>, Trouble> {
        let rsa = [
            Algorithm::RSA_2048,
            Algorithm::RSA_3072,
            Algorithm::RSA_4096,
        ];
        let curves = [Algorithm::P256, Algorithm::P384, Algorithm::P521];
        let id = key.id.to_be_bytes();
        let (command, before, octets) = match message {
            Message::Ed25519(message) if key.algorithm == Algorithm::ED25519 => {
                (Command::SignEddsa, Vec::new(), &message[..])
            }
            Message::Ecdsa(digest) if curves.contains(&key.algorithm) => {
                (Command::SignEcdsa, Vec::new(), &digest[..])
            }
            // The device knows by its length which digest it is, and makes the DigestInfo itself.
            Message::RsaPkcs1(info) if rsa.contains(&key.algorithm) => {
                let digest = info.get(DIGEST_INFO..).unwrap_or_default();
                (Command::SignPkcs1, Vec::new(), digest)
            }
            Message::RsaPss(digest) if rsa.contains(&key.algorithm) => {
                (Command::SignPss, before_pss(digest), digest.as_octets())
            }
            _ => return Err(Trouble::Type(key.algorithm)),
        };
        self.ask(command, &[&id[..], &before, octets].concat(), end)
    }

    /// Asks, and waits for the answer until `end`.
    pub(super) fn ask(
        &mut self,
        command: Command,
        body: &[u8],
        end: Instant,
    ) -> Result<Vec<u8>, Trouble> {
        let asked = self.exchange(command, body, end);
        // What the device says of a command leaves the session as it is. Otherwise it has ended, and its
        // number may be that of somebody else's; or nobody knows whether this command was counted.
        self.is_open = match &asked {
            Ok(_) => true,
            Err(trouble @ Trouble::Refused(_)) => !trouble.is_of_an_ended_session(),
            Err(_) => false,
        };
        asked
    }

    fn exchange(
        &mut self,
        command: Command,
        body: &[u8],
        end: Instant,
    ) -> Result<Vec<u8>, Trouble> {
        let plain = Zeroizing::new(Frame::command(command, body.to_vec()).encode());
        let sealed = self.channel.encrypt(&plain);
        let frame = command_of(&mut self.channel, Command::SessionMessage, &sealed);
        let answer = Frame::decode(&self.connector.send(&frame.encode(), end)?)?;
        let code = answer.code;
        let sealed = answer.answered(Command::SessionMessage)?;
        let (authentic, tag) = sealed.split_last_chunk::<8>().ok_or(Garbled)?;
        channel::verify(&self.channel.tag_of_answer(code, authentic), tag)?;
        let (number, encrypted) = authentic.split_first().ok_or(Garbled)?;
        if *number != self.channel.number() {
            return Err(Garbled.into());
        }
        let plain = self.channel.decrypt(encrypted)?;
        self.channel.advance();
        self.used = Instant::now();
        Ok(Frame::decode(&plain)?.answered(command)?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.is_open && self.is_fresh() {
            // Who cannot be told ends it after a while.
            let _ = self.exchange(Command::CloseSession, &[], Instant::now() + FAREWELL);
        }
    }
}

/// A command of a session, with its tag.
fn command_of(channel: &mut Channel, command: Command, rest: &[u8]) -> Frame {
    let mut body = [&[channel.number()][..], rest].concat();
    let tag = channel.tag_of_command(command.code(), &body);
    body.extend(tag);
    Frame::command(command, body)
}

/// What goes before the digest for RSA-PSS: the hash of the mask, and the length of the salt.
fn before_pss(digest: &Digest) -> Vec<u8> {
    let (Algorithm(mask), length) = match digest {
        Digest::Sha256(_) => (Algorithm::MASK_SHA256, 32),
        Digest::Sha512(_) => (Algorithm::MASK_SHA512, 64),
    };
    vec![mask, 0, length]
}

impl Trouble {
    /// Whether the device says that it has ended the session, before it looked at the command.
    pub(super) fn is_of_an_ended_session(&self) -> bool {
        let Self::Refused(why) = self else {
            return false;
        };
        matches!(*why, Refusal::INVALID_SESSION | Refusal::SESSION_FAILED)
    }

    /// Whether the session has to be begun anew.
    pub(super) fn ends_session(&self) -> bool {
        match self {
            Self::Refused(why) => {
                self.is_of_an_ended_session() || *why == Refusal::OBJECT_NOT_FOUND
            }
            Self::Type(_) | Self::Busy => false,
            _ => true,
        }
    }
}
