//! The same answer to the same question: what the device's own software answers.
//!
//! One line per question: who asks, the call, what is sent; then the status, the media type, which
//! headers come (`c` `Cache-Control: no-cache`, `v` `Vary`, `e` `ETag`, `l` `Location`) and the body,
//! where `*` stands for any and `ID` for a made-up name.

use crate::device::{ADMIN, Desk, OPERATOR, Question, UNLOCK, add_user, login};
use nethsm::user::UserRole;

const FRESH: &str = r#"
- | GET /info | | 200 json ve {"vendor":"Nitrokey GmbH","product":"NetHSM"}
- | GET /health/state | | 200 json cv {"state":"Unprovisioned"}
- | GET /health/alive | | 200 json cv
- | GET /health/ready | | 412 json c {"message":"Service not available"}
- | GET /nonexistent | | 404 - - Not found
- | HEAD /info | | 200 json ve
- | DELETE /info | | 405 - -
- | PATCH /info | | 501 - -
- | TRACE /info | | 405 - -
- | GET /keys | | 412 json - {"message":"Service not available"}
- | PATCH /keys | | 412 json - {"message":"Service not available"}
A | POST /lock | | 412 json c {"message":"Service not available"}
O | POST /random | {"length": 1} | 412 json c {"message":"Service not available"}
- | POST /system/reboot | | 412 json c {"message":"Service not available"}
- | POST /provision | | 400 json cv {"message":"Invalid JSON: Blank input data."}
- | POST /provision | null | 400 json cv {"message":"Invalid data for JSON schema: Json.provision_req."}
- | POST /provision | {"unlockPassphrase":1234567890,"adminPassphrase":"Administrator","systemTime":"2026-11-22T18:11:29Z"} | 400 json cv {"message":"Invalid data for JSON schema: Json.provision_req.unlockPassphrase."}
- | POST /provision | {"unlockPassphrase":"UnlockPassphrase","adminPassphrase":"Administrator","systemTime":"2026-01-01T00:00:00Z","extra":1} | 400 json cv {"message":"Invalid data for JSON schema: Json.provision_req."}
- | POST /provision | {"unlockPassphrase":"123456789","adminPassphrase":"Administrator","systemTime":"2026-01-01T00:00:00Z"} | 400 json cv {"message":"passphrase unlockPassphrase is not >= 10 and <= 200 characters"}
- | POST /provision | {"unlockPassphrase":"UnlockPassphrase","adminPassphrase":"Administrator","systemTime":"2026-01-01T00:00:00+01:00"} | 400 json cv {"message":"Error while parsing timestamp. Offset must be 0."}
"#;

