//! The vectors of `spec/vectors`, every one of them.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha512};
use signstar::{
    request::{Output, Request, RequestId, Sha512State, Stream, StreamError, Version},
    response::Answer,
};

/// One vector: octets, and what becomes of them.
#[derive(Deserialize)]
struct Vector<O> {
    name: String,
    #[serde(flatten)]
    octets: Octets,
    #[serde(flatten)]
    outcome: O,
}

/// How octets are written in a vector (`spec/vectors/README.md`).
#[derive(Deserialize)]
struct Octets {
    #[serde(alias = "request", alias = "response")]
    text: Option<String>,
    #[serde(alias = "request_base64", alias = "response_base64")]
    base64: Option<String>,
    state: Option<String>,
    pad_to: Option<usize>,
    pad_with: Option<String>,
}

impl Octets {
    fn decode(&self) -> Vec<u8> {
        match (&self.text, &self.base64, &self.state) {
            (Some(text), None, None) => self.pad(text).into_bytes(),
            (None, Some(text), None) => base64(text),
            (None, None, Some(text)) => hex::decode(text).expect("hexadecimal"),
            _ => panic!("a vector has its octets once"),
        }
    }

    /// Fills in what a vector leaves out to be short.
    fn pad(&self, text: &str) -> String {
        let empty = Sha512State::from_hasher(&Sha512::new()).expect("short");
        let numbers = empty.to_octets().map(|octet| octet.to_string()).join(",");
        let text = text.replace("STATE", &numbers);
        let Some(length) = self.pad_to else {
            return text;
        };
        let with = self.pad_with.as_deref().unwrap_or("x");
        assert_eq!(text.matches("PAD").count(), 1, "one place to pad");
        let missing = length - (text.len() - "PAD".len());
        let pad = with.repeat(missing / with.len());
        text.replace("PAD", &pad)
    }
}

/// Base64 as in RFC 4648 §4.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut octets = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.chars().filter(|&c| c != '=') {
        let value = ALPHABET.find(c).expect("a digit of base64");
        bits = bits << 6 | u32::try_from(value).expect("less than 64");
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from(bits >> count & 0xff).expect("an octet"));
        }
    }
    octets
}

#[derive(Deserialize)]
struct RequestOutcome {
    accepted: Option<AcceptedRequest>,
    refused: Option<String>,
    or_refused: Option<String>,
}

#[derive(Debug, Deserialize, Eq, PartialEq)]
struct AcceptedRequest {
    sha512: String,
    length: u64,
    alleged_name: Option<String>,
}

#[derive(Deserialize)]
struct StateOutcome {
    accepted: Option<AcceptedState>,
    #[serde(default)]
    refused: bool,
}

#[derive(Debug, Deserialize, Eq, PartialEq)]
struct AcceptedState {
    sha512: String,
    length: u64,
    continued: String,
}

#[derive(Deserialize)]
struct ResponseOutcome {
    accepted: Option<AcceptedResponse>,
    #[serde(default)]
    refused: bool,
}

#[derive(Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct AcceptedResponse {
    signature: Option<String>,
    salt: Option<String>,
    refusal: Option<AcceptedRefusal>,
    progress: Option<u64>,
    id: Option<String>,
    log: Option<String>,
}

#[derive(Debug, Deserialize, Eq, PartialEq)]
struct AcceptedRefusal {
    code: String,
    message: String,
    retry: bool,
}

#[derive(Deserialize)]
struct LaterOutcome {
    accepted: Option<AcceptedLater>,
    refused: Option<String>,
    id: Option<String>,
}

#[derive(Debug, Deserialize, Eq, PartialEq)]
struct AcceptedLater {
    input: String,
    output: String,
    digest: Option<String>,
    file_length: Option<u64>,
    salt: Option<String>,
    alleged_name: Option<String>,
    id: Option<String>,
    proof: bool,
    progress: bool,
    file_name_salt: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors")
}

