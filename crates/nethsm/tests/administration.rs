//! Configuration, clusters, transfers and metrics as the device itself writes them.

use nethsm::body::{BadBody, Body};
use nethsm::cluster::{Diagnosis, JoinCluster, Member, MemberAdded, MemberUrls};
use nethsm::config::{Clock, GenerateTlsKey, Ipv6Cidr, Logging, Network, NewBackupPassphrase, Ntp};
use nethsm::csr::DistinguishedName;
use nethsm::id::{Created, KeyId};
use nethsm::key::{
    DecryptRequest, Decrypted, EncryptRequest, Encrypted, ImportPem, MoveKey, NewLabel,
    PemArguments,
};
use nethsm::metrics::Metrics;
use nethsm::multipart::{self, BadMultipart};
use nethsm::octets::SecretOctets;
use nethsm::query::{self, KeyFilter};
use nethsm::transfer::{ReleaseNotes, Restore, RestoreArguments};
use proptest::prelude::{any, prop_assert_eq, proptest};

/// Reads a body and writes it again: it must be what it was, byte for byte.
fn same<T: Body>(text: &str) -> T {
    let value = T::from_bytes(text.as_bytes()).expect(text);
    let written = value.to_bytes().expect("writable");
    assert_eq!(std::str::from_utf8(&written), Ok(text));
    value
}

fn refused<T: Body>(text: &str) {
    assert!(T::from_bytes(text.as_bytes()).is_err(), "{text}");
}

