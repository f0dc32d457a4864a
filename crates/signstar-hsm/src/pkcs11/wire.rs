//! What is said between a signing process and the process that has the module.
//!
//! ```text
//! frame    = length (4 octets, big-endian, at most 16 KiB) body
//! body     = kind (1 octet) field*
//! field    = length (2 octets, big-endian) octets
//! ```
//!
//! The one asks and the other answers, in turns. Both ends are of one build, so there are no versions.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::PathBuf,
};

use nethsm::passphrase::Passphrase;
use signstar::{
    config::Token,
    request::Digest,
    sign::{Message, PublicKey},
};
use zeroize::Zeroizing;

use super::{Failure, KeyKind};

/// The longest body, in octets (16 KiB).
const MAX_OCTETS: usize = 16 << 10;
/// The most octets that are kept on a token for others (8 KiB).
pub const MAX_KEPT: usize = 8 << 10;
/// The longest explanation of a failure, in characters.
const MAX_DETAIL: usize = 400;

/// What the process with the module is asked.
#[derive(Debug)]
pub enum Question {
    /// To log in, and to find a key: [`Answer::Key`].
    Open(Login, Name),
    /// To sign with the key that was found: [`Answer::Signature`].
    Sign(Message),
    /// To make a token of what is none yet: [`Answer::Done`].
    Initialise {
        /// The module.
        module: PathBuf,
        /// The label that the token gets.
        label: String,
        /// The PIN of its security officer.
        officer: Passphrase,
        /// The PIN of its user.
        pin: Passphrase,
    },
    /// To log in, and to make a key: [`Answer::Key`].
    Generate(Login, Name, KeyKind),
    /// To find a token, without logging in: [`Answer::Done`].
    Look(PathBuf, Token),
    /// To log in, and to keep octets that everybody may read under a label: [`Answer::Done`].
    Keep(Login, String, Vec<u8>),
    /// To log in, and to look for such octets: [`Answer::Kept`].
    Fetch(Login, String),
}

/// How a token is reached and logged in to.
#[derive(Debug)]
pub struct Login {
    /// The module.
    pub module: PathBuf,
    /// Which of its tokens.
    pub token: Token,
    /// The PIN of its user.
    pub pin: Passphrase,
}

/// How a key is called on a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name {
    /// Its label.
    pub label: String,
    /// Its identifier; empty for any.
    pub id: Vec<u8>,
}

/// What the process with the module answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It is done.
    Done,
    /// The key is there; the token shows its public half, or not.
    Key(Option<PublicKey>),
    /// A signature, of the form that [`Signer`](signstar::sign::Signer) promises.
    Signature(Vec<u8>),
    /// What is kept under a label, if anything is.
    Kept(Option<Vec<u8>>),
    /// It cannot be done. Whoever says this ends.
    Failed(Failure, String),
}

/// Octets that are no such body.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the process with the PKCS#11 module does not speak as this program does")]
pub struct Garbled;

