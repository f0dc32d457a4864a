//! What a caller is told when a call fails.

use nethsm::client::{Error, Options, Tls};
use nethsm::passphrase::Passphrase;
use nethsm::system::Provision;

use crate::device::{Device, Reply, empty, json};
use crate::{OPERATIONAL, operator, question};

/// What a call comes to when the device gives this answer.
fn error(reply: Reply) -> Error {
    let device = Device::replying(vec![reply]);
    let client = device.client().as_user(operator());
    client
        .sign(&"k".parse().expect("a name"), &question())
        .expect_err("an error")
}

#[test]
fn each_refusal_is_its_own_error() {
    assert!(matches!(error(empty(401)), Error::Unauthorized));
    assert!(matches!(error(empty(403)), Error::Forbidden { message } if message.is_empty()));
    let forbidden = error(json(403, r#"{"message":"tags restriction not met"}"#));
    assert_eq!(
        forbidden.to_string(),
        "the device does not allow this: tags restriction not met"
    );
    assert!(matches!(error(empty(404)), Error::NotFound { .. }));
    let text = Reply::Answer(404, "text/plain", b"Not found".to_vec());
    assert!(matches!(error(text), Error::NotFound { message } if message.is_empty()));
    assert!(matches!(error(empty(409)), Error::Conflict { .. }));
    let unavailable = json(412, r#"{"message":"Service not available"}"#);
    assert!(matches!(error(unavailable), Error::WrongState));
    let other = json(412, r#"{"message":"No backup passphrase"}"#);
    assert!(matches!(error(other), Error::Refused { status: 412, .. }));
    let too_many = json(429, r#"{"message":"Too many requests"}"#);
    assert!(matches!(error(too_many), Error::TooManyRequests));
    let bad = json(400, r#"{"message":"invalid sign mode"}"#);
    assert!(matches!(error(bad), Error::BadRequest { message } if message == "invalid sign mode"));
    assert!(matches!(
        error(empty(405)),
        Error::Refused { status: 405, .. }
    ));
    assert!(matches!(
        error(empty(500)),
        Error::Server { status: 500, .. }
    ));
    assert!(matches!(
        error(empty(503)),
        Error::Server { status: 503, .. }
    ));
}

#[test]
fn only_what_passes_by_itself_is_worth_a_retry() {
    assert!(error(empty(429)).is_retryable());
    assert!(error(empty(503)).is_retryable());
    for status in [400, 401, 403, 404, 409, 412] {
        assert!(!error(empty(status)).is_retryable(), "{status}");
    }
}

#[test]
fn a_message_fits_one_line_of_the_journal() {
    let hostile = format!(
        r#"{{"message":"a\u001b[31m\nfake: line {}"}}"#,
        "x".repeat(9999)
    );
    let Error::BadRequest { message } = error(json(400, &hostile)) else {
        panic!("a bad request");
    };
    assert_eq!(message.chars().count(), 400);
    assert!(!message.chars().any(char::is_control));
}

#[test]
fn garbage_is_a_protocol_error() {
    for reply in [
        json(200, "garbage"),
        json(200, ""),
        json(200, r#"{"signature":"!!"}"#),
        json(200, r#"{"signature":"AQID"} x"#),
        json(201, r#"{"signature":"AQID"}"#),
        empty(204),
        empty(302),
        Reply::Raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()),
    ] {
        let error = error(reply);
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
        assert!(!error.is_retryable());
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Device::replying(vec![json(200, OPERATIONAL)]);
    let redirect = format!(
        "HTTP/1.1 302 X\r\nLocation: https://{}/api/v1/health/state\r\nContent-Length: 0\r\n\r\n",
        elsewhere.address
    );
    let device = Device::replying(vec![Reply::Raw(redirect.into_bytes())]);
    let client = device.client_with(&Tls::Insecure, &Options::default());
    let error = client.state().expect_err("not the device");
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    assert_eq!(elsewhere.seen().connections, 0);
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let mut long = br#"{"signature":"AQID"}"#.to_vec();
    long.resize(2 * 1024 * 1024 + 1, b' ');
    let endless = [b"HTTP/1.1 200 X\r\n\r\n".to_vec(), long.clone()].concat();
    let announced = Reply::Answer(200, "application/json", long);
    for reply in [Reply::Raw(endless), announced] {
        let error = error(reply);
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
        assert!(
            error.to_string().ends_with("larger than any of this call"),
            "{error}"
        );
    }
}

#[test]
fn an_answer_cut_short_is_an_unreachable_device() {
    let short = b"HTTP/1.1 200 X\r\nContent-Length: 30\r\n\r\n{".to_vec();
    for bytes in [short, Vec::new()] {
        let error = error(Reply::Raw(bytes));
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(error.is_retryable());
    }
}

#[test]
fn no_secret_is_in_any_error() {
    let provision = Provision {
        unlock_passphrase: Passphrase::new("correct horse".to_owned()),
        admin_passphrase: Passphrase::new("correct horse".to_owned()),
        system_time: "2026-11-22T18:11:29Z".parse().expect("a time"),
    };
    for reply in [
        empty(400),
        json(200, "x"),
        Reply::Raw(b"x".to_vec()),
        empty(500),
    ] {
        let device = Device::replying(vec![reply]);
        let client = device.client().as_user(operator());
        let error = client.provision(&provision).expect_err("an error");
        let shown = format!("{error} {error:?} {client:?}");
        for secret in ["horse", "wörd", "b3BlcmF0b3I6"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
