//! A response as JSON.

use serde::{Deserialize, Serialize};

use super::{Answer, MAX_OCTETS};
use crate::{refusal::Code, request::OutputType};

/// The version of a response that carries a signature over a file.
const SIGNATURE_VERSION: &str = "1.0.0";
/// The version of a response that carries a refusal or a signature over a text.
const LATER_VERSION: &str = "1.1.0";

/// Octets that are not a response.
#[derive(Debug, thiserror::Error)]
pub enum InvalidResponse {
    /// More than [`MAX_OCTETS`].
    #[error("the response is longer than 65536 octets")]
    TooLarge,
    /// Not a JSON object with the members of a response.
    #[error("the response is not one as the specification has it: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A version that is not known.
    #[error("responses of version {0:?} are not understood")]
    Version(String),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    version: String,
    signature: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    version: String,
    #[serde(deserialize_with = "crate::json::object")]
    refusal: Reason,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    code: String,
    message: String,
    retry: bool,
}

#[derive(Deserialize)]
struct Versioned {
    version: String,
}

pub(super) fn signature_to_json(armored: &str, output: OutputType) -> String {
    let version = match output {
        OutputType::OpenPgpV4 => SIGNATURE_VERSION,
        OutputType::OpenPgpV4Text => LATER_VERSION,
    };
    crate::json::line(&Signature {
        version: version.to_owned(),
        signature: armored.to_owned(),
    })
}

pub(super) fn refusal_to_json(code: Code) -> String {
    crate::json::line(&Refusal {
        version: LATER_VERSION.to_owned(),
        refusal: Reason {
            code: code.as_str().to_owned(),
            message: code.message().to_owned(),
            retry: code.retry(),
        },
    })
}

pub(super) fn parse(octets: &[u8]) -> Result<Answer, InvalidResponse> {
    if octets.len() > MAX_OCTETS {
        return Err(InvalidResponse::TooLarge);
    }
    let Versioned { version } = serde_json::from_slice(octets)?;
    match version.as_str() {
        SIGNATURE_VERSION => {
            let Signature { signature, .. } = serde_json::from_slice(octets)?;
            Ok(Answer::Signature(signature))
        }
        LATER_VERSION => {
            if let Ok(Signature { signature, .. }) = serde_json::from_slice(octets) {
                return Ok(Answer::Signature(signature));
            }
            let Refusal { refusal, .. } = serde_json::from_slice(octets)?;
            let Reason {
                code,
                message,
                retry,
            } = refusal;
            Ok(Answer::Refusal {
                code,
                message,
                retry,
            })
        }
        _ => Err(InvalidResponse::Version(version)),
    }
}