impl Question {
    /// The body for it.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut body = Body::new();
        match self {
            Self::Open(login, name) => body.kind(1).login(login).name(name),
            Self::Sign(message) => match message {
                Message::RsaPkcs1(info) => body.kind(2).field(info),
                Message::RsaPss(digest) => body.kind(3).field(digest.as_octets()),
                Message::Ecdsa(digest) => body.kind(4).field(digest),
                Message::Ed25519(message) => body.kind(5).field(message),
            },
            Self::Initialise {
                module,
                label,
                officer,
                pin,
            } => (body.kind(6).field(module.as_os_str().as_bytes()))
                .field(label.as_bytes())
                .field(officer.expose().as_bytes())
                .field(pin.expose().as_bytes()),
            Self::Generate(login, name, kind) => {
                body.kind(7).login(login).name(name).field(&kind.encode())
            }
            Self::Look(module, token) => (body.kind(8))
                .field(module.as_os_str().as_bytes())
                .token(token),
            Self::Keep(login, label, octets) => {
                (body.kind(9).login(login).field(label.as_bytes())).field(octets)
            }
            Self::Fetch(login, label) => body.kind(10).login(login).field(label.as_bytes()),
        };
        body.0
    }

    /// Reads a body; fails on anything that [`Self::encode`] does not make.
    pub fn decode(body: &[u8]) -> Result<Self, Garbled> {
        let mut fields = Fields(body);
        let question = match fields.kind()? {
            1 => Self::Open(fields.login()?, fields.name()?),
            2 => Self::Sign(Message::RsaPkcs1(fields.octets()?)),
            3 => Self::Sign(Message::RsaPss(fields.digest()?)),
            4 => Self::Sign(Message::Ecdsa(fields.octets()?)),
            5 => Self::Sign(Message::Ed25519(fields.octets()?)),
            6 => Self::Initialise {
                module: fields.path()?,
                label: fields.text()?,
                officer: fields.passphrase()?,
                pin: fields.passphrase()?,
            },
            7 => {
                let (login, name) = (fields.login()?, fields.name()?);
                Self::Generate(
                    login,
                    name,
                    KeyKind::decode(fields.field()?).ok_or(Garbled)?,
                )
            }
            8 => Self::Look(fields.path()?, fields.token()?),
            9 => Self::Keep(fields.login()?, fields.text()?, fields.octets()?),
            10 => Self::Fetch(fields.login()?, fields.text()?),
            _ => return Err(Garbled),
        };
        fields.end()?;
        Ok(question)
    }
}

impl Answer {
    /// The body for it.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut body = Body::new();
        match self {
            Self::Done => body.kind(1),
            Self::Key(None) => body.kind(2),
            Self::Key(Some(key)) => match key {
                PublicKey::Rsa { modulus, exponent } => body.kind(3).field(modulus).field(exponent),
                PublicKey::P256(point) => body.kind(4).field(point),
                PublicKey::P384(point) => body.kind(5).field(point),
                PublicKey::P521(point) => body.kind(6).field(point),
                PublicKey::Ed25519(key) => body.kind(7).field(key),
            },
            Self::Signature(signature) => body.kind(8).field(signature),
            Self::Failed(failure, detail) => {
                let detail: String = detail.chars().take(MAX_DETAIL).collect();
                body.kind(9)
                    .field(&[failure.code()])
                    .field(detail.as_bytes())
            }
            Self::Kept(None) => body.kind(10),
            Self::Kept(Some(octets)) => body.kind(11).field(octets),
        };
        body.0
    }

    /// Reads a body; fails on anything that [`Self::encode`] does not make.
    pub fn decode(body: &[u8]) -> Result<Self, Garbled> {
        let mut fields = Fields(body);
        let answer = match fields.kind()? {
            1 => Self::Done,
            2 => Self::Key(None),
            3 => Self::Key(Some(PublicKey::Rsa {
                modulus: fields.octets()?,
                exponent: fields.octets()?,
            })),
            4 => Self::Key(Some(PublicKey::P256(fields.octets()?))),
            5 => Self::Key(Some(PublicKey::P384(fields.octets()?))),
            6 => Self::Key(Some(PublicKey::P521(fields.octets()?))),
            7 => Self::Key(Some(PublicKey::Ed25519(fields.octets()?))),
            8 => Self::Signature(fields.octets()?),
            9 => {
                let failure = match fields.field()? {
                    [code] => Failure::of_code(*code).ok_or(Garbled)?,
                    _ => return Err(Garbled),
                };
                Self::Failed(failure, fields.text()?)
            }
            10 => Self::Kept(None),
            11 => Self::Kept(Some(fields.octets()?)),
            _ => return Err(Garbled),
        };
        fields.end()?;
        Ok(answer)
    }
}

