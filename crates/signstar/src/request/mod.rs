//! What a client asks for.
//!
//! A request is one JSON object of at most [`MAX_OCTETS`], described in `spec/request.md`. It
//! carries the state of the client's SHA-512 over the file, or a digest, never the file itself.

mod id;
mod input;
mod name;
mod output;
mod salt;
mod state;
mod stream;
mod wire;

pub use id::RequestId;
pub use input::{Digest, FileDigest, Input};
pub use name::AllegedName;
pub use output::{Output, OutputType};
pub use salt::{Random, Salt, Salts};
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
    version: Version,
    input: Input,
    output: Output,
    alleged_name: Option<AllegedName>,
    id: Option<RequestId>,
    name_salt: Option<[u8; 32]>,
    proof: bool,
    progress: bool,
}

/// The version of a request, and of the response to it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// OpenPGP version 4 over a state, and nothing else.
    V1_0,
    /// Further inputs and outputs, names for requests, proofs, progress.
    V1_1,
}

impl Version {
    /// The version as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0.0",
            Self::V1_1 => "1.1.0",
        }
    }
}

impl Request {
    /// A request for an OpenPGP signature of version 4 over the octets that went into `input`.
    pub fn open_pgp_v4(input: Sha512State, alleged_name: Option<AllegedName>) -> Self {
        Self::combined(Input::State(input), Output::OpenPgpV4, alleged_name)
    }

    /// The same over a text in canonical form, for cleartext signatures.
    pub fn open_pgp_v4_text(input: Sha512State, alleged_name: Option<AllegedName>) -> Self {
        Self::combined(Input::State(input), Output::OpenPgpV4Text, alleged_name)
    }

    /// A request for a salt, to hash before a file that [`Output::OpenPgpV6`] is then asked for.
    pub fn open_pgp_v6_salt() -> Self {
        Self::combined(Input::Nothing, Output::OpenPgpV6Salt, None)
    }

    /// A request for `output` over what `input` stands for, in the lowest version that can
    /// express it.
    ///
    /// Refuses with `unsupported-input` what makes no sense together: OpenPGP needs a state, a
    /// salt needs nothing, and SSH and raw signatures need a state or a digest. Refuses with
    /// `invalid-state` a state which does not begin with the salt of its output, as far as that
    /// can be told from the state.
    pub fn new(
        input: impl Into<Input>,
        output: Output,
        alleged_name: Option<AllegedName>,
    ) -> Result<Self, Refused> {
        let input = input.into();
        match (&input, &output) {
            (Input::State(_), Output::OpenPgpV4 | Output::OpenPgpV4Text)
            | (Input::Nothing, Output::OpenPgpV6Salt)
            | (Input::State(_) | Input::Digest(_), Output::Ssh | Output::Raw) => {}
            (Input::State(state), Output::OpenPgpV6(salt)) => {
                if !state.may_begin_with(salt.as_octets()) {
                    return Err(Refused::new(Code::InvalidState).because("the salt is missing"));
                }
            }
            _ => return Err(Refused::new(Code::UnsupportedInput).because("not for this output")),
        }
        Ok(Self::combined(input, output, alleged_name))
    }

    fn combined(input: Input, output: Output, alleged_name: Option<AllegedName>) -> Self {
        Self {
            version: match output {
                Output::OpenPgpV4 => Version::V1_0,
                _ => Version::V1_1,
            },
            input,
            output,
            alleged_name,
            id: None,
            name_salt: None,
            proof: false,
            progress: false,
        }
    }

    /// The same under a name of its own, so that asking twice is asking once.
    #[must_use]
    pub fn with_id(self, id: RequestId) -> Self {
        Self {
            version: Version::V1_1,
            id: Some(id),
            ..self
        }
    }

    /// The same with a salt for the commitment to the name of the file, where the log holds
    /// commitments: 32 octets, random, fresh, and kept by the client.
    #[must_use]
    pub fn with_name_salt(self, salt: [u8; 32]) -> Self {
        Self {
            version: Version::V1_1,
            name_salt: Some(salt),
            ..self
        }
    }

    /// The same with the wish for a proof that it is in the log.
    #[must_use]
    pub fn with_proof(self) -> Self {
        Self {
            version: Version::V1_1,
            proof: true,
            ..self
        }
    }

    /// The same with the wish to be told how long it takes.
    #[must_use]
    pub fn with_progress(self) -> Self {
        Self {
            version: Version::V1_1,
            progress: true,
            ..self
        }
    }

    /// Reads one request of version 1.0.0 or 1.1.0.
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

    /// The version that it was read in, or the lowest that can express it.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What stands for the file.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The kind of signature that is asked for.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The octets of the file that the client says it hashed, without a salt; unknown for a
    /// digest.
    pub fn file_length(&self) -> Option<u64> {
        let length = self.input.length()?;
        match self.output {
            Output::OpenPgpV6(_) => length.checked_sub(32),
            _ => Some(length),
        }
    }

    /// What is known of the file; nothing for a salt.
    pub fn file_digest(&self) -> Option<FileDigest> {
        match (&self.input, &self.output) {
            (Input::State(state), Output::OpenPgpV6(_)) => Some(FileDigest::Salted(state.digest())),
            (input, _) => input.digest().map(FileDigest::Plain),
        }
    }

    /// What the client says the file is called. Nothing may rely on it.
    pub fn alleged_name(&self) -> Option<&AllegedName> {
        self.alleged_name.as_ref()
    }

    /// What the client calls this request.
    pub fn id(&self) -> Option<&RequestId> {
        self.id.as_ref()
    }

    /// The salt for a commitment to the name of the file.
    pub fn name_salt(&self) -> Option<&[u8; 32]> {
        self.name_salt.as_ref()
    }

    /// Whether a proof is asked for that the signature is in the log.
    pub fn wants_proof(&self) -> bool {
        self.proof
    }

    /// Whether interim lines are welcome.
    pub fn wants_progress(&self) -> bool {
        self.progress
    }
}