const AT_WORK: &str = r#"
A | PUT /users/backup | { /* c */ realName : "b", "role": "Backup", "passphrase": "BackupBackup" } // x | 201 json vl
A | PUT /users/u2 | {"realName":"u","role":"Operator","passphrase":"123456789"} | 400 json v {"message":"passphrase passphrase is not >= 10 and <= 200 characters"}
A | PUT /users/u5 | {"realName":"","role":"Operator","passphrase":"0123456789"} | 201 json vl
A | PUT /users/u4 | {"realName":"x","role":"Operator"} | 400 json v {"message":"Invalid data for JSON schema: Json.user_req.passphrase."}
A | PUT /users/u.x-y_z | {"realName":"u","role":"Operator","passphrase":"0123456789"} | 201 json vl
A | PUT /users/%C3%BC | {"realName":"u","role":"Operator","passphrase":"0123456789"} | 400 json v {"message":"ID may only contain alphanumeric characters, underscores, dashes, and dots."}
A | POST /users | {"realName":"u","role":"Operator","passphrase":"0123456789"} | 201 json vl {"id":"ID"}
A | POST /users | {} | 400 json vl {"message":"Invalid data for JSON schema: Json.user_req.passphrase."}
A | POST /users/foo | {"realName":"u","role":"Operator","passphrase":"0123456789"} | 400 json v {"message":"POST on this endpoint expects a prefix of the form '/ns~' to select in which namespace the new user should be created. For a new root user, don't add a trailing '/'."}
A | GET /users/operator | | 200 json ve {"realName":"operator","role":"Operator"}
O | GET /users/admin | | 403 - -
A | GET /users/-x | | 400 json - {"message":"ID cannot start with underscore, dash, or dot."}
- | GET /users/operator | | 401 - -
O | GET /users | | 403 - -
A | PUT /users/operator/tags/berlin | | 204 json cv
A | PUT /users/operator/tags/berlin | | 304 json cv
A | PUT /users/operator/tags/aachen | | 204 json cv
A | PUT /users/nobody/tags/berlin | | 404 json cv {"message":""}
A | GET /users/operator/tags | | 200 json cv ["aachen","berlin"]
A | DELETE /users/operator/tags/aachen | | 204 json cv
A | GET /users/operator/tags/berlin | | 405 - c
A | POST /users/u5/passphrase | {"passphrase":"new passphrase"} | 204 json cv
A | POST /users/u5/passphrase | {"passphrase":"short"} | 400 json cv {"message":"passphrase passphrase is not >= 10 and <= 200 characters"}
M | POST /users/metrics/passphrase | {"passphrase":"MetricsMetrics"} | 403 - c
A | PUT /users/u5/passphrase | {"passphrase":"new passphrase"} | 405 - c
A | DELETE /users/u.x-y_z | | 204 json v
A | DELETE /users/u.x-y_z | | 404 json v
A | GET /namespaces | | 200 json v []
N | GET /users | | 403 - -
A | PUT /namespaces/ns1 | | 204 json v
A | PUT /namespaces/ns1 | | 400 json v {"message":"Namespace ns1 already exists"}
A | PUT /namespaces/a~b | | 400 json v {"message":"ID may only contain alphanumeric characters, underscores, dashes, and dots."}
A | GET /namespaces | | 200 json v [{"id":"ns1"}]
N | PUT /users/ns1~noper | {"realName":"no","role":"Operator","passphrase":"NOperatorNOper"} | 201 json vl
N | PUT /users/x | {"realName":"x","role":"Operator","passphrase":"0123456789"} | 403 json v {"message":"N-User trying to create user for another namespace"}
N | GET /users | | 200 json ve [{"user":"ns1~nadmin"},{"user":"ns1~noper"}]
N | POST /lock | | 403 - c
O | POST /random | {"length": -1} | 400 json cv {"message":"Invalid data for JSON schema: length must be between 1 and 1024."}
O | POST /random | {"length": 5.0} | 400 json cv *
O | POST /random | {"length": 1} | 200 json cv *
A | POST /random | {"length": 5} | 403 - c
A | POST /keys/generate | {"type":"EC_P256","mechanisms":["ECDSA_Signature"],"id":"p256"} | 201 json cvl {"id":"p256"}
A | POST /keys/generate | {"type":"EC_P256","mechanisms":["ECDSA_Signature"],"id":"p256"} | 400 json cv {"message":"Key with id p256 already exists"}
A | POST /keys/generate | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"id":""} | 201 json cvl {"id":"ID"}
A | POST /keys/generate | {"type":"RSA","mechanisms":["RSA_Signature_PKCS1"]} | 400 json cv {"message":"RSA key length must be between 1024 and 8192."}
A | POST /keys/generate | {"type":"RSA","mechanisms":[],"length":1024} | 400 json cv {"message":"Empty set of mechanisms"}
A | POST /keys/generate | {"type":"RSA","mechanisms":["EdDSA_Signature"],"length":1024} | 400 json cv {"message":"Mechanism does not match key type"}
A | POST /keys/generate | {"type":"RSA","mechanisms":["Foo"],"length":1024} | 400 json cv {"message":"Invalid data for JSON schema: Json.mechanism."}
A | POST /keys/generate | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"foo":1} | 400 json cv {"message":"Invalid data for JSON schema: Json.generate_key_req."}
A | POST /keys/generate | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"id":"glab","label":"a label"} | 201 json cvl {"id":"glab"}
A | POST /keys/generate | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"id":"x","label":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"} | 400 json cv {"message":"Invalid data for JSON schema: Label is too long, max 32 bytes."}
A | POST /keys/generate | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"id":"a b"} | 400 json cv {"message":"ID may only contain alphanumeric characters, underscores, dashes, and dots."}
A | POST /keys/generate | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"id":".a"} | 400 json cv {"message":"ID cannot start with underscore, dash, or dot."}
N | POST /keys/generate | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"id":"nk"} | 201 json cvl {"id":"nk"}
A | PUT /keys/ed | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"private":{"data":"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="}} | 204 json v
A | PUT /keys/ed | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"private":{"data":"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="}} | 400 json v {"message":"Key with id ed already exists"}
A | PUT /keys/x | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"private":{"data":"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"}} | 400 json v {"message":"Cannot parse point: invalid length"}
A | PUT /keys/x | {"type":"EC_P256","mechanisms":["ECDSA_Signature"],"private":{"data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}} | 400 json v {"message":"Cannot parse point: invalid range"}
A | PUT /keys/x | {"type":"EC_P256","mechanisms":["ECDSA_Signature"],"private":{"data":"//////////////////////////////////////////8="}} | 400 json v {"message":"Cannot parse point: invalid range"}
A | PUT /keys/x | {"type":"RSA","mechanisms":["RSA_Signature_PKCS1"]} | 400 json v {"message":"Invalid data for JSON schema: Json.private_key_req.priv."}
A | GET /keys/ed | | 200 json ve {"mechanisms":["EdDSA_Signature"],"type":"Curve25519","operations":0,"public":{"data":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},"restrictions":{}}
O | GET /keys/ed | | 200 json ve *
M | GET /keys/ed | | 403 - -
A | GET /keys/nope | | 404 json v
A | GET /keys/-x | | 400 json v {"message":"ID cannot start with underscore, dash, or dot."}
A | GET /keys/nk | | 404 json v
N | GET /keys | | 200 json ve [{"id":"nk"}]
O | GET /keys?filter | | 200 json v *
A | GET /keys?label=a%20label | | 200 json ve [{"id":"glab"}]
A | GET /keys?label=zzz | | 200 json ve []
M | GET /keys | | 403 - -
O | GET /keys/ed/public.pem | | 200 pem ve *
A | GET /keys/nope/public.pem | | 404 pem v
O | POST /keys/ed/sign | {"mode":"EdDSA","message":""} | 200 json cv {"signature":"5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="}
O | POST /keys/ed/sign | {"mode":"FOO","message":"LXEW"} | 400 json cv {"message":"Invalid data for JSON schema: Json.sign_mode."}
O | POST /keys/p256/sign | {"mode":"ECDSA","message":""} | 400 json cv {"message":"digested data of invalid size"}
O | POST /keys/p256/sign | {"mode":"ECDSA","message":"YWFhYWFhYWFhYWFhYWFhYWFhYWE="} | 400 json cv *
O | POST /keys/p256/sign | {"mode":"ECDSA","message":"LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE="} | 200 json cv *
O | POST /keys/p256/sign | {"mode":"EdDSA","message":"YQ=="} | 400 json cv {"message":"Key mechanisms do not allow requested signing."}
A | POST /keys/ed/sign | {"mode":"EdDSA","message":"YQ=="} | 403 - c
O | POST /keys/nope/sign | {"mode":"EdDSA","message":"YQ=="} | 404 json cv
- | POST /keys/ed/sign | {"mode":"EdDSA","message":"YQ=="} | 401 - c
O | POST /keys/ed/sign | {"mode":"EdDSA","message":"YQ==","foo":1} | 400 json cv {"message":"Invalid data for JSON schema: Json.sign_req."}
O | POST /keys/nk/sign | {"mode":"EdDSA","message":"YQ=="} | 404 json cv
A | DELETE /keys/ed/cert | | 404 json v {"message":"There is no certificate for this KeyID."}
A | PUT /keys/ed/restrictions/tags/t1 | | 204 json cv
A | PUT /keys/ed/restrictions/tags/t1 | | 304 json cv
A | PUT /keys/ed/restrictions/tags/-x | | 400 json cv {"message":"ID cannot start with underscore, dash, or dot."}
A | PUT /keys/nope/restrictions/tags/t | | 404 json cv {"message":"key not found"}
A | DELETE /keys/ed/restrictions/tags/zz | | 404 json cv
A | GET /keys/ed/restrictions/tags | | 404 - - Not found
O | POST /keys/ed/sign | {"mode":"EdDSA","message":"YQ=="} | 403 json cv {"message":"tags restriction not met"}
A | DELETE /keys/ed/restrictions/tags/t1 | | 204 json cv
A | DELETE /keys/glab | | 204 json v
A | DELETE /keys/glab | | 404 json v
A | GET /config/unattended-boot | | 200 json ve {"status":"off"}
A | PUT /config/unattended-boot | {"status":"on"} | 204 json v
A | GET /config/unattended-boot | | 200 json ve {"status":"on"}
A | PUT /config/unattended-boot | {"status":"off"} | 204 json v
A | PUT /config/unlock-passphrase | {"newPassphrase":"UnlockPassphrase2","currentPassphrase":"wrong"} | 403 json cv {"message":"unlock passphrase is incorrect."}
A | PUT /config/unlock-passphrase | {"newPassphrase":"short","currentPassphrase":"UnlockPassphrase"} | 400 json cv {"message":"passphrase passphrase is not >= 10 and <= 200 characters"}
A | PUT /config/unlock-passphrase | {"newPassphrase":"UnlockPassphrase2"} | 400 json cv {"message":"Invalid data for JSON schema: Json.passphrase_change_req.currentPassphrase."}
A | GET /system/info | | 200 json ve *
A | DELETE /namespaces/ns1 | | 204 json v
A | DELETE /namespaces/ns1 | | 404 json v
A | GET /users/ns1~nadmin | | 200 json ve {"realName":"ns1~nadmin","role":"Administrator"}
A | PUT /namespaces/ns1 | | 204 json v
N | GET /keys | | 200 json ve []
O | POST /lock | | 403 - c
A | GET /lock | | 405 - c
A | POST /lock | | 204 json cv
- | POST /provision | {} | 412 json c {"message":"Service not available"}
- | POST /unlock | {"passphrase":"wrong wrong wrong"} | 403 json cv {"message":"not authenticated"}
- | POST /unlock | {"passphrase":"unlock passphrase"} | 429 json cv {"message":"Service unavailable: too many requests"}
- | GET /health/state | | 200 json cv {"state":"Locked"}
"#;

/// The one value of `Vary`.
const VARY: &str = "Accept, Accept-Encoding, Accept-Charset, Accept-Language";

pub(crate) fn replay(desk: &Desk, lines: &str) {
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let mut parts = line.splitn(4, '|');
        let mut next = || parts.next().expect("four parts").trim();
        let (who, call, sent, expected) = (next(), next(), next(), next());
        let (method, path) = call.split_once(' ').expect("a call");
        let mut question = desk.ask(method, &format!("/api/v1{path}"));
        let pair = match who {
            "A" => Some(format!("admin:{ADMIN}")),
            "O" => Some(format!("operator:{OPERATOR}")),
            "M" => Some("metrics:MetricsMetrics".to_owned()),
            "B" => Some("backup:BackupBackup".to_owned()),
            "N" => Some("ns1~nadmin:NAdministrator".to_owned()),
            _ => None,
        };
        if let Some(pair) = pair {
            question = question.by(&pair);
        }
        if !sent.is_empty() {
            question = question.header("Content-Type", "application/json");
        }
        let reply = question.send(sent.as_bytes());

        let mut expected = expected.splitn(4, ' ');
        let mut next = || expected.next().unwrap_or_default();
        let (status, media_type, headers, body) = (next(), next(), next(), next());
        assert_eq!(reply.status.to_string(), status, "{line}\n{reply:#?}");
        let media_type = match media_type {
            "json" => Some("application/json"),
            "pem" => Some("application/x-pem-file"),
            _ => None,
        };
        assert_eq!(
            reply.header("content-type"),
            media_type,
            "{line}\n{reply:#?}"
        );
        let flags = [
            ("c", "cache-control", Some("no-cache")),
            ("v", "vary", Some(VARY)),
            ("e", "etag", None),
            ("l", "location", None),
        ];
        for (flag, name, always) in flags {
            let value = reply.header(name);
            let is_right = match always {
                Some(_) if headers.contains(flag) => value == always,
                _ => value.is_some() == headers.contains(flag),
            };
            assert!(is_right, "{name}: {line}\n{reply:#?}");
        }
        for (name, refusal) in [("allow", "405"), ("www-authenticate", "401")] {
            let is_there = reply.header(name).is_some();
            assert_eq!(is_there, status == refusal, "{name}: {line}\n{reply:#?}");
        }
        if body == r#"{"id":"ID"}"# {
            assert_eq!(
                reply.body.len(),
                r#"{"id":""}"#.len() + 20,
                "{line}\n{reply:#?}"
            );
        } else if body != "*" {
            assert_eq!(reply.body, body, "{line}\n{reply:#?}");
        }
    }
}