/// Reads the body of the next frame; none at the end of the stream.
///
/// Fails on a body of more than 16 KiB, without reading it.
pub fn receive(stream: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut length = [0; 4];
    let mut begun = 0;
    while let Some(rest @ [_, ..]) = length.get_mut(begun..) {
        match stream.read(rest) {
            Ok(0) if begun == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => begun += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_OCTETS {
        return Err(io::Error::new(io::ErrorKind::InvalidData, Garbled));
    }
    let mut body = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut body)?;
    Ok(Some(body))
}

/// Writes a frame with `body`.
pub fn send(stream: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let length = (u32::try_from(body.len()).ok())
        .filter(|_| body.len() <= MAX_OCTETS)
        .ok_or(io::ErrorKind::InvalidInput)?;
    // One piece: a frame in two is two messages and two wake-ups.
    let mut frame = Zeroizing::new(Vec::with_capacity(body.len() + 4));
    frame.extend(length.to_be_bytes());
    frame.extend(body);
    stream.write_all(&frame)
}

/// A body that is being written, in room that is taken at once: one that grows leaves copies of
/// secrets behind.
struct Body(Zeroizing<Vec<u8>>);

impl Body {
    fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(MAX_OCTETS)))
    }

    fn kind(&mut self, kind: u8) -> &mut Self {
        self.0.push(kind);
        self
    }

    /// What is too long for a field is cut there, and then is not what was meant: nothing that is
    /// sent is longer than [`MAX_KEPT`].
    fn field(&mut self, octets: &[u8]) -> &mut Self {
        let most = MAX_OCTETS.saturating_sub(self.0.len() + 2);
        let octets = octets.get(..most).unwrap_or(octets);
        let length = u16::try_from(octets.len()).unwrap_or_default();
        self.0.extend(length.to_be_bytes());
        self.0.extend(octets);
        self
    }

    fn login(&mut self, Login { module, token, pin }: &Login) -> &mut Self {
        (self.field(module.as_os_str().as_bytes()).token(token)).field(pin.expose().as_bytes())
    }

    fn token(&mut self, token: &Token) -> &mut Self {
        let (by, name) = match token {
            Token::Label(label) => (b"l", label),
            Token::Serial(serial) => (b"s", serial),
        };
        self.field(by).field(name.as_bytes())
    }

    fn name(&mut self, Name { label, id }: &Name) -> &mut Self {
        self.field(label.as_bytes()).field(id)
    }
}

