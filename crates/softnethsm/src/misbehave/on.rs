//! Misbehaviour on request, for tests: wrong, slow or broken answers to sign requests, and a
//! connection that breaks at a certain call.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use hyper::StatusCode;
use nethsm::body::Body;
use nethsm::key::Signature;

use crate::answer::{Answer, empty};

/// What to do to the answers of sign requests; nothing by default. Other calls are not touched.
#[derive(Args, Clone, Debug, Default)]
pub struct Misbehaviour {
    /// latency:MILLISECONDS, wrong-signature, garbage, endless, drop or error
    #[arg(long = "misbehave", value_name = "KIND", hide = true)]
    pub kind: Option<Kind>,
    /// When the connection breaks.
    #[arg(skip)]
    pub cut: Cut,
}

/// When the connection breaks, for all calls from that one on until it is mended. All clones are
/// one.
#[derive(Clone, Debug, Default)]
pub struct Cut(Arc<Mutex<Calls>>);

#[derive(Debug, Default)]
struct Calls {
    seen: u32,
    at: Option<(u32, Lost)>,
}

/// What gets lost first when a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The question: the call is not performed.
    Question,
    /// The answer: the call is performed.
    Answer,
}

impl Cut {
    /// Breaks the connection at the call with this number, counted from now and from 1.
    pub fn at(&self, call: u32, lost: Lost) {
        *self.calls() = Calls {
            seen: 0,
            at: Some((call, lost)),
        };
    }

    /// Answers all calls again, and tells whether it had come to the break.
    pub fn mend(&self) -> bool {
        let calls = std::mem::take(&mut *self.calls());
        calls.at.is_some_and(|(at, _)| calls.seen >= at)
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Answers late.
    Latency(Duration),
    /// Flips one bit of the signature.
    WrongSignature,
    /// Answers 200 with octets that are no JSON.
    Garbage,
    /// Answers 200 with 8 MiB that could still become JSON.
    Endless,
    /// Closes the connection without an answer.
    Drop,
    /// Answers 503.
    Error,
}

/// The text names no misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected latency:MILLISECONDS, wrong-signature, garbage, endless, drop or error")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Ok(match text {
            "wrong-signature" => Self::WrongSignature,
            "garbage" => Self::Garbage,
            "endless" => Self::Endless,
            "drop" => Self::Drop,
            "error" => Self::Error,
            _ => {
                let latency = text
                    .strip_prefix("latency:")
                    .and_then(|text| text.parse().ok());
                Self::Latency(latency.map(Duration::from_millis).ok_or(UnknownKind)?)
            }
        })
    }
}

impl Misbehaviour {
    /// Whether the next call is performed.
    pub(crate) fn comes(&self) -> bool {
        let mut calls = self.cut.calls();
        calls.seen = calls.seen.saturating_add(1);
        match calls.at {
            Some((at, Lost::Question)) => calls.seen < at,
            Some((at, Lost::Answer)) => calls.seen <= at,
            None => true,
        }
    }

    /// Whether the last call is answered.
    pub(crate) fn goes(&self) -> bool {
        let calls = self.cut.calls();
        !matches!(calls.at, Some((at, Lost::Answer)) if calls.seen >= at)
    }

    /// The answer to a sign request, misbehaved; nothing means that the connection is closed.
    pub(crate) async fn apply(self, answer: Answer) -> Option<Answer> {
        match self.kind {
            None => Some(answer),
            Some(Kind::Latency(latency)) => {
                tokio::time::sleep(latency).await;
                Some(answer)
            }
            Some(Kind::WrongSignature) => Some(with_flipped_bit(answer)),
            Some(Kind::Garbage) => {
                let mut garbage = empty(StatusCode::OK);
                garbage.body_mut().extend_from_slice(b"\xff\x00<garbage>");
                Some(garbage)
            }
            Some(Kind::Endless) => {
                let mut endless = empty(StatusCode::OK);
                endless.body_mut().extend_from_slice(b"{\"signature\":\"");
                endless.body_mut().resize(8 << 20, b'A');
                Some(endless)
            }
            Some(Kind::Drop) => None,
            Some(Kind::Error) => Some(empty(StatusCode::SERVICE_UNAVAILABLE)),
        }
    }
}

fn with_flipped_bit(mut answer: Answer) -> Answer {
    if let Ok(mut signature) = Signature::from_bytes(answer.body()) {
        if let Some(last) = signature.signature.0.last_mut() {
            *last ^= 1;
        }
        if let Ok(body) = signature.to_bytes() {
            *answer.body_mut() = body.to_vec();
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_from_text() {
        assert_eq!("drop".parse(), Ok(Kind::Drop));
        assert_eq!(
            "latency:20".parse(),
            Ok(Kind::Latency(Duration::from_millis(20)))
        );
        assert_eq!("latency".parse::<Kind>(), Err(UnknownKind));
    }
}