#[test]
fn a_fresh_device_answers_like_the_real_one() {
    replay(&Desk::new(), FRESH);
}

#[test]
fn a_device_at_work_answers_like_the_real_one() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    add_user(&admin, "metrics", UserRole::Metrics, "MetricsMetrics");
    add_user(
        &admin,
        "ns1~nadmin",
        UserRole::Administrator,
        "NAdministrator",
    );
    replay(&desk, AT_WORK);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    desk.client()
        .unlock(crate::device::passphrase(UNLOCK))
        .expect("unlocked");
    certificates(&desk);
    media_types(&desk);
    logins(&desk);
}

#[test]
fn a_refusal_is_seen_by_who_sends_too_much() {
    let desk = Desk::new();
    let large = vec![b'x'; (1 << 20) + 1];
    for _ in 0..20 {
        assert_eq!(
            desk.ask("POST", "/api/v1/provision").send(&large).status,
            413
        );
        let chunk = [b"100001\r\n", large.as_slice(), b"\r\n0\r\n\r\n"].concat();
        let question = desk.ask("POST", "/api/v1/provision");
        let question = question.header("Transfer-Encoding", "chunked");
        assert_eq!(question.send(&chunk).status, 413);
    }
}

fn as_admin(question: Question) -> Question {
    question.by(&format!("admin:{ADMIN}"))
}

