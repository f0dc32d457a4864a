//! A YubiHSM2 and its client as somebody else wrote them, with ours at the other end.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use nethsm::passphrase::Passphrase;
use signstar::{
    config::Hsm,
    sign::{Message, PublicKey},
};
use signstar_hsm::yubihsm2::{
    administration::{Administrator, FACTORY_KEY, FACTORY_PASSWORD},
    command::{Algorithm, Command, label},
    object::{Capabilities, Description, Domains, ObjectType},
    wrapped::WrapKey,
};
use yubihsm::{
    Capability, Client, Connector, Credentials, Domain, HttpConfig, asymmetric, authentication,
    object,
};
use yubihsm_mock::Kind;

use crate::{
    openssl,
    suite::{self, Bench, Whole, conduct, messages},
    yubihsm_mock::{Mock, OPERATOR, PASSWORD, SERIAL, empty, yubihsm2},
    yubihsm2::silent,
};

const LONG: Duration = Duration::from_secs(60);

/// The client of somebody else, at our device.
#[test]
fn the_client_of_others_uses_our_device() {
    let mut objects = empty();
    objects.generate("ed25519", Kind::Ed25519).expect("made");
    objects.generate("p384", Kind::P384).expect("made");
    let mock = Mock::with(objects);
    let (addr, port) = mock.address().rsplit_once(':').expect("both");
    let connector = Connector::http(&HttpConfig {
        addr: addr.to_owned(),
        port: port.parse().expect("a number"),
        timeout_ms: 5000,
    });
    let credentials = Credentials::from_password(OPERATOR, PASSWORD.as_bytes());
    let client = Client::open(connector, credentials, false).expect("a session");
    let info = client.device_info().expect("told");
    assert_eq!(info.serial_number.to_string(), format!("{SERIAL:010}"));
    for (name, public) in mock.keys() {
        let label = object::Label::from_bytes(name.as_bytes()).expect("a label");
        let filters = [
            object::Filter::Type(object::Type::AsymmetricKey),
            object::Filter::Label(label),
        ];
        let found = client.list_objects(&filters).expect("listed");
        let [entry] = &found[..] else {
            panic!("{found:?}");
        };
        let message = messages(&public, "a text").remove(0);
        let signature = match &message {
            Message::Ed25519(text) => {
                let signed = client.sign_ed25519(entry.object_id, &text[..]);
                signed.expect("signed").to_bytes().to_vec()
            }
            message => client
                .sign_ecdsa_prehash_raw(entry.object_id, message.as_octets())
                .expect("signed"),
        };
        openssl::accepts(&public, &message, &signature).expect(&name);
        let shown = client.get_public_key(entry.object_id).expect("shown");
        let (_, ours) = mock.device.public(&name).expect("there");
        assert_eq!(shown.bytes, ours);
    }
}

/// Our client, at the device of somebody else.
#[test]
fn our_client_uses_the_device_of_others() {
    let device = Connector::mockhsm();
    let admin = Client::open(device.clone(), Credentials::default(), false).expect("a session");
    let label = |text: &str| object::Label::from_bytes(text.as_bytes()).expect("a label");
    admin
        .put_authentication_key(
            OPERATOR,
            label("operator"),
            Domain::DOM1,
            Capability::SIGN_EDDSA | Capability::SIGN_ECDSA,
            Capability::empty(),
            authentication::Algorithm::YubicoAes,
            authentication::Key::derive_from_password(PASSWORD.as_bytes()),
        )
        .expect("put");
    let kinds = [
        (7, "ed25519", asymmetric::Algorithm::Ed25519),
        (8, "p256", asymmetric::Algorithm::EcP256),
    ];
    for (id, name, algorithm) in kinds {
        admin
            .generate_asymmetric_key(
                id,
                label(name),
                Domain::DOM1,
                Capability::SIGN_EDDSA | Capability::SIGN_ECDSA,
                algorithm,
            )
            .expect("made");
    }
    let (listener, address) = silent();
    let of_connector = device.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let device = of_connector.clone();
            thread::spawn(move || relay(stream.expect("a connection"), &device));
        }
    });
    // What is in there is in the file with the passphrase only.
    let mock = Mock::with(empty());
    let hsm = yubihsm2(&address, "0123456789", 30);
    for (id, name, _) in kinds {
        let public = signstar_hsm::public_key(&mock.key(name), &hsm).expect("read");
        let public = public.expect("it signs");
        let shown = admin.get_public_key(id).expect("shown");
        assert!(
            matches!(&public, PublicKey::Ed25519(octets) | PublicKey::P256(octets)
            if octets.ends_with(&shown.bytes))
        );
        let (conduct, _) = conduct(Some(public.clone()), LONG);
        let signer = suite::open(&mock.key(name), &hsm, conduct);
        for message in messages(&public, "a text") {
            let signature = signer.sign(&message).unwrap_or_else(|error| {
                panic!("{name}: {}", Whole(&error));
            });
            openssl::accepts(&public, &message, &signature).expect(name);
        }
    }
}

