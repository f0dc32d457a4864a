//! Why an enclave does not sign.

use std::{error::Error, fmt};

use crate::request::RequestId;

/// The reasons that a client is told. Their names never change (`spec/response.md`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// Not a request as the specification has it.
    MalformedRequest,
    /// More than 64 KiB.
    RequestTooLarge,
    /// A version other than 1.0.0 and 1.1.0.
    UnsupportedVersion,
    /// An input type that is not known, or not one for this output type.
    UnsupportedInput,
    /// An output type that is not known.
    UnsupportedOutput,
    /// A hash state that no file can have.
    InvalidState,
    /// The configuration does not know the client.
    UnknownClient,
    /// The client may not have what it asks for.
    NotPermitted,
    /// The file is longer than this client's may be, or its length is not known.
    FileTooLarge,
    /// The file is not called as this client's have to be.
    FileNameNotPermitted,
    /// The client may not have signatures yet, or no longer.
    OutsideValidity,
    /// The client asks too often.
    RateLimited,
    /// The salt is not one that was given out in this session and not yet used.
    UnknownSalt,
    /// The id is that of an earlier request, for something else.
    IdReused,
    /// The session took too long or asked for too much.
    SessionLimit,
    /// The HSM cannot be reached, is locked or does not answer in time.
    HsmUnavailable,
    /// The HSM answered, but not with a valid signature of the configured key.
    SignatureInvalid,
    /// The log cannot record signatures, so none leaves.
    LogUnavailable,
    /// The host is not set up as it should be.
    Misconfigured,
}

impl Code {
    /// Every code, in the order of the specification.
    pub const ALL: [Self; 19] = [
        Self::MalformedRequest,
        Self::RequestTooLarge,
        Self::UnsupportedVersion,
        Self::UnsupportedInput,
        Self::UnsupportedOutput,
        Self::InvalidState,
        Self::UnknownClient,
        Self::NotPermitted,
        Self::FileTooLarge,
        Self::FileNameNotPermitted,
        Self::OutsideValidity,
        Self::RateLimited,
        Self::UnknownSalt,
        Self::IdReused,
        Self::SessionLimit,
        Self::HsmUnavailable,
        Self::SignatureInvalid,
        Self::LogUnavailable,
        Self::Misconfigured,
    ];

    /// The code as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed-request",
            Self::RequestTooLarge => "request-too-large",
            Self::UnsupportedVersion => "unsupported-version",
            Self::UnsupportedInput => "unsupported-input",
            Self::UnsupportedOutput => "unsupported-output",
            Self::InvalidState => "invalid-state",
            Self::UnknownClient => "unknown-client",
            Self::NotPermitted => "not-permitted",
            Self::FileTooLarge => "file-too-large",
            Self::FileNameNotPermitted => "file-name-not-permitted",
            Self::OutsideValidity => "outside-validity",
            Self::RateLimited => "rate-limited",
            Self::UnknownSalt => "unknown-salt",
            Self::IdReused => "id-reused",
            Self::SessionLimit => "session-limit",
            Self::HsmUnavailable => "hsm-unavailable",
            Self::SignatureInvalid => "signature-invalid",
            Self::LogUnavailable => "log-unavailable",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// The code that is sent as `name`, if it is known here.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// One sentence for the person at the client.
    pub fn message(self) -> &'static str {
        match self {
            Self::MalformedRequest => "the request is not one as the specification has it",
            Self::RequestTooLarge => "the request is longer than 65536 octets",
            Self::UnsupportedVersion => "only requests of version 1.0.0 and 1.1.0 are answered",
            Self::UnsupportedInput => {
                "this input type is not known, or not one for this output type"
            }
            Self::UnsupportedOutput => {
                "this output type is not known, or not in this version of a request"
            }
            Self::InvalidState => "the SHA-512 state cannot be that of a file",
            Self::UnknownClient => "this client is not known here",
            Self::NotPermitted => "this client may not have this signature",
            Self::FileTooLarge => "the file is longer than this client's may be",
            Self::FileNameNotPermitted => "this client may not have files of this name signed",
            Self::OutsideValidity => "this client may not have signatures at this time",
            Self::RateLimited => "this client asks too often",
            Self::UnknownSalt => "the salt was not given out in this session, or is used",
            Self::IdReused => {
                "the id of this request is that of an earlier one, for another signature"
            }
            Self::SessionLimit => "the session reached a limit of this enclave",
            Self::HsmUnavailable => "the HSM of this enclave cannot sign at the moment",
            Self::SignatureInvalid => {
                "the HSM made a signature that does not verify; it is withheld"
            }
            Self::LogUnavailable => "the log of this enclave cannot record signatures now",
            Self::Misconfigured => "this enclave is not set up correctly",
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub fn retry(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::SessionLimit | Self::HsmUnavailable | Self::LogUnavailable
        )
    }

    /// The exit status of a program that ends because of this (`spec/response.md`).
    pub fn exit_status(self) -> u8 {
        match self {
            Self::HsmUnavailable | Self::LogUnavailable => 4,
            Self::SignatureInvalid => 5,
            _ => 3,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that was not answered with a signature.
///
/// The code is for the client. The cause is for the journal of the host and for nobody else.
#[derive(Debug)]
pub struct Refused {
    code: Code,
    id: Option<RequestId>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Refused {
    /// A refusal that needs no further explanation.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            id: None,
            cause: None,
        }
    }

    /// The same for the request that calls itself `id`.
    #[must_use]
    pub fn of(self, id: Option<&RequestId>) -> Self {
        Self {
            id: id.cloned(),
            ..self
        }
    }

    /// The same with its cause.
    #[must_use]
    pub fn because(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }

    /// What the client is told.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What the request calls itself, if it was understood that far.
    pub fn id(&self) -> Option<&RequestId> {
        self.id.as_ref()
    }

    /// What the journal is told: the cause and the causes behind it, in one line.
    pub fn cause(&self) -> Option<String> {
        let mut next: Option<&dyn Error> = match &self.cause {
            Some(cause) => Some(&**cause),
            None => None,
        };
        let mut parts: Vec<String> = Vec::new();
        while let Some(cause) = next {
            let part = cause.to_string();
            if parts.last().is_none_or(|last| !last.ends_with(&part)) {
                parts.push(part);
            }
            next = cause.source();
        }
        (!parts.is_empty()).then(|| parts.join(": "))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code.message(), self.code)
    }
}

impl Error for Refused {}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_has_its_own_name() {
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.as_str()), Some(code));
        }
    }
}