fn certificates(desk: &Desk) {
    let cert = |method: &str| as_admin(desk.ask(method, "/api/v1/keys/ed/cert"));
    let octets = |question: Question| question.header("Content-Type", "application/octet-stream");
    assert_eq!(cert("PUT").send(b"x").status, 415);
    let reply = octets(cert("PUT")).send(b"certificate bytes");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (201, Some("application/octet-stream"))
    );
    let reply = octets(cert("PUT")).send(b"other");
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (409, r#"{"message":"Key already contains a certificate"}"#)
    );
    let reply = cert("GET").send(b"");
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, "certificate bytes")
    );
    assert_eq!(
        cert("GET")
            .header("Accept", "application/json")
            .send(b"")
            .status,
        406
    );
    let reply = cert("DELETE").send(b"");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (204, Some("application/octet-stream"))
    );
    let large = vec![b'x'; 1 << 20];
    assert_eq!(octets(cert("PUT")).send(&large).status, 201);
    let larger = vec![b'x'; (1 << 20) + 1];
    assert_eq!(octets(cert("PUT")).send(&larger).status, 413);
    let nope = as_admin(desk.ask("PUT", "/api/v1/keys/nope/cert"));
    let reply = octets(nope).send(b"x");
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (404, r#"{"message":"keyID not found"}"#)
    );
}

