//! A request as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{AllegedName, Digest, Input, Output, Request, RequestId, Salt, Sha512State, Version};
use crate::{
    json::object,
    refusal::{Code, Refused},
};

const FILE_NAME: &str = "file-name";
const PROGRESS: &str = "progress";

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document<O> {
    version: String,
    #[serde(deserialize_with = "object")]
    required: Required,
    optional: O,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Required {
    #[serde(deserialize_with = "object")]
    input: Sent,
    #[serde(deserialize_with = "object")]
    output: Wanted,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    r#type: String,
    content: Vec<u8>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    r#type: String,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    salt: Option<Vec<u8>>,
}

/// A member that may be missing but not null.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// `optional` as it is read: what stands in most members is no reason to refuse.
type Anything = BTreeMap<String, Box<RawValue>>;

/// The members of `optional` that are promises: what is not understood here cannot be kept.
#[derive(Deserialize)]
struct Promises {
    #[serde(default, deserialize_with = "present")]
    id: Option<String>,
    #[serde(default, deserialize_with = "present", rename = "file-name-salt")]
    name_salt: Option<[u8; 32]>,
    #[serde(default)]
    proof: bool,
}

/// `optional` as it is written.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Alleged<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<&'a str>,
    request_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "file-name-salt", skip_serializing_if = "Option::is_none")]
    name_salt: Option<&'a [u8; 32]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    proof: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    progress: bool,
}

/// The one member that every version has, so that a version from the future is named as such.
#[derive(Deserialize)]
struct Versioned {
    version: String,
}

fn malformed(cause: impl std::error::Error + Send + Sync + 'static) -> Refused {
    Refused::new(Code::MalformedRequest).because(cause)
}

pub(super) fn parse(octets: &[u8]) -> Result<Request, Refused> {
    let Versioned { version } = serde_json::from_slice(octets).map_err(malformed)?;
    let version = semver::Version::parse(&version).map_err(malformed)?;
    let version = [Version::V1_0, Version::V1_1]
        .into_iter()
        .find(|known| known.as_str() == version.to_string())
        .ok_or_else(|| Refused::new(Code::UnsupportedVersion))?;

    let Document {
        version: _,
        required: Required { input, output },
        optional,
    } = serde_json::from_slice::<Document<&RawValue>>(octets).map_err(malformed)?;
    let anything: Anything = serde_json::from_str(optional.get()).map_err(malformed)?;
    if version == Version::V1_0 {
        if output.salt.is_some() {
            return Err(Refused::new(Code::MalformedRequest).because("a salt in version 1.0.0"));
        }
        return request(version, &input, &output, &anything);
    }
    let Promises {
        id,
        name_salt,
        proof,
    } = serde_json::from_str(optional.get()).map_err(malformed)?;
    let id = match id {
        None => None,
        Some(id) => Some(
            RequestId::new(&id)
                .ok_or_else(|| Refused::new(Code::MalformedRequest).because("no id"))?,
        ),
    };
    let request =
        request(version, &input, &output, &anything).map_err(|refused| refused.of(id.as_ref()))?;
    Ok(Request {
        id,
        name_salt,
        proof,
        progress: member(&anything, PROGRESS).unwrap_or_default(),
        ..request
    })
}

fn request(
    version: Version,
    sent: &Sent,
    wanted: &Wanted,
    optional: &Anything,
) -> Result<Request, Refused> {
    let input = input(version, sent)?;
    let output = output(version, wanted)?;
    let input = input()?;
    let alleged_name =
        member::<String>(optional, FILE_NAME).and_then(|name| AllegedName::new(&name));
    let request = Request::new(input, output, alleged_name)?;
    Ok(Request { version, ..request })
}

/// A member of `optional` that counts if it has the right type.
fn member<T: for<'de> Deserialize<'de>>(optional: &Anything, name: &str) -> Option<T> {
    serde_json::from_str(optional.get(name)?.get()).ok()
}

/// What the type says the content is. Types are checked before what they announce.
fn input(
    version: Version,
    sent: &Sent,
) -> Result<impl FnOnce() -> Result<Input, Refused> + '_, Refused> {
    let is_known = match version {
        Version::V1_0 => sent.r#type == Input::STATE,
        Version::V1_1 => {
            [Input::STATE, Input::SHA512, Input::SHA256, Input::NOTHING].contains(&&*sent.r#type)
        }
    };
    if !is_known {
        return Err(Refused::new(Code::UnsupportedInput));
    }
    Ok(|| match &*sent.r#type {
        Input::STATE => Sha512State::from_octets(&sent.content)
            .map(Input::State)
            .map_err(|cause| Refused::new(Code::InvalidState).because(cause)),
        Input::SHA512 => Ok(Digest::Sha512(array(&sent.content)?).into()),
        Input::SHA256 => Ok(Digest::Sha256(array(&sent.content)?).into()),
        _ => array::<0>(&sent.content).map(|_| Input::Nothing),
    })
}

fn output(version: Version, wanted: &Wanted) -> Result<Output, Refused> {
    let output = match (version, &*wanted.r#type, &wanted.salt) {
        (_, "OpenPGPv4", _) => Output::OpenPgpV4,
        (Version::V1_0, ..) => return Err(Refused::new(Code::UnsupportedOutput)),
        (_, "OpenPGPv4-text", _) => Output::OpenPgpV4Text,
        (_, Output::SALT, _) => Output::OpenPgpV6Salt,
        (_, "SSHSIG", _) => Output::Ssh,
        (_, "raw", _) => Output::Raw,
        (_, "OpenPGPv6", Some(salt)) => return Ok(Output::OpenPgpV6(Salt::new(array(salt)?))),
        (_, "OpenPGPv6", None) => {
            return Err(Refused::new(Code::MalformedRequest).because("no salt"));
        }
        _ => return Err(Refused::new(Code::UnsupportedOutput)),
    };
    match wanted.salt {
        None => Ok(output),
        Some(_) => Err(Refused::new(Code::MalformedRequest).because("a salt for no use")),
    }
}

fn array<const N: usize>(octets: &[u8]) -> Result<[u8; N], Refused> {
    octets.try_into().map_err(|_| {
        let cause = format!("{} octets where {N} belong", octets.len());
        Refused::new(Code::MalformedRequest).because(cause)
    })
}

pub(super) fn to_json(request: &Request, requested_at: u64) -> String {
    let optional = Alleged {
        file_name: request.alleged_name().map(AllegedName::as_str),
        request_time: requested_at,
        id: request.id().map(RequestId::as_str),
        name_salt: request.name_salt(),
        proof: request.wants_proof(),
        progress: request.wants_progress(),
    };
    let document = Document {
        version: request.version().as_str().to_owned(),
        required: Required {
            input: Sent {
                r#type: request.input().as_str().to_owned(),
                content: request.input().to_octets(),
            },
            output: Wanted {
                r#type: request.output().as_str().to_owned(),
                salt: match request.output() {
                    Output::OpenPgpV6(salt) => Some(salt.as_octets().to_vec()),
                    _ => None,
                },
            },
        },
        optional,
    };
    crate::json::line(&document)
}