/// What is left of a body that is being read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn kind(&mut self) -> Result<u8, Garbled> {
        let (kind, rest) = self.0.split_first().ok_or(Garbled)?;
        self.0 = rest;
        Ok(*kind)
    }

    fn field(&mut self) -> Result<&'a [u8], Garbled> {
        let (length, rest) = self.0.split_first_chunk().ok_or(Garbled)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (field, rest) = rest.split_at_checked(length).ok_or(Garbled)?;
        self.0 = rest;
        Ok(field)
    }

    fn octets(&mut self) -> Result<Vec<u8>, Garbled> {
        self.field().map(<[u8]>::to_vec)
    }

    fn text(&mut self) -> Result<String, Garbled> {
        String::from_utf8(self.octets()?).map_err(|_| Garbled)
    }

    fn path(&mut self) -> Result<PathBuf, Garbled> {
        Ok(OsString::from_vec(self.octets()?).into())
    }

    fn passphrase(&mut self) -> Result<Passphrase, Garbled> {
        let text = std::str::from_utf8(self.field()?).map_err(|_| Garbled)?;
        Ok(Passphrase::new(text.to_owned()))
    }

    fn digest(&mut self) -> Result<Digest, Garbled> {
        let octets = self.field()?;
        match (octets.try_into(), octets.try_into()) {
            (Ok(digest), _) => Ok(Digest::Sha256(digest)),
            (_, Ok(digest)) => Ok(Digest::Sha512(digest)),
            _ => Err(Garbled),
        }
    }

    fn login(&mut self) -> Result<Login, Garbled> {
        Ok(Login {
            module: self.path()?,
            token: self.token()?,
            pin: self.passphrase()?,
        })
    }

    fn token(&mut self) -> Result<Token, Garbled> {
        match self.field()? {
            b"l" => Ok(Token::Label(self.text()?)),
            b"s" => Ok(Token::Serial(self.text()?)),
            _ => Err(Garbled),
        }
    }

    fn name(&mut self) -> Result<Name, Garbled> {
        Ok(Name {
            label: self.text()?,
            id: self.octets()?,
        })
    }

    fn end(self) -> Result<(), Garbled> {
        self.0.is_empty().then_some(()).ok_or(Garbled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions() -> Vec<Question> {
        let login = || Login {
            module: "/m.so".into(),
            token: Token::Label("token".to_owned()),
            pin: Passphrase::new("1234".to_owned()),
        };
        let name = Name {
            label: "key".to_owned(),
            id: vec![1],
        };
        vec![
            Question::Open(login(), name.clone()),
            Question::Sign(Message::RsaPkcs1(vec![1, 2])),
            Question::Sign(Message::RsaPss(Digest::Sha256([3; 32]))),
            Question::Sign(Message::RsaPss(Digest::Sha512([3; 64]))),
            Question::Sign(Message::Ecdsa(vec![4; 48])),
            Question::Sign(Message::Ed25519(Vec::new())),
            Question::Initialise {
                module: "/m.so".into(),
                label: "token".to_owned(),
                officer: Passphrase::new("5678".to_owned()),
                pin: Passphrase::new("1234".to_owned()),
            },
            Question::Generate(login(), name, KeyKind::Rsa { bits: 4096 }),
            Question::Look("/m.so".into(), Token::Serial("01".to_owned())),
            Question::Keep(login(), "key.pgp".to_owned(), vec![5; 300]),
            Question::Fetch(login(), "key.pgp".to_owned()),
        ]
    }

    #[test]
    fn what_is_asked_arrives_as_it_was_meant_and_nothing_else_does() {
        for question in questions() {
            let body = question.encode();
            let arrived = Question::decode(&body).expect("understood");
            assert_eq!(*arrived.encode(), *body);
            for cut in 0..body.len() {
                Question::decode(&body[..cut]).expect_err("cut off");
            }
            let more = [&body[..], &[0]].concat();
            Question::decode(&more).expect_err("trailing");
        }
        Question::decode(&[0]).expect_err("no kind");
    }

    #[test]
    fn a_pin_is_not_shown() {
        for question in questions() {
            let shown = format!("{question:?}");
            assert!(
                !shown.contains("1234") && !shown.contains("5678"),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_is_answered_arrives_as_it_was_meant_and_nothing_else_does() {
        let rsa = PublicKey::Rsa {
            modulus: vec![0x80; 256],
            exponent: vec![1, 0, 1],
        };
        for answer in [
            Answer::Done,
            Answer::Key(None),
            Answer::Key(Some(rsa)),
            Answer::Key(Some(PublicKey::P256(vec![4; 65]))),
            Answer::Key(Some(PublicKey::P384(vec![4; 97]))),
            Answer::Key(Some(PublicKey::P521(vec![4; 133]))),
            Answer::Key(Some(PublicKey::Ed25519(vec![9; 32]))),
            Answer::Signature(vec![1; 512]),
            Answer::Failed(Failure::WrongPin, "C_Login".to_owned()),
            Answer::Kept(None),
            Answer::Kept(Some(vec![6; 300])),
        ] {
            let body = answer.encode();
            assert_eq!(Answer::decode(&body), Ok(answer));
            for cut in 0..body.len() {
                assert_eq!(Answer::decode(&body[..cut]), Err(Garbled));
            }
            assert_eq!(Answer::decode(&[&body[..], &[0]].concat()), Err(Garbled));
        }
        assert_eq!(Answer::decode(&[9, 0, 1, 0xff, 0, 0]), Err(Garbled));
    }

    #[test]
    fn a_frame_is_bounded_before_it_is_read() {
        let mut stream = Vec::new();
        send(&mut stream, b"body").expect("written");
        let mut input = &stream[..];
        assert_eq!(
            receive(&mut input).expect("read").expect("one")[..],
            *b"body"
        );
        assert_eq!(receive(&mut input).expect("the end"), None);
        for bad in [
            &[0, 0, 0x40, 1, 0][..],
            &[0xff; 8],
            &[0, 0],
            &[0, 0, 0, 2, 1],
        ] {
            let mut input = bad;
            receive(&mut input).expect_err("no frame");
        }
        send(&mut Vec::new(), &[0; MAX_OCTETS + 1]).expect_err("too long");
        let long = Answer::Failed(Failure::Lost, "ß".repeat(MAX_OCTETS));
        assert!(long.encode().len() < 3 * MAX_DETAIL);
    }
}
