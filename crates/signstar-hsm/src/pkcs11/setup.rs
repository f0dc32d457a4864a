//! What is done once with a token: it gets its PINs and its keys.

use std::time::{Duration, Instant};

use nethsm::passphrase::Passphrase;
use signstar::{config::Pkcs11, sign::PublicKey};

use super::{
    TokenError,
    helper::Helper,
    wire::{Answer, Garbled, Login, Name, Question},
};

/// The kind of a key that is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// RSA with the public exponent 65537.
    Rsa {
        /// The length of the modulus, in bits.
        bits: u16,
    },
}

impl KeyKind {
    pub(super) fn encode(self) -> [u8; 3] {
        let [high, low] = match self {
            Self::Rsa { bits } => bits.to_be_bytes(),
            _ => [0, 0],
        };
        let kind = match self {
            Self::Ed25519 => 1,
            Self::P256 => 2,
            Self::P384 => 3,
            Self::P521 => 4,
            Self::Rsa { .. } => 5,
        };
        [kind, high, low]
    }

    pub(super) fn decode(octets: &[u8]) -> Option<Self> {
        match octets {
            [1, 0, 0] => Some(Self::Ed25519),
            [2, 0, 0] => Some(Self::P256),
            [3, 0, 0] => Some(Self::P384),
            [4, 0, 0] => Some(Self::P521),
            [5, high, low] => Some(Self::Rsa {
                bits: u16::from_be_bytes([*high, *low]),
            }),
            _ => None,
        }
    }
}

/// A token that is being set up, from outside of the process that has its module.
#[derive(Debug)]
pub struct Setup<'a> {
    token: &'a Pkcs11,
    patience: Duration,
}

impl<'a> Setup<'a> {
    /// The token `token`, each step at most for `patience`: a card needs a minute for a long RSA key.
    pub fn new(token: &'a Pkcs11, patience: Duration) -> Self {
        Self { token, patience }
    }

    /// Finds the token, without logging in: fails unless a PIN of its user is there that may be tried.
    pub fn look(&self) -> Result<(), TokenError> {
        let (module, token) = (self.token.module(), self.token.token());
        match self.ask(&Question::Look(module.to_owned(), token.clone()))? {
            Answer::Done => Ok(()),
            _ => Err(Garbled.into()),
        }
    }

    /// Makes the token called `label` of the first that is not initialised yet, with the PINs of its
    /// security officer and of its user. A token of that label without a PIN of its user, as it is
    /// left if this breaks off, gets one.
    pub fn initialise(
        &self,
        label: &str,
        officer: Passphrase,
        pin: Passphrase,
    ) -> Result<(), TokenError> {
        let question = Question::Initialise {
            module: self.token.module().to_owned(),
            label: label.to_owned(),
            officer,
            pin,
        };
        match self.ask(&question)? {
            Answer::Done => Ok(()),
            _ => Err(Garbled.into()),
        }
    }

    /// Makes a key that never leaves the token, and returns its public half.
    ///
    /// Fails if a private key has this label and identifier already.
    pub fn generate(
        &self,
        pin: Passphrase,
        name: &Name,
        kind: KeyKind,
    ) -> Result<PublicKey, TokenError> {
        let login = self.login(pin);
        match self.ask(&Question::Generate(login, name.clone(), kind))? {
            Answer::Key(Some(key)) => Ok(key),
            _ => Err(Garbled.into()),
        }
    }

    /// The public half of the one key with this name.
    pub fn public_key(&self, pin: Passphrase, name: &Name) -> Result<PublicKey, TokenError> {
        match self.ask(&Question::Open(self.login(pin), name.clone()))? {
            Answer::Key(Some(key)) => Ok(key),
            Answer::Key(None) => Err(TokenError::NotShown),
            _ => Err(Garbled.into()),
        }
    }

    /// Keeps octets that everybody may read on the token, in place of those with the same label: at most
    /// [`MAX_KEPT`](super::wire::MAX_KEPT). Many tokens refuse it.
    pub fn keep(&self, pin: Passphrase, label: &str, octets: &[u8]) -> Result<(), TokenError> {
        let question = Question::Keep(self.login(pin), label.to_owned(), octets.to_vec());
        match self.ask(&question)? {
            Answer::Done => Ok(()),
            _ => Err(Garbled.into()),
        }
    }

    /// The octets that are kept on the token under this label.
    pub fn fetch(&self, pin: Passphrase, label: &str) -> Result<Option<Vec<u8>>, TokenError> {
        match self.ask(&Question::Fetch(self.login(pin), label.to_owned()))? {
            Answer::Kept(octets) => Ok(octets),
            _ => Err(Garbled.into()),
        }
    }

    fn login(&self, pin: Passphrase) -> Login {
        Login {
            module: self.token.module().to_owned(),
            token: self.token.token().clone(),
            pin,
        }
    }

    fn ask(&self, question: &Question) -> Result<Answer, TokenError> {
        let end = Instant::now() + self.patience;
        Helper::start(self.token.environment())?.ask(question, end)
    }
}
