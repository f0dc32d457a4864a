//! What a return value of PKCS#11 means.

use cryptoki::error::{Error, RvError};
use signstar_hsm::pkcs11::Failure;

/// Why something could not be done, with the function and the return value.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Failure, pub(crate) String);

impl Failed {
    pub(crate) fn out_of_turn() -> Self {
        Self(Failure::Refused, "no key was opened".to_owned())
    }

    /// The module did not begin: it is none, or has no device at the moment.
    pub(crate) fn to_begin(error: Error) -> Self {
        match Self::from(error) {
            lost @ Self(Failure::Lost, _) => lost,
            Self(_, detail) => Self(Failure::Module, detail),
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let failure = match &error {
            Error::Pkcs11(value, _) => meaning(value),
            Error::LibraryLoading(_) | Error::MissingSymbol(_) => Failure::Module,
            _ => Failure::Refused,
        };
        let detail = match &error {
            // Its text explains PKCS#11 at length.
            Error::Pkcs11(value, function) => format!("C_{function:?}: {value:?}"),
            error => error.to_string(),
        };
        Self(failure, detail)
    }
}

fn meaning(value: &RvError) -> Failure {
    match value {
        // What is no PIN of this token counts as a wrong one: trying again cannot help.
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => Failure::WrongPin,
        RvError::PinLocked => Failure::LockedPin,
        RvError::DeviceError
        | RvError::DeviceMemory
        | RvError::DeviceRemoved
        | RvError::FunctionCanceled
        | RvError::FunctionFailed
        | RvError::GeneralError
        | RvError::HostMemory
        | RvError::KeyHandleInvalid
        | RvError::ObjectHandleInvalid
        | RvError::OperationNotInitialized
        | RvError::SessionClosed
        | RvError::SessionCount
        | RvError::SessionHandleInvalid
        | RvError::SlotIdInvalid
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::UserNotLoggedIn => Failure::Lost,
        _ => Failure::Refused,
    }
}