/// The vectors in the file `name`, which has at least `good` to accept and `bad` to refuse.
fn vectors<O: DeserializeOwned>(
    name: &str,
    is_good: impl Fn(&O) -> bool,
    good: usize,
    bad: usize,
) -> Vec<Vector<O>> {
    let path = folder().join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let vectors: Vec<Vector<O>> = serde_json::from_slice(&text).expect("vectors");
    let found = vectors
        .iter()
        .filter(|vector| is_good(&vector.outcome))
        .count();
    assert!(found >= good, "{name}: {found} to accept");
    assert!(vectors.len() - found >= bad, "{name}: too few to refuse");
    vectors
}

/// Fails with all vectors that came out otherwise.
fn all_hold(deviations: &[String]) {
    assert!(deviations.is_empty(), "\n{}\n", deviations.join("\n"));
}

fn parse(octets: &[u8]) -> Result<AcceptedRequest, String> {
    let request = Request::parse(octets).map_err(|refused| refused.code().to_string())?;
    let state = request.input().state().expect("a state");
    Ok(AcceptedRequest {
        sha512: hex::encode(state.digest()),
        length: state.length(),
        alleged_name: request.alleged_name().map(ToString::to_string),
    })
}

fn requests() -> Vec<Vector<RequestOutcome>> {
    vectors(
        "requests.json",
        |outcome: &RequestOutcome| outcome.accepted.is_some(),
        50,
        200,
    )
}

#[test]
fn every_request_is_accepted_or_refused_as_specified() {
    let mut deviations = Vec::new();
    for Vector {
        name,
        octets,
        outcome,
    } in requests()
    {
        let RequestOutcome {
            accepted,
            refused,
            or_refused,
        } = outcome;
        let found = parse(&octets.decode());
        let holds = match &found {
            Ok(found) => accepted.as_ref() == Some(found),
            Err(code) => refused.as_ref() == Some(code) || or_refused.as_ref() == Some(code),
        };
        if !holds {
            deviations.push(format!("{name}: {found:?}"));
        }
    }
    all_hold(&deviations);
}

#[test]
fn a_session_of_one_request_gives_its_octets() {
    for Vector {
        name,
        octets,
        outcome,
    } in requests()
    {
        let octets = octets.decode();
        let found: Vec<_> = Stream::new(&*octets).collect();
        match (&outcome.accepted, outcome.refused.as_deref(), &*found) {
            (Some(_), _, [Ok(found)]) => {
                assert_eq!(found.as_slice(), octets.trim_ascii(), "{name}");
            }
            (Some(_), _, other) => panic!("{name}: {other:?}"),
            (None, Some("request-too-large"), [Err(StreamError::TooLarge)]) => {}
            (None, Some("request-too-large"), other) => panic!("{name}: {other:?}"),
            // Octets that are no request may be several, or none, to a session.
            (None, ..) => {}
        }
    }
}

#[test]
fn what_is_written_is_what_was_read() {
    for Vector { name, octets, .. } in requests() {
        let Ok(request) = Request::parse(&octets.decode()) else {
            continue;
        };
        let again = Request::parse(request.to_json(1).as_bytes()).expect("own request");
        assert_eq!(
            again.input().state().map(Sha512State::to_octets),
            request.input().state().map(Sha512State::to_octets),
            "{name}"
        );
        assert_eq!(again.alleged_name(), request.alleged_name(), "{name}");
    }
}

#[test]
fn every_state_is_accepted_or_refused_as_specified() {
    let vectors = vectors(
        "states.json",
        |outcome: &StateOutcome| outcome.accepted.is_some(),
        26,
        100,
    );
    let mut deviations = Vec::new();
    for Vector {
        name,
        octets,
        outcome,
    } in vectors
    {
        let found = Sha512State::from_octets(&octets.decode()).map(|state| {
            let continued = state.to_hasher().chain_update([0x5a; 130]).finalize();
            AcceptedState {
                sha512: hex::encode(state.digest()),
                length: state.length(),
                continued: hex::encode(continued),
            }
        });
        let holds = match &found {
            Ok(found) => !outcome.refused && outcome.accepted.as_ref() == Some(found),
            Err(_) => outcome.refused && outcome.accepted.is_none(),
        };
        if !holds {
            deviations.push(format!("{name}: {found:?}"));
        }
    }
    all_hold(&deviations);
}

