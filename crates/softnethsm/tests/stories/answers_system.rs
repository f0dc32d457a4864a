//! The same answer to the same question, of settings and of the system: see [`crate::answers`].

use nethsm::user::UserRole;

use crate::answers::replay;
use crate::device::{ADMIN, Desk, add_user};

const FRESH: &str = r#"
- | GET /health/diagnose | | 200 json cv {"clusterLogs":[],"clusterState":{"running":true}}
- | POST /system/reboot | | 412 json c {"message":"Service not available"}
- | POST /system/factory-reset | | 412 json c {"message":"Service not available"}
- | POST /system/backup | | 412 json c {"message":"Service not available"}
- | POST /system/update | | 412 json c {"message":"Service not available"}
- | POST /cluster/force-new | | 412 json c {"message":"Service not available"}
- | GET /metrics | | 412 json c {"message":"Service not available"}
"#;

const AT_WORK: &str = r#"
- | GET /health/diagnose | | 401 - c
A | GET /health/diagnose | | 200 json cv {"clusterLogs":[],"clusterState":{"running":true}}
M | GET /metrics | | 200 json cv *
A | GET /metrics | | 403 - c
A | GET /config/network | | 200 json ve {"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"0.0.0.0"}
A | PUT /config/network | {"ipAddress":"192.168.1.1","netmask":"255.255.255.0"} | 400 json v {"message":"Invalid data for JSON schema: Json.network_api.gateway."}
A | PUT /config/network | {"ipAddress":"192.168.1.1","netmask":"255.0.255.0","gateway":"0.0.0.0"} | 400 json v {"message":"Ipaddr: invalid netmask"}
A | PUT /config/network | {"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"0.0.0.0","ipv6":{"cidr":"fc00::2/64","gateway":null}} | 204 json v
A | GET /config/network | | 200 json ve {"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"0.0.0.0","ipv6":{"cidr":"fc00::2/64","gateway":null}}
A | PUT /config/network | {"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"0.0.0.0","ipv6":null} | 204 json v
A | GET /config/network | | 200 json ve {"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"0.0.0.0"}
O | GET /config/network | | 403 - -
A | GET /config/logging | | 200 json ve {"ipAddress":"0.0.0.0","port":514,"logLevel":"info"}
A | PUT /config/logging | {"ipAddress":"loghost","port":514,"logLevel":"warning"} | 400 json v {"message":"Invalid data for JSON schema: Ipaddr: not an IPv4 address: invalid character 'l' at 0\nnot an IPv6 address: not enough data."}
A | PUT /config/logging | {"ipAddress":"0.0.0.0","port":99999,"logLevel":"debug"} | 204 json v
A | GET /config/logging | | 200 json ve {"ipAddress":"0.0.0.0","port":99999,"logLevel":"debug"}
A | GET /config/ntp | | 200 json ve {}
A | PUT /config/ntp | {"ntpIP":"192.0.2.1"} | 204 json v
A | GET /config/ntp | | 200 json ve {"ntpIP":"192.0.2.1"}
A | PUT /config/time | {"time":"2026-11-22T18:11:44Z"} | 204 json cv
A | PUT /config/time | {"time":"2026-11-22T18:11:44+00:00"} | 204 json cv
A | PUT /config/time | {"time":"2026-01-01T00:00:00+02:00"} | 400 json cv {"message":"Invalid data for JSON schema: Error while parsing timestamp. Offset must be 0.."}
A | PUT /config/backup-passphrase | {"newPassphrase":"backupPassphrase","currentPassphrase":""} | 204 json cv
A | PUT /config/backup-passphrase | {"newPassphrase":"backupPassphrase","currentPassphrase":"x"} | 403 json cv {"message":"backup passphrase is incorrect."}
A | GET /config/tls/public.pem | | 200 pem ve *
A | GET /config/tls/cert.pem | | 200 pem ve *
A | POST /config/tls/csr.pem | {"commonName":"n"} | 200 pem cv *
A | POST /config/tls/csr.pem | {} | 400 json cv {"message":"Invalid data for JSON schema: Json.subject_req.commonName."}
A | POST /config/tls/csr.pem | {"commonName":""} | 200 pem cv *
A | POST /config/tls/generate | {"type":"Generic","length":256} | 400 json cv {"message":"Unsupported key type '\"Generic\"' for TLS"}
A | GET /config/tls/cluster-ca.pem | | 404 json v {"message":"cluster CA is absent unless configured"}
A | GET /system/info | | 200 json ve *
A | POST /system/update | | 400 json cv {"message":"Invalid update file"}
A | POST /system/commit-update | | 412 json cv {"message":"No update available. Please upload a system image to /system/update."}
A | POST /system/cancel-update | | 412 json cv {"message":"No update available. Please upload a system image to /system/update."}
A | POST /system/backup | | 403 - c
O | POST /system/restore | | 403 - c
O | GET /cluster/members | | 403 - -
A | GET /cluster/members | | 200 json v *
A | POST /cluster/members | {"urls":["https://192.0.2.1:2380"]} | 400 json v {"message":"cluster error: backend is not etcd"}
A | DELETE /cluster/members/1 | | 400 json v {"message":"cluster error: backend is not etcd"}
O | POST /system/shutdown | | 403 - c
- | POST /system/shutdown | | 401 - c
"#;

#[test]
fn a_fresh_device_answers_like_the_real_one() {
    let desk = Desk::new();
    replay(&desk, FRESH);
    for (arguments, backup, answer) in [
        (
            "{}",
            b"not a backup at all".as_slice(),
            "Not a NetHSM backup file",
        ),
        ("{}", b"short", "Unexpected end of data"),
        (
            "{}",
            b"_NETHSM_BACKUP_\x07\x00\x00\x01a\x00\x00\x01a",
            "Version mismatch on restore, provided backup version is 7, server expects one of \
             [ 0 1]",
        ),
        (
            "{}",
            b"_NETHSM_BACKUP_\x01\x00\x00\x01a\x00\x00\x01a\x00\x00\x01a\x00\x00\x01a",
            "No backupPassphrase provided",
        ),
    ] {
        let reply = desk
            .ask("POST", "/api/v1/system/restore")
            .header("Content-Type", "multipart/form-data; boundary=probe")
            .send(&parts(arguments, backup));
        assert_eq!(
            (reply.status, reply.body),
            (400, format!("{{\"message\":\"{answer}\"}}"))
        );
    }
    // Some clients send a line end before the first delimiter.
    let body = [b"\r\n", parts("{}", b"not a backup at all").as_slice()].concat();
    let reply = desk
        .ask("POST", "/api/v1/system/restore")
        .header("Content-Type", "multipart/form-data; boundary=probe")
        .send(&body);
    assert_eq!(reply.body, r#"{"message":"Not a NetHSM backup file"}"#);
    let reply = desk.ask("POST", "/api/v1/system/restore").send(b"x");
    assert_eq!((reply.status, reply.body.as_str()), (415, ""));
}

/// Two parts, the second with a name that no description has.
fn parts(arguments: &str, backup: &[u8]) -> Vec<u8> {
    let head = format!(
        "--probe\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\n{arguments}\r\n\
         --probe\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n"
    );
    [head.as_bytes(), backup, b"\r\n--probe--\r\n"].concat()
}

#[test]
fn a_device_at_work_answers_like_the_real_one() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    add_user(&admin, "metrics", UserRole::Metrics, "MetricsMetrics");
    add_user(&admin, "backup", UserRole::Backup, "BackupBackup");
    replay(&desk, AT_WORK);

    let backup = || {
        let question = desk.ask("POST", "/api/v1/system/backup");
        question.by("backup:BackupBackup")
    };
    let reply = backup().send(b"");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/octet-stream"))
    );
    assert!(reply.header("vary").is_some());
    let reply = backup().header("Accept", "application/json").send(b"");
    assert_eq!((reply.status, reply.body.as_str()), (406, ""));

    let put = || {
        let question = desk.ask("PUT", "/api/v1/config/tls/cert.pem");
        question.by(&format!("admin:{ADMIN}"))
    };
    let reply = put().send(b"x");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (415, Some("application/x-pem-file"))
    );
    let pem = put().header("Content-Type", "application/x-pem-file");
    let reply = pem.send(b"");
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (400, r#"{"message":"empty certificate chain"}"#)
    );
}
