//! Why a YubiHSM2 does not sign.

use signstar::sign::SignerError;

use super::{
    channel::NotAuthentic,
    command::{Algorithm, Garbled, NoAnswer, Refusal},
};

/// Why there is no answer of a device.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the connector cannot be reached")]
    Unreachable(#[source] Box<ureq::Error>),
    #[error("the connector does not answer in time")]
    Late,
    #[error("the connector answers with the status {0}: is the device plugged in?")]
    Status(u16),
    #[error("no YubiHSM2 with the serial number {0} is plugged into this host")]
    Unplugged(String),
    #[error("this user may not use the device on USB")]
    NotPermitted,
    #[error("the device does not answer on USB")]
    Usb(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("others use the device for too long")]
    Busy,
    #[error("the device refuses: {0}")]
    Refused(Refusal),
    #[error(transparent)]
    Garbled(#[from] Garbled),
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    #[error("the passphrase is not that of the authentication key, or that is no YubiHSM2")]
    WrongPassphrase,
    #[error("the passphrase was wrong a moment ago, and is the same")]
    KnownWrongPassphrase,
    #[error("cannot use the file with the passphrase")]
    Credential(#[from] crate::BadCredential),
    #[error("the system has no randomness")]
    Randomness(#[from] getrandom::Error),
    #[error("the connector has the device {0}, which is not the configured one")]
    Serial(String),
    #[error("the device has no asymmetric key with this label that the operator may see")]
    NoKey,
    #[error("several asymmetric keys of the device have this label")]
    SeveralKeys,
    #[error("the key in the device is not that of the certificate")]
    OtherKey,
    #[error("the key has the algorithm {}, which does not sign this", .0.0)]
    Type(Algorithm),
    #[error("the device is not in use: it made a signature that does not verify")]
    NotTrusted,
}

/// What is wrong with the settings of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("`operator` is the number of an authentication key, 1 to 65535")]
    Operator,
    #[error("a label has 1 to 40 octets")]
    Label,
}

impl From<NoAnswer> for Trouble {
    fn from(answer: NoAnswer) -> Self {
        match answer {
            NoAnswer::Refused(why) => Self::Refused(why),
            NoAnswer::Garbled(garbled) => Self::Garbled(garbled),
        }
    }
}

impl Trouble {
    /// What it means for the path of a signature.
    pub(super) fn kind(self) -> SignerError {
        match &self {
            Self::Unreachable(_) | Self::Late | Self::Status(_) | Self::Busy
            | Self::Unplugged(_) | Self::Usb(_)
            // Who cannot prove to be the device is as good as absent.
            | Self::NotAuthentic(_)
            | Self::Refused(
                Refusal::INVALID_SESSION
                | Refusal::SESSIONS_FULL
                | Refusal::SESSION_FAILED
                | Refusal::LOG_FULL,
            ) => SignerError::Unavailable(Box::new(self)),
            Self::Garbled(_) | Self::NotTrusted => SignerError::Nonsense(Box::new(self)),
            _ => SignerError::Denied(Box::new(self)),
        }
    }
}
