//! Why a token does not do as it is told.

use std::io;

use signstar::sign::SignerError;

/// Why a token does not do as it is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The module is not there, or is none, or cannot begin.
    #[error("the PKCS#11 module cannot be used")]
    Module,
    /// No token has the label or serial number.
    #[error("the token is not there")]
    NoToken,
    /// More than one has it.
    #[error("several tokens have this label or serial number")]
    SeveralTokens,
    /// The PIN is wrong.
    #[error("the token does not take the PIN")]
    WrongPin,
    /// The token takes no PIN any more.
    #[error("the PIN is locked: its security officer has to set another one")]
    LockedPin,
    /// One more wrong PIN would lock the token, so none is tried.
    #[error(
        "one more wrong PIN would lock the token, so this one was not tried: log in by hand once"
    )]
    LastTry,
    /// No private key has the name.
    #[error("the token has no such private key")]
    NoKey,
    /// More than one has it.
    #[error("several private keys have this label: `object-id` has to say which")]
    SeveralKeys,
    /// The token does not do this, or not with this key.
    #[error("the token refuses")]
    Refused,
    /// Session, login or token are gone, or the token has no room or time now.
    #[error("the token cannot do it now")]
    Lost,
    /// The token has no PIN of its user yet.
    #[error("the token has no PIN of its user yet")]
    NoPin,
    /// There is no token left to make.
    #[error("there is no slot with a token that is not initialised yet")]
    NoSlot,
}

impl Failure {
    const ALL: [Self; 12] = [
        Self::Module,
        Self::NoToken,
        Self::SeveralTokens,
        Self::WrongPin,
        Self::LockedPin,
        Self::LastTry,
        Self::NoKey,
        Self::SeveralKeys,
        Self::Refused,
        Self::Lost,
        Self::NoSlot,
        Self::NoPin,
    ];

    pub(super) fn code(self) -> u8 {
        let place = Self::ALL.iter().position(|one| *one == self);
        place
            .and_then(|place| u8::try_from(place).ok())
            .unwrap_or(u8::MAX)
    }

    pub(super) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// Why there is no answer of a token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It says so.
    #[error("{failure} ({detail})")]
    Failed {
        /// What it means.
        failure: Failure,
        /// The function and the return value of PKCS#11. Nothing secret.
        detail: String,
    },
    /// The PIN was refused before, and is the same.
    #[error(
        "the token has called the PIN wrong before; nothing is tried until its file is another one"
    )]
    KnownWrongPin,
    /// It cannot be made sure that a wrong PIN is tried only once.
    #[error("cannot keep a note of wrong PINs, so none is tried")]
    NoNote(#[source] io::Error),
    /// The file with the PIN cannot be used.
    #[error("cannot use the file with the PIN")]
    Credential(#[from] crate::BadCredential),
    /// The token has another key under this name.
    #[error("the key on the token is not that of the certificate")]
    OtherKey,
    /// The token does not show the public half, or it is of no kind that signs here.
    #[error("the token shows no public key of a kind that signs here")]
    NotShown,
    /// The process with the module did not answer in time, and was killed.
    #[error("the PKCS#11 module does not answer in time")]
    Timeout,
    /// All sessions are in use for too long.
    #[error("all sessions of the token are in use")]
    Busy,
    /// The process with the module has ended.
    #[error("the PKCS#11 module has crashed")]
    Crashed,
    /// The process with the module cannot be started or reached.
    #[error("cannot run `signstar-pkcs11`")]
    Process(#[source] io::Error),
    /// Something else was answered than was asked.
    #[error(transparent)]
    Garbled(#[from] super::wire::Garbled),
}

impl TokenError {
    /// What it means for the path of a signature.
    pub(super) fn kind(self) -> SignerError {
        match &self {
            Self::Failed {
                failure: Failure::NoToken | Failure::Lost,
                ..
            }
            | Self::Timeout
            | Self::Busy
            | Self::Crashed
            | Self::Process(_) => SignerError::Unavailable(Box::new(self)),
            Self::Garbled(_) => SignerError::Nonsense(Box::new(self)),
            _ => SignerError::Denied(Box::new(self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_code() {
        for failure in Failure::ALL {
            assert_eq!(Failure::of_code(failure.code()), Some(failure));
        }
        assert_eq!(Failure::of_code(u8::MAX), None);
    }
}
