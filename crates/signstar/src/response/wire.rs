//! A response as JSON.

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Answer, MAX_OCTETS};
use crate::{
    log::Logged,
    refusal::Code,
    request::{RequestId, Salt, Version},
    sign::Product,
};

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

/// A response of version 1.0.0: a signature and nothing else.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct First {
    version: String,
    signature: String,
}

/// A response of version 1.1.0: one of the first four members after `version`.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Second {
    version: String,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    refusal: Option<Reason>,
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    progress: Option<Place>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    code: String,
    message: String,
    retry: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Place {
    ahead: u64,
}

#[derive(Deserialize)]
struct Versioned {
    version: String,
}

/// A member that may be missing but not null.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A member that may be missing but not null, and is an object.
fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    crate::json::object(deserializer).map(Some)
}

fn second(id: Option<&RequestId>) -> Second {
    Second {
        version: Version::V1_1.as_str().to_owned(),
        id: id.map(ToString::to_string),
        ..Second::default()
    }
}

pub(super) fn granted_to_json(logged: &Logged) -> String {
    let signed = logged.signed();
    let (request, text) = (signed.grant().request(), signed.text().to_owned());
    let record = (logged.recorded()).filter(|_| request.wants_proof());
    match (request.version(), signed.product()) {
        (version @ Version::V1_0, _) => crate::json::line(&First {
            version: version.as_str().to_owned(),
            signature: text,
        }),
        (Version::V1_1, Product::Salt(_)) => crate::json::line(&Second {
            salt: Some(text),
            ..second(request.id())
        }),
        (Version::V1_1, _) => crate::json::line(&Second {
            signature: Some(text),
            log: record.map(|record| record.proof().to_owned()),
            ..second(request.id())
        }),
    }
}

pub(super) fn refusal_to_json(code: Code, id: Option<&RequestId>) -> String {
    crate::json::line(&Second {
        refusal: Some(Reason {
            code: code.as_str().to_owned(),
            message: code.message().to_owned(),
            retry: code.retry(),
        }),
        ..second(id)
    })
}

pub(super) fn progress_to_json(ahead: u64) -> String {
    crate::json::line(&Second {
        progress: Some(Place { ahead }),
        ..second(None)
    })
}

pub(super) fn parse(octets: &[u8]) -> Result<Answer, InvalidResponse> {
    if octets.len() > MAX_OCTETS {
        return Err(InvalidResponse::TooLarge);
    }
    let Versioned { version } = serde_json::from_slice(octets)?;
    if version == Version::V1_0.as_str() {
        let First { signature, .. } = serde_json::from_slice(octets)?;
        return Ok(Answer::Signature {
            text: signature,
            id: None,
            log: None,
        });
    }
    if version != Version::V1_1.as_str() {
        return Err(InvalidResponse::Version(version));
    }
    answer(serde_json::from_slice(octets)?)
}

fn answer(response: Second) -> Result<Answer, InvalidResponse> {
    let malformed = |what| InvalidResponse::Malformed(serde::de::Error::custom(what));
    let id = match &response.id {
        None => None,
        Some(id) => Some(RequestId::new(id).ok_or_else(|| malformed("no id of a request"))?),
    };
    match response {
        Second {
            signature: Some(text),
            salt: None,
            refusal: None,
            progress: None,
            log,
            ..
        } => Ok(Answer::Signature { text, id, log }),
        Second {
            signature: None,
            salt: Some(salt),
            refusal: None,
            progress: None,
            log: None,
            ..
        } => {
            let octets = BASE64.decode(salt.as_bytes()).ok();
            let salt = octets
                .and_then(|octets| <[u8; Salt::OCTETS]>::try_from(octets).ok())
                .ok_or_else(|| malformed("no salt of 32 octets in base64"))?;
            let salt = Salt::new(salt);
            Ok(Answer::Salt { salt, id })
        }
        Second {
            signature: None,
            salt: None,
            refusal:
                Some(Reason {
                    code,
                    message,
                    retry,
                }),
            progress: None,
            log: None,
            ..
        } => Ok(Answer::Refusal {
            code,
            message,
            retry,
            id,
        }),
        Second {
            signature: None,
            salt: None,
            refusal: None,
            progress: Some(Place { ahead }),
            id: None,
            log: None,
            ..
        } => Ok(Answer::Progress { ahead }),
        _ => Err(malformed(
            "exactly one of signature, salt, refusal, progress",
        )),
    }
}
