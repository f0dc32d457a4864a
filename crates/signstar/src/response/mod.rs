//! What a client is told.
//!
//! A response is one line of JSON, described in `spec/response.md`: a signature, or a refusal
//! that says no more than the client can use.

mod wire;

pub use wire::InvalidResponse;

use crate::{log::Logged, refusal::Refused};

/// The longest response that is read, in octets (64 KiB). An RSA 4096 signature in armor has
/// about 1,100.
pub const MAX_OCTETS: usize = 64 * 1024;

/// A signature on its way out: it verified, and the log has taken it.
///
/// Only [`Response::release`] makes one, and only from [`Logged`].
///
/// ```compile_fail,E0308
/// # fn skip(signed: signstar::sign::Signed) -> signstar::response::Response {
/// signstar::response::Response::release(signed)
/// # }
/// ```
#[derive(Debug)]
pub struct Response {
    logged: Logged,
}

impl Response {
    /// Lets a signature go.
    pub fn release(logged: Logged) -> Self {
        Self { logged }
    }

    /// The response as one line of JSON, without a line feed.
    pub fn to_json(&self) -> String {
        let signed = self.logged.signed();
        wire::signature_to_json(signed.armored(), signed.grant().request().output())
    }

    /// What was signed, for the journal.
    pub fn logged(&self) -> &Logged {
        &self.logged
    }
}

/// A refusal as one line of JSON, without a line feed. Its cause stays behind.
pub fn refusal_to_json(refused: &Refused) -> String {
    wire::refusal_to_json(refused.code())
}

/// What a client reads: the other end of [`Response`] and [`Refused`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A signature in ASCII armor. It says nothing until it is verified.
    Signature(String),
    /// The enclave did not sign.
    Refusal {
        /// Why, from the list in `spec/response.md`. A later enclave may know more codes.
        code: String,
        /// The same for people. It comes from the other side: show it, but do not act on it.
        message: String,
        /// Whether the same request may succeed later.
        retry: bool,
    },
}

impl Answer {
    /// Reads one response.
    ///
    /// Fails on anything but one JSON object as `spec/response.md` has it.
    pub fn parse(octets: &[u8]) -> Result<Self, InvalidResponse> {
        wire::parse(octets)
    }
}
