//! The end of a session in the device.

use std::time::Instant;

use signstar_hsm::yubihsm2::{
    channel::{self, AuthenticationKey, Challenge, Channel, End, NotAuthentic},
    command::{Command, Frame},
};

use crate::Object;

/// A session, from the moment at which it has a number.
pub(crate) struct Session {
    channel: Channel,
    pub(crate) operator: Object,
    is_authentic: bool,
    pub(crate) used: Instant,
}

impl Session {
    /// Nothing if the operator has no key.
    pub(crate) fn new(
        number: u8,
        operator: Object,
        host: Challenge,
        own: Challenge,
    ) -> Option<Self> {
        let octets = operator.secret().try_into().ok()?;
        let key = AuthenticationKey::of_octets(&octets);
        Some(Self {
            channel: Channel::new(number, &key, host, own),
            operator,
            is_authentic: false,
            used: Instant::now(),
        })
    }

    /// What proves that this is the device.
    pub(crate) fn cryptogram(&self) -> channel::Tag {
        self.channel.cryptogram(End::Device)
    }

    /// Takes the proof of who asks: the body of the command.
    pub(crate) fn authenticate(&mut self, body: &[u8]) -> Result<(), NotAuthentic> {
        let proof = self.authentic(Command::AuthenticateSession, body)?;
        channel::verify(&self.channel.cryptogram(End::Host), proof)?;
        if self.is_authentic {
            return Err(NotAuthentic);
        }
        self.is_authentic = true;
        self.channel.begin();
        Ok(())
    }

    /// Opens a command: the body of the message that carries it.
    pub(crate) fn open(&mut self, body: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        if !self.is_authentic {
            return Err(NotAuthentic);
        }
        let encrypted = self.authentic(Command::SessionMessage, body)?;
        Ok(self.channel.decrypt(encrypted)?.to_vec())
    }

    /// Seals the answer to the command that was opened last.
    pub(crate) fn seal(&mut self, answer: &Frame) -> Frame {
        let sealed = self.channel.encrypt(&answer.encode());
        let body = [&[self.channel.number()][..], &sealed].concat();
        let mut frame = Frame::answer(Command::SessionMessage, body);
        let tag = self.channel.tag_of_answer(frame.code, &frame.body);
        frame.body.extend(tag);
        self.channel.advance();
        frame
    }

    /// What stands between the number of the session and the tag, if the tag is right.
    fn authentic<'a>(
        &mut self,
        command: Command,
        body: &'a [u8],
    ) -> Result<&'a [u8], NotAuthentic> {
        let (body, tag) = body.split_last_chunk::<8>().ok_or(NotAuthentic)?;
        channel::verify(&self.channel.tag_of_command(command.code(), body), tag)?;
        self.used = Instant::now();
        Ok(body.get(1..).unwrap_or_default())
    }
}
