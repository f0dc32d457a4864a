//! What a client asks for.
//!
//! A request is one JSON object of at most [`MAX_OCTETS`], described in `spec/request.md`. It
//! carries the state of the client's SHA-512 over the file, never the file itself.

mod name;
mod state;
mod stream;
mod wire;

pub use name::AllegedName;
pub use state::{InvalidState, STATE_OCTETS, Sha512State};
pub use stream::{Octets, Stream, StreamError};

use crate::refusal::{Code, Refused};

/// The longest request that is read, in octets (64 KiB).
pub const MAX_OCTETS: usize = 64 * 1024;

/// A request that obeys the specification in every detail.
///
/// Whoever holds one need not check it again.
#[derive(Clone, Debug)]
pub struct Request {
    input: Sha512State,
    output: OutputType,
    alleged_name: Option<AllegedName>,
}

/// The kinds of signature that can be asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, serde::Deserialize)]
pub enum OutputType {
    /// A detached OpenPGP version 4 signature (RFC 9580 §5.2.3), in ASCII armor.
    #[serde(rename = "OpenPGPv4")]
    OpenPgpV4,
    /// The same over a text (type 0x01), as cleartext signatures have it (RFC 9580 §7). The
    /// client hashes the text with CR and LF at the ends of its lines.
    #[serde(rename = "OpenPGPv4-text")]
    OpenPgpV4Text,
}

impl OutputType {
    /// The name of this type in requests and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenPgpV4 => "OpenPGPv4",
            Self::OpenPgpV4Text => "OpenPGPv4-text",
        }
    }
}

impl Request {
    /// A request for a signature of the type `output` over the octets that went into `input`.
    pub fn new(input: Sha512State, output: OutputType, alleged_name: Option<AllegedName>) -> Self {
        Self {
            input,
            output,
            alleged_name,
        }
    }

    /// Reads one request of version 1.0.0.
    ///
    /// Refuses anything but exactly one JSON object with exactly the members of the
    /// specification: unknown or repeated members, trailing octets, other versions and types, and
    /// hash states that no file can have.
    pub fn parse(octets: &[u8]) -> Result<Self, Refused> {
        if octets.len() > MAX_OCTETS {
            return Err(Refused::new(Code::RequestTooLarge));
        }
        wire::parse(octets)
    }

    /// This request as one line of JSON, without a line feed.
    ///
    /// `requested_at` is the time to allege, in seconds since 1970-01-01 00:00 UTC.
    pub fn to_json(&self, requested_at: u64) -> String {
        wire::to_json(self, requested_at)
    }

    /// The SHA-512 over the file, still open at its end.
    pub fn input(&self) -> &Sha512State {
        &self.input
    }

    /// The kind of signature that is asked for.
    pub fn output(&self) -> OutputType {
        self.output
    }

    /// What the client says the file is called. Nothing may rely on it.
    pub fn alleged_name(&self) -> Option<&AllegedName> {
        self.alleged_name.as_ref()
    }
}
