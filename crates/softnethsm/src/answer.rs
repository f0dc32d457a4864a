//! An answer of the API, and the refusals among them.

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use nethsm::body::{Body, Refusal as Message};

use crate::csr::CsrError;
use crate::error::{Error, SealError, StoreError};
use crate::keys::KeyError;
use crate::login::LoginError;

/// The media type of whatever has no other.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer, before the server puts it on the wire.
pub(crate) type Answer = Response<Vec<u8>>;

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Vec::new());
    *answer.status_mut() = status;
    answer
}

/// A refusal: a status, for most a message, for some more headers.
pub(crate) struct Refusal {
    status: StatusCode,
    message: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// A refusal without a body.
    pub(crate) fn silent(status: StatusCode) -> Self {
        Self {
            status,
            message: None,
            headers: Vec::new(),
        }
    }

    /// A refusal that says why. It never quotes what was sent in confidence.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: Some(message.into()),
            headers: Vec::new(),
        }
    }

    /// 400 with a reason.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 412, the answer in any state in which there is no such call.
    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "Service not available")
    }

    /// 403 without a reason.
    pub(crate) fn forbidden() -> Self {
        Self::silent(StatusCode::FORBIDDEN)
    }

    /// 404 without a reason.
    pub(crate) fn not_found() -> Self {
        Self::silent(StatusCode::NOT_FOUND)
    }

    /// 304: what was asked for is so already.
    pub(crate) fn unchanged() -> Self {
        Self::silent(StatusCode::NOT_MODIFIED)
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer for the wire.
    pub(crate) fn into_answer(self) -> Answer {
        let mut answer = empty(self.status);
        answer.headers_mut().extend(self.headers);
        if let Some(message) = self.message {
            answer.headers_mut().insert(CONTENT_TYPE, JSON);
            if let Ok(body) = (Message { message }).to_bytes() {
                answer.body_mut().extend_from_slice(&body);
            }
        }
        answer
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Closed) {
            return Self::unavailable();
        }
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            // The paths of this machine are nobody's business.
            Error::File { action, .. } => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("cannot {action} a file"),
            ),
            other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, other.to_string()),
        }
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        Self::bad(error.to_string())
    }
}

impl From<CsrError> for Refusal {
    fn from(error: CsrError) -> Self {
        Self::bad(error.to_string())
    }
}

impl From<LoginError> for Refusal {
    fn from(error: LoginError) -> Self {
        use hyper::header::WWW_AUTHENTICATE;
        let realm = |value| {
            let value = HeaderValue::from_static(value);
            Self::silent(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, value)
        };
        match error {
            LoginError::Missing => realm("Basic realm=\"NetHSM\""),
            LoginError::Wrong => realm("Basic realm=\"invalid authorization\""),
            LoginError::TooSoon => Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            LoginError::Store(error) => error.into(),
        }
    }
}