fn told(answer: Answer) -> AcceptedResponse {
    let nothing = AcceptedResponse::default();
    let text = |id: Option<RequestId>| id.map(|id| id.to_string());
    match answer {
        Answer::Signature {
            text: signature,
            id,
            log,
        } => AcceptedResponse {
            signature: Some(signature),
            id: text(id),
            log,
            ..nothing
        },
        Answer::Salt { salt, id } => AcceptedResponse {
            salt: Some(hex::encode(salt.as_octets())),
            id: text(id),
            ..nothing
        },
        Answer::Refusal {
            code,
            message,
            retry,
            id,
        } => AcceptedResponse {
            refusal: Some(AcceptedRefusal {
                code,
                message,
                retry,
            }),
            id: text(id),
            ..nothing
        },
        Answer::Progress { ahead } => AcceptedResponse {
            progress: Some(ahead),
            ..nothing
        },
    }
}

/// What was read, and what is read again after it was written.
fn later(octets: &[u8]) -> Result<AcceptedLater, (String, Option<String>)> {
    let request = Request::parse(octets).map_err(|refused| {
        (
            refused.code().to_string(),
            refused.id().map(ToString::to_string),
        )
    })?;
    assert_eq!(request.version(), Version::V1_1);
    let text = request.to_json(1);
    let again = Request::parse(text.as_bytes()).expect("own request");
    assert_eq!(again.to_json(1), text);
    assert_eq!(again.output(), request.output());
    Ok(AcceptedLater {
        input: again.input().as_str().to_owned(),
        output: again.output().as_str().to_owned(),
        digest: (again.input().digest()).map(|digest| hex::encode(digest.as_octets())),
        file_length: again.file_length(),
        salt: match again.output() {
            Output::OpenPgpV6(salt) => Some(hex::encode(salt.as_octets())),
            _ => None,
        },
        alleged_name: again.alleged_name().map(ToString::to_string),
        id: again.id().map(ToString::to_string),
        proof: again.wants_proof(),
        progress: again.wants_progress(),
        file_name_salt: again.name_salt().map(hex::encode),
    })
}

#[test]
fn every_request_of_version_1_1_is_accepted_or_refused_as_specified() {
    let vectors = vectors(
        "requests-1.1.json",
        |outcome: &LaterOutcome| outcome.accepted.is_some(),
        25,
        70,
    );
    let mut deviations = Vec::new();
    for Vector {
        name,
        octets,
        outcome,
    } in vectors
    {
        let found = later(&octets.decode());
        let holds = match &found {
            Ok(found) => outcome.accepted.as_ref() == Some(found),
            Err((code, id)) => outcome.refused.as_ref() == Some(code) && outcome.id == *id,
        };
        if !holds {
            deviations.push(format!("{name}: {found:?}"));
        }
    }
    all_hold(&deviations);
}

#[test]
fn every_response_is_accepted_or_refused_as_specified() {
    let vectors = vectors(
        "responses.json",
        |outcome: &ResponseOutcome| outcome.accepted.is_some(),
        8,
        50,
    );
    let mut deviations = Vec::new();
    for Vector {
        name,
        octets,
        outcome,
    } in vectors
    {
        let found = Answer::parse(&octets.decode()).map(told);
        let holds = match &found {
            Ok(found) => !outcome.refused && outcome.accepted.as_ref() == Some(found),
            Err(_) => outcome.refused && outcome.accepted.is_none(),
        };
        if !holds {
            deviations.push(format!("{name}: {found:?}"));
        }
    }
    all_hold(&deviations);
}

#[test]
fn the_vectors_are_those_of_their_independent_maker() {
    let mut make = Command::new("python3");
    match make.arg(folder().join("make.py")).arg("--check").output() {
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "skipped: python3 does not start: {error}"
            );
        }
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}