#[test]
fn configuration_reads_as_it_is_written() {
    same::<Network>(r#"{"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"0.0.0.0"}"#);
    let network = same::<Network>(concat!(
        r#"{"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"0.0.0.0","#,
        r#""ipv6":{"cidr":"fc00::2/64","gateway":null}}"#,
    ));
    let ipv6 = network.ipv6.expect("IPv6");
    assert_eq!((ipv6.cidr.prefix, ipv6.gateway), (64, None));
    same::<Network>(concat!(
        r#"{"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"192.168.1.9","#,
        r#""ipv6":{"cidr":"fc00::2/64","gateway":"fc00::1"}}"#,
    ));
    same::<Logging>(r#"{"ipAddress":"0.0.0.0","port":514,"logLevel":"info"}"#);
    same::<Logging>(r#"{"ipAddress":"192.168.1.1","port":70000,"logLevel":"warning"}"#);
    same::<Ntp>("{}");
    same::<Ntp>(r#"{"ntpIP":"192.168.1.1","ntsName":"nts.example.com"}"#);
    same::<Clock>(r#"{"time":"2026-11-22T18:11:44Z"}"#);
    same::<NewBackupPassphrase>(r#"{"newPassphrase":"backupPassphrase","currentPassphrase":""}"#);
    same::<GenerateTlsKey>(r#"{"type":"RSA","length":2048}"#);
    same::<GenerateTlsKey>(r#"{"type":"EC_P256"}"#);
}

#[test]
fn configuration_is_read_strictly() {
    refused::<Network>(r#"{"ipAddress":"192.168.1.1","netmask":"255.255.255.0"}"#);
    refused::<Network>(
        r#"{"ipAddress":"192.168.1.256","netmask":"255.255.255.0","gateway":"0.0.0.0"}"#,
    );
    refused::<Network>(concat!(
        r#"{"ipAddress":"192.168.1.1","netmask":"255.255.255.0","gateway":"0.0.0.0","#,
        r#""ipv6":{"cidr":"fc00::2/64"}}"#,
    ));
    refused::<Logging>(r#"{"ipAddress":"loghost","port":514,"logLevel":"warning"}"#);
    refused::<Logging>(r#"{"ipAddress":"0.0.0.0","port":514,"logLevel":"loud"}"#);
    refused::<Clock>(r#"{"time":"2026-01-01T00:00:00+02:00"}"#);
    refused::<GenerateTlsKey>(r#"{"type":"Generic","length":256}"#);
    for bad in [
        "fc00::2",
        "fc00::2/129",
        "fc00::2/",
        "fc00::2/+4",
        "192.168.1.1/24",
    ] {
        assert!(bad.parse::<Ipv6Cidr>().is_err(), "{bad}");
    }
}

#[test]
fn signing_requests_leave_empty_texts_out() {
    same::<DistinguishedName>(r#"{"commonName":"n"}"#);
    same::<DistinguishedName>(r#"{"commonName":"n","subjectAltNames":[]}"#);
    same::<DistinguishedName>(concat!(
        r#"{"countryName":"DE","localityName":"Berlin","organizationName":"Example","#,
        r#""commonName":"nethsm.example","emailAddress":"info@example.org","#,
        r#""subjectAltNames":["example.com","IP:192.168.1.1"]}"#,
    ));
    refused::<DistinguishedName>("{}");
    refused::<DistinguishedName>(r#"{"commonName":"n","surname":"x"}"#);
}

#[test]
fn ciphers_labels_and_moves() {
    same::<EncryptRequest>(r#"{"mode":"AES_CBC","message":"YWFhYWFhYWFhYWFhYWFhYQ=="}"#);
    same::<Encrypted>(r#"{"encrypted":"AQ==","iv":"AAAAAAAAAAAAAAAAAAAAAA=="}"#);
    same::<DecryptRequest>(
        r#"{"mode":"AES_CBC","encrypted":"AQEBAQEBAQEBAQEBAQEBAQ==","iv":"AAAAAAAAAAAAAAAAAAAAAA=="}"#,
    );
    same::<DecryptRequest>(r#"{"mode":"RAW","encrypted":""}"#);
    let decrypted = same::<Decrypted>(r#"{"decrypted":"B6P5H/4wtDroqmfQ+7x2Uw=="}"#);
    assert_eq!(decrypted.decrypted.expose().len(), 16);
    assert!(!format!("{decrypted:?}").contains("163"));
    same::<NewLabel>(r#"{"label":"L1"}"#);
    same::<MoveKey>(r#"{"newId":"g1-moved"}"#);
    same::<Created<KeyId>>(r#"{"id":"g1-moved"}"#);
    refused::<NewLabel>(r#""L1""#);
    let Err(BadBody::Json(error)) = MoveKey::from_bytes(br#"{"newId":"-"}"#) else {
        panic!("no name");
    };
    assert!(error.to_string().starts_with("ID cannot start with"));
}

#[test]
fn a_cluster_reads_as_it_is_written() {
    same::<Vec<Member>>(concat!(
        r#"[{"id":"8e9e05c52164694d","name":"default","#,
        r#""urls":["https://192.168.1.1:2380"],"learner":false}]"#,
    ));
    same::<MemberUrls>(r#"{"urls":["https://192.168.1.2:2380"]}"#);
    same::<MemberAdded>(r#"{"members":[],"joinerKit":"e30="}"#);
    same::<JoinCluster>(concat!(
        r#"{"members":[{"name":"a","urls":["https://192.168.1.1:2380"]}],"#,
        r#""joinerKit":"e30=","backupPassphrase":"backupPassphrase"}"#,
    ));
    refused::<MemberUrls>(r#"{"urls":["http://192.168.1.2:2380"]}"#);
    refused::<MemberUrls>(r#"{"urls":["https://"]}"#);
    let diagnosis = same::<Diagnosis>(concat!(
        r#"{"clusterLogs":[{"level":"error","msg":"Mock: no etcd"}],"#,
        r#""clusterState":{"running":false}}"#,
    ));
    assert!(!diagnosis.cluster_state.running);
    same::<Diagnosis>(concat!(
        r#"{"clusterLogs":[],"clusterSnapshot":{"hash":1,"revision":2,"totalKey":3,"totalSize":4,"#,
        r#""version":"3.6"},"clusterState":{"exited":1,"running":false}}"#,
    ));
}

#[test]
fn metrics_are_texts_and_may_be_numbers() {
    let metrics = same::<Metrics>(r#"{"http response 200":"7","sign":"12","uptime":"93"}"#);
    assert_eq!(metrics.get("sign"), Some("12"));
    assert_eq!(metrics.get("decrypt"), None);
    let metrics = Metrics::from_bytes(br#"{"keyOperations":1132412,"x":-1,"y":0.5}"#);
    let metrics = metrics.expect("readable");
    assert_eq!(metrics.get("keyOperations"), Some("1132412"));
    assert_eq!(metrics.get("y"), Some("0.5"));
    refused::<Metrics>(r#"{"x":null}"#);
}

#[test]
fn transfers_have_small_questions() {
    same::<ReleaseNotes>(r#"{"releaseNotes":"Some new feature is available."}"#);
    same::<RestoreArguments>("{}");
    same::<RestoreArguments>(
        r#"{"backupPassphrase":"backupPassphrase","systemTime":"2026-11-22T18:11:29Z"}"#,
    );
    refused::<RestoreArguments>(r#"{"passphrase":"backupPassphrase"}"#);
}

const RESTORE: &str = concat!(
    "--probe7MA4YWxk\r\nContent-Disposition: form-data; name=\"arguments\"\r\n\r\n{}\r\n",
    "--probe7MA4YWxk\r\nContent-Disposition: form-data; name=\"backup\"; filename=\"f\"\r\n",
    "Content-Type: application/octet-stream\r\n\r\nnot a backup at all\r\n--probe7MA4YWxk--\r\n",
);

#[test]
fn two_parts_as_others_write_them() {
    let restore = Restore::from_bytes(RESTORE.as_bytes()).expect("two parts");
    assert_eq!(restore.backup.0, b"not a backup at all");
    assert_eq!(
        multipart::content_type(RESTORE.as_bytes()).as_deref(),
        Ok("multipart/form-data; boundary=probe7MA4YWxk")
    );
    // What stands before the first delimiter line means nothing.
    let later = format!("to whom it may concern\r\n{RESTORE}");
    assert_eq!(
        multipart::read(later.as_bytes()),
        multipart::read(RESTORE.as_bytes())
    );
    assert_eq!(
        multipart::boundary_of("multipart/form-data; charset=x; Boundary=\"a b\""),
        Some("a b")
    );
    assert_eq!(multipart::boundary_of("application/json"), None);
}

#[test]
fn the_parts_of_a_key_are_told_apart_by_the_order_of_their_names() {
    let key = "--b\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\nPEM\r\n";
    let arguments = "--b\r\ncontent-disposition: form-data; name=a\r\n\r\n{\"mechanisms\":[]}\r\n";
    for body in [
        format!("{key}{arguments}--b--"),
        format!("{arguments}{key}--b--\r\n"),
    ] {
        let import = ImportPem::from_bytes(body.as_bytes()).expect("two parts");
        assert_eq!(import.key.expose(), b"PEM");
    }
}

#[test]
fn what_is_not_two_parts_says_why() {
    let bad = |body: &str| match Restore::from_bytes(body.as_bytes()) {
        Err(BadBody::Multipart(bad)) => bad,
        other => panic!("{other:?}"),
    };
    assert_eq!(bad(""), BadMultipart::Delimiter);
    assert_eq!(bad("x"), BadMultipart::Delimiter);
    assert_eq!(bad(&RESTORE[..RESTORE.len() - 4]), BadMultipart::Delimiter);
    assert_eq!(bad("--b\r\n\r\nx\r\n--b--"), BadMultipart::Name);
    let one = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{}\r\n--b--\r\n";
    assert_eq!(bad(one), BadMultipart::Count);
}

proptest! {
    #[test]
    fn any_two_parts_survive(key in any::<Vec<u8>>()) {
        // Also a key that holds the boundary that would be taken first.
        let key = [&b"nethsm-part-00000000"[..], &key].concat();
        let arguments = PemArguments::default();
        let import = ImportPem { arguments, key: SecretOctets::new(key.clone()) };
        let bytes = import.to_bytes().expect("writable");
        let read = ImportPem::from_bytes(&bytes).expect("readable");
        prop_assert_eq!(read.key.expose(), &*key);
    }

    #[test]
    fn nothing_breaks_the_reader(body in any::<Vec<u8>>(), near in "(--b\r\n|[a:;=\" ]|\r\n|--)*") {
        let _ = multipart::read(&body);
        let _ = multipart::read(near.as_bytes());
    }

    #[test]
    fn any_filter_survives(usable in any::<bool>(), label in any::<Option<String>>()) {
        let filter = KeyFilter { usable, label };
        let text = query::write(&filter);
        let read: KeyFilter = query::read(text.strip_prefix('?').unwrap_or_default());
        prop_assert_eq!(read, filter);
    }
}
