//! What goes over the wire for a call.

use nethsm::client::Error;

use crate::device::{Device, Reply, empty, json};
use crate::{operator, question};

#[test]
fn a_signature_takes_one_request_with_credentials_and_compact_json() {
    let device = Device::replying(vec![json(200, r#"{"signature":"AQID"}"#)]);
    let client = device.client().as_user(operator());
    let signature = client.sign(&"k.1".parse().expect("a name"), &question());
    assert_eq!(signature.expect("a signature"), [1, 2, 3]);

    let seen = device.seen();
    let [request] = &*seen.requests else {
        panic!("one request");
    };
    assert_eq!(request.line, "POST /api/v1/keys/k.1/sign HTTP/1.1");
    assert_eq!(request.body, r#"{"mode":"EdDSA","message":"aGVsbG8="}"#);
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("content-length"), Some("37"));
    assert_eq!(
        request.header("authorization"),
        Some("Basic b3BlcmF0b3I6cGFzczp3w7ZyZA==")
    );
    assert_eq!(request.header("expect"), None);
    assert!(request.whole, "head and body come together");
}

#[test]
fn what_has_no_body_names_no_media_type() {
    let device = Device::replying(vec![empty(204)]);
    let client = device.client();
    let tag = "berlin".parse().expect("a tag");
    client
        .put_key_tag(&"k".parse().expect("a name"), &tag)
        .expect("done");
    client
        .delete_key(&"k".parse().expect("a name"))
        .expect("done");
    client.lock().expect("done");
    let seen = device.seen();
    let lines: Vec<_> = seen.requests.iter().map(|request| &*request.line).collect();
    assert_eq!(
        lines,
        [
            "PUT /api/v1/keys/k/restrictions/tags/berlin HTTP/1.1",
            "DELETE /api/v1/keys/k HTTP/1.1",
            "POST /api/v1/lock HTTP/1.1",
        ]
    );
    for request in &seen.requests {
        assert_eq!(request.header("content-type"), None);
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.body, "");
    }
    assert_eq!(seen.requests[2].header("content-length"), Some("0"));
}

#[test]
fn certificates_are_plain_octets() {
    let octets = vec![0, 255, 13, 10];
    let device = Device::replying(vec![
        Reply::Answer(200, "application/octet-stream", octets.clone()),
        empty(201),
    ]);
    let client = device.client();
    let key = "k".parse().expect("a name");
    assert_eq!(client.certificate(&key).expect("an answer"), octets);
    client
        .put_certificate(&key, b"certificate".to_vec())
        .expect("done");
    let seen = device.seen();
    assert_eq!(
        seen.requests[1].header("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(seen.requests[1].body, "certificate");
}

#[test]
fn a_large_certificate_arrives_complete() {
    let device = Device::replying(vec![empty(201)]);
    let certificate = vec![b'x'; 1024 * 1024];
    let key = "k".parse().expect("a name");
    device
        .client()
        .put_certificate(&key, certificate)
        .expect("done");
    let seen = device.seen();
    assert_eq!(seen.requests[0].body.len(), 1024 * 1024);
}

#[test]
fn a_tag_that_is_there_already_is_a_success() {
    let device = Device::replying(vec![empty(304)]);
    let client = device.client();
    let tag = "berlin".parse().expect("a tag");
    client
        .put_user_tag(&"operator".parse().expect("a name"), &tag)
        .expect("is so");
    let error = client.state().expect_err("not modified is no state");
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
}
