//! Every row of the table has its method.

use std::collections::BTreeSet;

use nethsm::client::{Client, Error};
use nethsm::cluster::JoinCluster;
use nethsm::config::{GenerateTlsKey, LogLevel, Logging, Network, Ntp};
use nethsm::csr::DistinguishedName;
use nethsm::key::{
    DecryptMode, DecryptRequest, EncryptMode, EncryptRequest, GenerateKey, ImportKey, ImportPem,
    KeyLabel, KeyType, PemArguments, PrivateKeyData, Restrictions, TlsKeyType,
};
use nethsm::octets::SecretOctets;
use nethsm::passphrase::Passphrase;
use nethsm::path::Resource;
use nethsm::query::KeyFilter;
use nethsm::system::{Provision, Switch};
use nethsm::table::TABLE;
use nethsm::time::DeviceTime;
use nethsm::transfer::RestoreArguments;
use nethsm::user::{NewUser, UserRole};

use crate::device::{Device, Request, empty, json};
use crate::question;

fn secret() -> Passphrase {
    Passphrase::new("0123456789".to_owned())
}

fn now() -> DeviceTime {
    "2026-11-22T18:11:29Z".parse().expect("a time")
}

/// What a method answers does not matter here: it is always a failure of the device.
fn call_everything(client: &Client) -> Vec<Error> {
    let key = "k".parse().expect("a name");
    let user = "u".parse().expect("a name");
    let namespace = "ns".parse().expect("a name");
    let tag = "t".parse().expect("a name");
    let member = "8e9e05c52164694d".parse().expect("a name");
    let url: nethsm::cluster::PeerUrl = "https://192.0.2.1:2380".parse().expect("an address");
    let subject = DistinguishedName::default();
    let mut errors = Vec::new();
    macro_rules! fails {
        ($($call:expr;)+) => { $( errors.push($call.expect_err("the device fails")); )+ };
    }
    fails! {
        client.info();
        client.alive();
        client.ready();
        client.state();
        client.diagnose();
        client.metrics();
        client.provision(&Provision {
            unlock_passphrase: secret(),
            admin_passphrase: secret(),
            system_time: now(),
        });
        client.unlock(secret());
        client.lock();
        client.random(1);
        client.keys();
        client.add_key(&import());
        client.generate_key(&GenerateKey::new(KeyType::Curve25519, Vec::new()));
        client.keys_from(&"k".parse().expect("a name"), &KeyFilter::default());
        client.key(&key);
        client.put_key(&key, &import());
        client.put_key_pem(&key, &pem());
        client.delete_key(&key);
        client.set_label(&key, KeyLabel::default());
        client.delete_label(&key);
        client.public_pem(&key);
        client.key_csr(&key, &subject);
        client.decrypt(&key, &DecryptRequest {
            mode: DecryptMode::Raw,
            encrypted: Vec::new().into(),
            iv: None,
        });
        client.encrypt(&key, &EncryptRequest {
            mode: EncryptMode::AesCbc,
            message: SecretOctets::new(Vec::new()),
            iv: None,
        });
        client.sign(&key, &question());
        client.certificate(&key);
        client.put_certificate(&key, Vec::new());
        client.delete_certificate(&key);
        client.rename_key(&key, "l".parse().expect("a name"));
        client.put_key_tag(&key, &tag);
        client.delete_key_tag(&key, &tag);
        client.force_new_cluster();
        client.join_cluster(&JoinCluster {
            members: Vec::new(),
            joiner_kit: String::new(),
            backup_passphrase: secret(),
        });
        client.members();
        client.add_member(vec![url.clone()]);
        client.promote_member(&member);
        client.set_member(&member, vec![url]);
        client.delete_member(&member);
        client.namespaces();
        client.put_namespace(&namespace);
        client.delete_namespace(&namespace);
        client.users();
        client.add_user(&new_user());
        client.user(&user);
        client.put_user(&user, &new_user());
        client.add_user_in(&namespace, &new_user());
        client.delete_user(&user);
        client.set_user_passphrase(&user, secret());
        client.user_tags(&user);
        client.put_user_tag(&user, &tag);
        client.delete_user_tag(&user, &tag);
        client.set_unlock_passphrase(secret(), secret());
        client.unattended_boot();
        client.set_unattended_boot(Switch::On);
        client.tls_public_pem();
        client.tls_certificate();
        client.set_tls_certificate(String::new());
        client.tls_csr(&subject);
        client.generate_tls_key(&GenerateTlsKey { key_type: TlsKeyType::EcP256, length: None });
        client.cluster_ca();
        client.set_cluster_ca(String::new());
        client.network();
        client.set_network(&network());
        client.logging();
        client.set_logging(&logging());
        client.set_backup_passphrase(secret(), secret());
        client.ntp();
        client.set_ntp(&Ntp::default());
        client.time();
        client.set_time(now());
        client.system_info();
        client.reboot();
        client.shutdown();
        client.factory_reset();
        client.update(&mut b"update".as_slice());
        client.commit_update();
        client.cancel_update();
        client.backup(&mut Vec::new());
        client.restore(&RestoreArguments::default(), &mut b"backup".as_slice());
    }
    errors
}

