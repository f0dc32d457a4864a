//! Questions in JSON, read as leniently and refused as strictly as on the device.

use nethsm::body::{BadBody, Body};
use nethsm::id::BadId;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::answer::Refusal;
use crate::lenient;

/// Reads a question; `schema` is what messages call it. No message quotes what was sent.
pub(crate) fn read<Q: Body>(schema: &str, body: &[u8]) -> Result<Q, Refusal> {
    read_with(schema, body, Q::from_bytes)
}

/// Reads JSON that is a part of a question.
pub(crate) fn read_part<T: DeserializeOwned>(schema: &str, part: &[u8]) -> Result<T, Refusal> {
    read_with(schema, part, |octets| Ok(serde_json::from_slice(octets)?))
}

fn read_with<T>(
    schema: &str,
    body: &[u8],
    strictly: impl Fn(&[u8]) -> Result<T, BadBody>,
) -> Result<T, Refusal> {
    if body.trim_ascii().is_empty() {
        return Err(Refusal::bad("Invalid JSON: Blank input data."));
    }
    // Most questions are strict JSON, some of them large: those are read without a copy.
    match strictly(body) {
        Err(BadBody::Json(error)) if error.classify() != Category::Data => {}
        done => return done.map_err(|error| Refusal::bad(message(schema, &error))),
    }
    let strict = lenient::strict(body).ok_or_else(|| Refusal::bad("Invalid JSON."))?;
    strictly(&strict).map_err(|error| Refusal::bad(message(schema, &error)))
}

/// Texts of the table's types that are what the device says, as it says them.
const AS_THEY_ARE: [&str; 2] = ["ID ", "Error while parsing timestamp."];

fn message(schema: &str, error: &BadBody) -> String {
    let BadBody::Json(error) = error else {
        return "Invalid JSON.".to_owned();
    };
    if error.classify() != Category::Data {
        return "Invalid JSON.".to_owned();
    }
    let text = error.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(text, _)| text);
    let invalid = |what: &str| format!("Invalid data for JSON schema: {what}.");
    if schema == "move_req" && text == BadId::Empty.answer() {
        return "JSON field newId is empty.".to_owned();
    }
    if AS_THEY_ARE.iter().any(|start| text.starts_with(start)) {
        return text.to_owned();
    }
    if text.starts_with("a label has") {
        return invalid("Label is too long, max 32 bytes");
    }
    if let Some(name) = text.strip_prefix("missing field `") {
        // The device calls this member by another name.
        let name = match name.trim_end_matches('`') {
            "private" => "priv",
            name => name,
        };
        return invalid(&format!("Json.{schema}.{name}"));
    }
    // Base64 is decoded by who uses the octets, and each says it in their own words.
    if text == "invalid base64 data" {
        match schema {
            "decrypt_req" => return "Decryption failed: Wrong padding".to_owned(),
            "encrypt_req" => return "Encryption failed: Wrong padding".to_owned(),
            _ => {}
        }
    }
    // The names that were expected tell which enumeration it was.
    let enumerations = [
        ("PKCS1", "sign_mode"),
        ("RAW", "decrypt_mode"),
        ("AES_CBC", "encrypt_mode"),
        ("RSA_Decryption_RAW", "mechanism"),
        ("RSA", "key_type"),
        ("Administrator", "role"),
    ];
    for (first, name) in enumerations {
        let is_it = |start| text.contains(&format!("expected {start}`{first}`"));
        if text.starts_with("unknown variant") && (is_it("") || is_it("one of ")) {
            return invalid(&format!("Json.{name}"));
        }
    }
    // The one question about whose shape the device says no more.
    if schema == "label_req" {
        return "Json.label_req".to_owned();
    }
    invalid(&format!("Json.{schema}"))
}
