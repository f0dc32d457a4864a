//! Who may be taken for the device.

use nethsm::client::{BadTls, Client, Error, Options, Tls, Url};
use nethsm::system::SystemState;
use rustls::version::{TLS12, TLS13};

use crate::device::{Device, Key, Manners, json};
use crate::{OPERATIONAL, operator};

#[test]
fn a_pinned_certificate_is_enough() {
    let device = Device::replying(vec![json(200, OPERATIONAL)]);
    let state = device.client().state().expect("an answer");
    assert_eq!(state, SystemState::Operational);
    assert_eq!(
        device.seen().requests[0].line,
        "GET /api/v1/health/state HTTP/1.1"
    );
}

#[test]
fn another_pin_is_another_device() {
    let device = Device::replying(vec![json(200, OPERATIONAL)]);
    let client = device
        .client_with(&Tls::Pin(vec![[7; 32]]), &Options::default())
        .as_user(operator());
    let error = client.state().expect_err("another certificate");
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert!(!error.is_retryable());
    assert!(device.seen().requests.is_empty(), "nothing was asked");
}

#[test]
fn showing_the_pinned_certificate_without_its_key_is_not_enough() {
    for version in [&TLS13, &TLS12] {
        let manners = Manners {
            versions: vec![version],
            key: Key::Foreign,
        };
        let device = Device::with(&manners, vec![json(200, OPERATIONAL)]);
        for tls in [
            Tls::pin(&device.certificate),
            Tls::Ca(device.authority.clone().into_bytes()),
            Tls::Insecure,
        ] {
            let client = device.client_with(&tls, &Options::default());
            let error = client.state().expect_err("somebody else's certificate");
            assert!(matches!(error, Error::Tls { .. }), "{tls}: {error:?}");
        }
        assert!(device.seen().requests.is_empty(), "nothing was asked");
    }
}

#[test]
fn tls_1_2_is_spoken_too() {
    let manners = Manners {
        versions: vec![&TLS12],
        key: Key::Own,
    };
    let device = Device::with(&manners, vec![json(200, OPERATIONAL)]);
    device.client().state().expect("an answer");
}

#[test]
fn an_authority_can_vouch_for_the_name_in_the_address() {
    let device = Device::replying(vec![json(200, OPERATIONAL)]);
    let other = Device::replying(vec![json(200, OPERATIONAL)]);
    let ca = |device: &Device| Tls::Ca(device.authority.clone().into_bytes());
    let options = Options::default();

    device
        .client_with(&ca(&device), &options)
        .state()
        .expect("vouched for");
    for tls in [ca(&other), Tls::System] {
        let Ok(client) = Client::new(&address(&device, "127.0.0.1"), &tls) else {
            continue; // A system without any authority cannot vouch either.
        };
        let error = client.state().expect_err("a stranger");
        assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    }
    let by_name = Client::new(&address(&device, "localhost"), &ca(&device)).expect("a client");
    by_name.state().expect("vouched for");
    let elsewhere = Client::new(&address(&device, "127.0.0.2"), &ca(&device)).expect("a client");
    let error = elsewhere
        .state()
        .expect_err("no such name in the certificate");
    assert!(
        matches!(error, Error::Tls { .. } | Error::Unreachable { .. }),
        "{error:?}"
    );
}

fn address(device: &Device, host: &str) -> Url {
    format!("https://{host}:{}/api/v1/", device.address.port())
        .parse()
        .expect("a URL")
}

#[test]
fn an_authority_may_stand_in_a_file() {
    let device = Device::replying(vec![json(200, OPERATIONAL)]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &device.authority).expect("written");
    let tls: Tls = format!("ca:{}", file.display()).parse().expect("a mode");
    device
        .client_with(&tls, &Options::default())
        .state()
        .expect("vouched for");

    let missing = Tls::CaFile(folder.path().join("missing.pem"));
    let error = Client::new(&address(&device, "localhost"), &missing).expect_err("no file");
    assert!(matches!(error, BadTls::File { .. }), "{error:?}");
    let error = Client::new(&address(&device, "localhost"), &Tls::Ca(Vec::new()));
    assert!(matches!(error, Err(BadTls::Empty)), "{error:?}");
}

#[test]
fn insecure_takes_any_certificate() {
    let device = Device::replying(vec![json(200, OPERATIONAL)]);
    device
        .client_with(&Tls::Insecure, &Options::default())
        .state()
        .expect("an answer");
}