/// What administrators do, at the device of somebody else.
#[test]
fn our_administrator_uses_the_device_of_others() {
    let others = Connector::mockhsm();
    let (listener, address) = silent();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let device = others.clone();
            thread::spawn(move || relay(stream.expect("a connection"), &device));
        }
    });
    let Hsm::YubiHsm2(device) = yubihsm2(&address, "0123456789", 30) else {
        panic!("a YubiHSM2");
    };
    let factory = Passphrase::new(FACTORY_PASSWORD.to_owned());
    let wrong = Passphrase::new("another".to_owned());
    let refused = Administrator::log_in(&device, FACTORY_KEY, &wrong).expect_err("refused");
    assert!(refused.is_no_login(), "{refused}");
    let mut session = Administrator::log_in(&device, FACTORY_KEY, &factory).expect("logged in");
    let [new] = &session.objects().expect("listed")[..] else {
        panic!("one authentication key");
    };
    assert_eq!(new.of_type, ObjectType::AUTHENTICATION_KEY);
    assert_eq!(new.description.id, FACTORY_KEY);

    let described = |id, text, algorithm, capabilities: Capabilities| Description {
        id,
        label: label(text).expect("a label"),
        domains: Domains(1),
        capabilities,
        algorithm,
    };
    // It brings Ed25519 back as another key.
    let exportable = Capabilities::SIGN_ECDSA.and(Capabilities::EXPORTABLE_UNDER_WRAP);
    let key = described(100, "packages", Algorithm::P256, exportable);
    session.generate(&key).expect("made");
    let authentication = Algorithm::AES128_AUTHENTICATION;
    let operator = described(2, "packages", authentication, Capabilities::SIGN_ECDSA);
    let passphrase = Passphrase::new("a passphrase".to_owned());
    session
        .put_authentication_key(&operator, Capabilities::NONE, &passphrase)
        .expect("put");
    Administrator::log_in(&device, 2, &passphrase).expect("logged in");
    let objects = session.objects().expect("listed");
    let of = |id| {
        let mut objects = objects.iter();
        objects.find(|info| info.description.id == id)
    };
    assert_eq!(of(100).expect("there").description, key);
    assert_eq!(of(2).expect("there").description, operator);
    let public = session.public_key(100).expect("shown").expect("it signs");

    let wrap = Capabilities::EXPORT_WRAPPED.and(Capabilities::IMPORT_WRAPPED);
    let wrap = described(10, "backups", Algorithm::AES256_CCM, wrap);
    let secret = WrapKey::from_hex(&"5a".repeat(32)).expect("64 digits");
    session
        .put_wrap_key(&wrap, exportable, &secret)
        .expect("put");
    let kind = ObjectType::ASYMMETRIC_KEY;
    let exported = session.export(10, kind, 100).expect("exported");
    session.delete(kind, 100).expect("deleted");
    session.public_key(100).expect_err("deleted");
    session.import(10, &exported).expect("imported");
    let again = session.public_key(100).expect("shown").expect("it signs");
    assert!(again.is_same_as(&public));

    assert!(!session.is_audit_forced().expect("told"));
    session.force_audit().expect("set");
    assert!(session.is_audit_forced().expect("told"));
    session.audit(&[Command::SignEddsa]).expect("set");
    let audited = session.audited().expect("told");
    assert!(audited.contains(&Command::SignEddsa.code()));
}

/// The HTTP of a connector, as much as this needs: one question after the other.
fn relay(mut stream: TcpStream, device: &Connector) {
    let mut received = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let read = match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        received.extend(&buffer[..read]);
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&received[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.expect("told").trim().parse().expect("a number");
        if received.len() < end + 4 + length {
            continue;
        }
        let message = received.split_off(end + 4);
        received.clear();
        let answer = device.send_message(Default::default(), message.into());
        let answer: Vec<u8> = answer.expect("answered").into();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        let sent = stream.write_all(&[head.as_bytes(), &answer].concat());
        sent.expect("sent");
    }
}