fn media_types(desk: &Desk) {
    let info = || desk.ask("GET", "/api/v1/info");
    assert_eq!(
        info().header("Accept-Encoding", "gzip").send(b"").status,
        200
    );
    let reply = info().header("Accept-Encoding", "identity;q=0").send(b"");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (406, Some("application/json"))
    );
    assert_eq!(
        info()
            .header("Accept", "text/html, */*;q=0.1")
            .send(b"")
            .status,
        200
    );
    assert_eq!(info().header("Accept", "text/html").send(b"").status, 406);
    let tag = info().send(b"").header("etag").expect("a tag").to_owned();
    let reply = info().header("If-None-Match", &tag).send(b"");
    assert_eq!((reply.status, reply.body.as_str()), (304, ""));
    assert_eq!(info().header("If-None-Match", "*").send(b"").status, 304);
    assert_eq!(
        info().header("If-None-Match", "\"zzz\"").send(b"").status,
        200
    );
    assert_eq!(info().header("If-Match", "\"zzz\"").send(b"").status, 412);

    let user = br#"{"realName":"u","role":"Operator","passphrase":"0123456789"}"#;
    let put = || as_admin(desk.ask("PUT", "/api/v1/users/u9"));
    assert_eq!(
        put().header("Content-Type", "text/plain").send(user).status,
        415
    );
    assert_eq!(put().send(user).status, 415);
    let sign = desk
        .ask("POST", "/api/v1/keys/ed/sign")
        .by(&format!("operator:{OPERATOR}"));
    let sign = sign.header("Content-Type", "text/plain");
    assert_eq!(
        sign.send(br#"{"mode":"EdDSA","message":"YQ=="}"#).status,
        200
    );
    let long = format!("/api/v1/keys?{}", "x".repeat(2000));
    assert_eq!(desk.ask("GET", &long).send(b"").status, 414);
    assert_eq!(desk.ask("GET", "/").send(b"").status, 200);
    assert_eq!(desk.ask("GET", "/api/v2/info").send(b"").status, 404);
    assert_eq!(desk.ask("GET", "/api/v1/info/").send(b"").status, 200);
    assert_eq!(desk.ask("GET", "/api/v1//info").send(b"").status, 404);
}

