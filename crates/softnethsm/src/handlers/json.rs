//! Questions in JSON, read as leniently and refused as strictly as on the device.

mod members;

use nethsm::body::{BadBody, Body};
use nethsm::id::BadId;
use serde::de::{DeserializeOwned, Error, IgnoredAny, Unexpected};
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
    match object(body, &strictly) {
        Ok(read) => return Ok(read),
        Err(error) if is_json(body) => return Err(Refusal::bad(message(schema, &error, body))),
        Err(_) => {}
    }
    let invalid = || Refusal::bad("Invalid JSON.");
    let strict = lenient::strict(body).ok_or_else(invalid)?;
    object(&strict, &strictly).map_err(|error| {
        if is_json(&strict) {
            Refusal::bad(message(schema, &error, &strict))
        } else {
            invalid()
        }
    })
}

/// Whether it is JSON to its end. The device looks at that before it looks for members, while the
/// parser stops at the first member that is wrong.
fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Reads an object. Alone, the parser would take a list of the values of its members as well.
fn object<T>(json: &[u8], strictly: &impl Fn(&[u8]) -> Result<T, BadBody>) -> Result<T, BadBody> {
    if json.trim_ascii_start().starts_with(b"[") {
        return Err(serde_json::Error::invalid_type(Unexpected::Seq, &"an object").into());
    }
    strictly(json)
}

/// Texts of the table's types that are what the device says, as it says them.
const AS_THEY_ARE: [&str; 2] = ["ID ", "Error while parsing timestamp."];

fn message(schema: &str, error: &BadBody, json: &[u8]) -> String {
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
    // A wrong time is said in the same words, but not everywhere with nothing around them.
    if schema == "time_req" && text.starts_with("Error while parsing timestamp.") {
        return invalid(text);
    }
    if schema == "tls_generate_key_req"
        && let Some((name, _)) = text
            .strip_prefix("unknown variant `")
            .and_then(|rest| rest.split_once('`'))
    {
        return format!("Unsupported key type '\"{name}\"' for TLS");
    }
    if text == "invalid IP address syntax" {
        return invalid(&members::no_address(json));
    }
    if AS_THEY_ARE.iter().any(|start| text.starts_with(start)) {
        return text.to_owned();
    }
    if text.starts_with("a label has") {
        return invalid("Label is too long, max 32 bytes");
    }
    let names = members::names(json);
    if let Some(name) = text.strip_prefix("missing field `") {
        let name = members::missing(schema, &names).unwrap_or(name.trim_end_matches('`'));
        return invalid(&format!("Json.{schema}.{}", members::as_on_device(name)));
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
    match members::at(&names, error, json) {
        Some(name) if text.starts_with("invalid type") => {
            invalid(&format!("Json.{schema}.{}", members::as_on_device(name)))
        }
        _ => invalid(&format!("Json.{schema}")),
    }
}

#[cfg(test)]
mod tests {
    use nethsm::user::NewUser;

    use super::*;

    fn said(body: &str) -> String {
        let refusal = read::<NewUser>("user_req", body.as_bytes());
        let answer = refusal.expect_err("refused").into_answer();
        let body = String::from_utf8(answer.into_body()).expect("text");
        let (_, said) = body.split_once("schema: ").unwrap_or(("", &body));
        said.trim_end_matches(".\"}").to_owned()
    }

    #[test]
    fn the_last_member_that_is_missing_is_named() {
        assert_eq!(said("{}"), "Json.user_req.passphrase");
        assert_eq!(
            said(r#"{"passphrase": "x", "a": {"role": 1}}"#),
            "Json.user_req"
        );
        assert_eq!(said(r#"{"passphrase": "x"}"#), "Json.user_req.role");
    }

    #[test]
    fn the_member_of_a_wrong_type_is_named() {
        assert_eq!(
            said("{\"realName\": \"x\",\n\"passphrase\": 7, \"role\": \"Operator\"}"),
            "Json.user_req.passphrase"
        );
        assert_eq!(said("{ realName: 7 }"), "Json.user_req.realName");
        assert_eq!(said("{ realName: [\"role\"] }"), "Json.user_req.realName");
        assert_eq!(said("null"), "Json.user_req");
    }

    #[test]
    fn a_list_is_no_object() {
        assert_eq!(said(r#"["x", "Operator", "0123456789"]"#), "Json.user_req");
        assert_eq!(
            said(
                r#" // x
            ["x", "Operator", "0123456789"]"#
            ),
            "Json.user_req"
        );
        assert_eq!(said("["), r#"{"message":"Invalid JSON"#);
    }

    #[test]
    fn what_is_no_json_is_no_matter_of_members() {
        for body in ["{}x", r#"{"a":}"#, r#"{ a: 1 } // x"#, "{ a: 1 } {"] {
            let is_json = body.ends_with("// x");
            let expected = if is_json {
                "Json.user_req"
            } else {
                r#"{"message":"Invalid JSON"#
            };
            assert_eq!(said(body), expected, "{body}");
        }
    }
}
