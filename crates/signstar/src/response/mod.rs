//! What a client is told.
//!
//! A response is one line of JSON, described in `spec/response.md`: a signature, or a refusal
//! that says no more than the client can use.

mod wire;

pub use wire::InvalidResponse;

use crate::{
    log::Logged,
    refusal::Refused,
    request::{RequestId, Salt},
};

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
        wire::granted_to_json(&self.logged)
    }

    /// What was signed, for the journal.
    pub fn logged(&self) -> &Logged {
        &self.logged
    }
}

/// A refusal as one line of JSON, without a line feed. Its cause stays behind.
pub fn refusal_to_json(refused: &Refused) -> String {
    wire::refusal_to_json(refused.code(), refused.id())
}

/// That `ahead` requests of the same session are answered before the next one, as one line of JSON
/// without a line feed. Only for clients that asked for it.
pub fn progress_to_json(ahead: u64) -> String {
    wire::progress_to_json(ahead)
}

/// What a client reads: the other end of [`Response`] and [`Refused`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A signature. It says nothing until it is verified.
    Signature {
        /// ASCII armor for OpenPGP, a PEM-like block for SSH, base64 for raw signatures.
        text: String,
        /// What the request called itself.
        id: Option<RequestId>,
        /// The proof that it is in the log, a C2SP `tlog-proof`.
        log: Option<String>,
    },
    /// A salt, to hash before a file that is to have a signature of version 6.
    Salt {
        /// The salt.
        salt: Salt,
        /// What the request called itself.
        id: Option<RequestId>,
    },
    /// The enclave did not sign.
    Refusal {
        /// Why, from the list in `spec/response.md`. A later enclave may know more codes.
        code: String,
        /// The same for people. It comes from the other side: show it, but do not act on it.
        message: String,
        /// Whether the same request may succeed later.
        retry: bool,
        /// What the request called itself.
        id: Option<RequestId>,
    },
    /// Not an answer yet: the request that is answered next still waits.
    Progress {
        /// How many requests of this session are worked on before it.
        ahead: u64,
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
