//! A request as JSON.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{AllegedName, OutputType, Request, Sha512State};
use crate::{
    json::object,
    refusal::{Code, Refused},
};

/// The version of requests for [`OutputType::OpenPgpV4`].
const VERSION: Version = Version::new(1, 0, 0);
/// The version of requests for [`OutputType::OpenPgpV4Text`].
const TEXT_VERSION: Version = Version::new(1, 1, 0);
const INPUT_TYPE: &str = "sha2-0.11-SHA512-state";
const FILE_NAME: &str = "file-name";

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
    input: Input,
    #[serde(deserialize_with = "object")]
    output: Output,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Input {
    r#type: String,
    content: Vec<u8>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Output {
    r#type: String,
}

/// `optional` as it is read: what stands in a member is no reason to refuse.
type Anything = BTreeMap<String, Box<RawValue>>;

/// `optional` as it is written.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Alleged<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<&'a str>,
    request_time: u64,
}

/// The one member that every version has, so that a version from the future is named as such.
#[derive(Deserialize)]
struct Versioned {
    version: String,
}

pub(super) fn parse(octets: &[u8]) -> Result<Request, Refused> {
    let malformed = |cause| Refused::new(Code::MalformedRequest).because(cause);

    let Versioned { version } = serde_json::from_slice(octets).map_err(malformed)?;
    let version = Version::parse(&version)
        .map_err(|cause| Refused::new(Code::MalformedRequest).because(cause))?;
    if version != VERSION && version != TEXT_VERSION {
        return Err(Refused::new(Code::UnsupportedVersion));
    }

    let Document {
        version: _,
        required: Required { input, output },
        optional,
    } = serde_json::from_slice::<Document<Anything>>(octets).map_err(malformed)?;
    if input.r#type != INPUT_TYPE {
        return Err(Refused::new(Code::UnsupportedInput));
    }
    let output = match output.r#type.as_str() {
        "OpenPGPv4-text" if version == TEXT_VERSION => OutputType::OpenPgpV4Text,
        // Nothing else has a meaning in that version yet.
        _ if version == TEXT_VERSION => return Err(Refused::new(Code::UnsupportedVersion)),
        "OpenPGPv4" => OutputType::OpenPgpV4,
        _ => return Err(Refused::new(Code::UnsupportedOutput)),
    };
    let input = Sha512State::from_octets(&input.content)
        .map_err(|cause| Refused::new(Code::InvalidState).because(cause))?;
    let alleged_name = optional
        .get(FILE_NAME)
        .and_then(|raw| serde_json::from_str::<String>(raw.get()).ok())
        .and_then(|name| AllegedName::new(&name));
    Ok(Request::new(input, output, alleged_name))
}

fn version(output: OutputType) -> Version {
    match output {
        OutputType::OpenPgpV4 => VERSION,
        OutputType::OpenPgpV4Text => TEXT_VERSION,
    }
}

pub(super) fn to_json(request: &Request, requested_at: u64) -> String {
    let optional = Alleged {
        file_name: request.alleged_name().map(AllegedName::as_str),
        request_time: requested_at,
    };
    let document = Document {
        version: version(request.output()).to_string(),
        required: Required {
            input: Input {
                r#type: INPUT_TYPE.to_owned(),
                content: request.input().to_octets().to_vec(),
            },
            output: Output {
                r#type: request.output().as_str().to_owned(),
            },
        },
        optional,
    };
    crate::json::line(&document)
}