fn logins(desk: &Desk) {
    let invalid = Some("Basic realm=\"invalid authorization\"");
    for value in [
        "Basic !!!",
        "Basic YWRtaW4=",
        "basic YWRtaW46eA==",
        "Bearer x",
    ] {
        let reply = desk
            .ask("GET", "/api/v1/users")
            .header("Authorization", value)
            .send(b"");
        assert_eq!(
            (reply.status, reply.header("www-authenticate")),
            (401, invalid),
            "{value}"
        );
    }
    let reply = desk.ask("GET", "/api/v1/users").send(b"");
    assert_eq!(
        reply.header("www-authenticate"),
        Some("Basic realm=\"NetHSM\"")
    );

    let right = || desk.ask("GET", "/api/v1/users/u5").by("u5:new passphrase");
    assert_eq!(right().send(b"").status, 200);
    let reply = desk.ask("GET", "/api/v1/users/u5").by("u5:wrong").send(b"");
    assert_eq!(
        (reply.status, reply.header("www-authenticate")),
        (401, invalid)
    );
    let reply = right().send(b"");
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (429, r#"{"message":"Too many requests"}"#)
    );
    desk.admin().state().expect("others are heard");
    login(&desk.client(), "operator", OPERATOR)
        .random(1)
        .expect("others are heard");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(right().send(b"").status, 200);
}
