//! Questions in JSON, read as leniently and refused as strictly as on the device.

use nethsm::body::{BadBody, Body};
use serde_json::error::Category;

use crate::answer::Refusal;
use crate::lenient;

/// Reads a question; `schema` is what messages call it. No message quotes what was sent.
pub(crate) fn read<Q: Body>(schema: &str, body: &[u8]) -> Result<Q, Refusal> {
    if body.trim_ascii().is_empty() {
        return Err(Refusal::bad("Invalid JSON: Blank input data."));
    }
    let strict = lenient::strict(body).ok_or_else(|| Refusal::bad("Invalid JSON."))?;
    Q::from_bytes(&strict).map_err(|error| Refusal::bad(message(schema, &error)))
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
    // The names that were expected tell which enumeration it was.
    let enumerations = [
        ("PKCS1", "sign_mode"),
        ("RSA_Decryption_RAW", "mechanism"),
        ("Administrator", "role"),
    ];
    for (first, name) in enumerations {
        if text.starts_with("unknown variant")
            && text.contains(&format!("expected one of `{first}`"))
        {
            return invalid(&format!("Json.{name}"));
        }
    }
    invalid(&format!("Json.{schema}"))
}