fn import() -> ImportKey {
    ImportKey {
        mechanisms: Vec::new(),
        key_type: KeyType::Curve25519,
        private: PrivateKeyData::default(),
        restrictions: Restrictions::default(),
        label: KeyLabel::default(),
    }
}

fn pem() -> ImportPem {
    ImportPem {
        arguments: PemArguments::default(),
        key: SecretOctets::new(b"pem".to_vec()),
    }
}

fn new_user() -> NewUser {
    NewUser {
        real_name: String::new(),
        role: UserRole::Operator,
        passphrase: secret(),
    }
}

fn network() -> Network {
    Network {
        ip_address: [192, 0, 2, 1].into(),
        netmask: [255, 255, 255, 0].into(),
        gateway: [0, 0, 0, 0].into(),
        ipv6: None,
    }
}

fn logging() -> Logging {
    Logging {
        ip_address: [192, 0, 2, 1].into(),
        port: 514,
        log_level: LogLevel::Info,
    }
}

fn row_of(request: &Request) -> &'static str {
    let mut words = request.line.split(' ');
    let method = words.next().expect("a method").parse().expect("a method");
    let path = words.next().and_then(|path| path.strip_prefix("/api/v1"));
    let path = path.and_then(|path| path.split('?').next());
    let resource = Resource::at(path.expect("a path")).expect("a resource");
    let row = resource.row(method).expect("a row");
    let given = request.header("content-type");
    let given = given.map(|given| given.split(';').next().expect("a media type"));
    let fits = [row.question, row.alternative]
        .iter()
        .any(|kind| kind.media_type() == given);
    assert!(fits, "{}: {given:?}", row.name);
    row.name
}

#[test]
fn every_row_has_a_method() {
    let device = Device::replying(vec![empty(500)]);
    for error in call_everything(&device.client()) {
        assert!(
            matches!(error, Error::Server { status: 500, .. }),
            "{error:?}"
        );
    }
    let called: BTreeSet<_> = device.seen().requests.iter().map(row_of).collect();
    let in_table: BTreeSet<_> = TABLE
        .iter()
        .map(|row| row.name)
        // `POST /users/{UserID}` is one resource with the name of a user.
        .collect();
    assert_eq!(called, in_table);
}

#[test]
fn a_list_can_be_filtered() {
    let device = Device::replying(vec![json(200, r#"[{"id":"a"}]"#)]);
    let client = device.client();
    let filter = KeyFilter {
        usable: true,
        label: Some("a label ✓".to_owned()),
    };
    client.keys_like(&filter).expect("a list");
    let prefix = "a.b".parse().expect("a name");
    client
        .keys_from(&prefix, &KeyFilter::default())
        .expect("a list");
    let seen = device.seen();
    let lines: Vec<_> = seen.requests.iter().map(|request| &*request.line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/keys?filter=&label=a%20label%20%E2%9C%93 HTTP/1.1",
            "GET /api/v1/keys/a.b* HTTP/1.1",
        ]
    );
}

#[test]
fn a_key_in_pem_goes_in_two_parts() {
    let device = Device::replying(vec![empty(204)]);
    let key = "k".parse().expect("a name");
    device.client().put_key_pem(&key, &pem()).expect("done");
    let seen = device.seen();
    let request = &seen.requests[0];
    let boundary = "nethsm-part-00000000";
    assert_eq!(
        request.header("content-type"),
        Some(&*format!("multipart/form-data; boundary={boundary}"))
    );
    assert_eq!(
        request.body,
        format!(
            "--{boundary}\r\n\
             Content-Disposition: form-data; name=\"arguments\"\r\n\
             Content-Type: application/json\r\n\r\n\
             {{\"mechanisms\":[]}}\r\n\
             --{boundary}\r\n\
             Content-Disposition: form-data; name=\"key_file\"; filename=\"key_file\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n\
             pem\r\n\
             --{boundary}--\r\n"
        )
    );
}
