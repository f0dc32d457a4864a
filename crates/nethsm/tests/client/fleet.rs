//! Several devices as one: who is asked, who is left alone, and what is asked once only.

use nethsm::client::{Client, Error, Fleet, FleetError, Order};
use nethsm::key::{GenerateKey, KeyType};
use nethsm::system::SystemState;
use nethsm::table::{GetState, MakeKey, Sign};

use crate::device::{Device, Reply, empty, json};
use crate::{OPERATIONAL, operator, question};

const SIGNATURE: &str = r#"{"signature":"AQID"}"#;

fn fleet(devices: &[&Device], order: Order) -> Fleet {
    let clients: Vec<Client> = devices.iter().map(|device| device.client()).collect();
    Fleet::new(clients, order).as_user(operator())
}

fn sign(fleet: &Fleet) -> Result<String, FleetError> {
    let answered = fleet.call::<Sign>(&"k".parse().expect("a name"), &question())?;
    assert_eq!(answered.answer.signature.0, [1, 2, 3]);
    Ok(answered.by.to_string())
}

fn url(device: &Device) -> String {
    format!("https://{}/api/v1", device.address)
}

fn asked(device: &Device) -> usize {
    device.seen().requests.len()
}

#[test]
fn a_signature_comes_from_the_next_device_when_one_fails() {
    for failure in [
        empty(503),
        json(412, r#"{"message":"Service not available"}"#),
        Reply::Raw(Vec::new()),
    ] {
        let bad = Device::replying(vec![failure]);
        let good = Device::replying(vec![json(200, SIGNATURE)]);
        let fleet = fleet(&[&bad, &good], Order::Listed);
        assert_eq!(sign(&fleet).expect("a signature"), url(&good));
        // The second time the bad one is left alone.
        assert_eq!(sign(&fleet).expect("a signature"), url(&good));
        assert_eq!((asked(&bad), asked(&good)), (1, 2));
        let conditions = fleet.conditions();
        assert_eq!(conditions[0].1.failures, 1);
        assert!(conditions[0].1.left_alone_until.is_some());
        assert!(conditions[0].1.last_error.is_some());
        assert_eq!(conditions[1].1, Default::default());
    }
}

#[test]
fn a_refusal_is_not_asked_of_another() {
    for status in [400, 401, 403, 404, 429] {
        let first = Device::replying(vec![empty(status)]);
        let second = Device::replying(vec![json(200, SIGNATURE)]);
        let fleet = fleet(&[&first, &second], Order::Listed);
        let error = sign(&fleet).expect_err("refused");
        assert!(matches!(&error, FleetError::One { by, .. } if by.to_string() == url(&first)));
        assert_eq!((asked(&first), asked(&second)), (1, 0));
        assert_eq!(fleet.conditions()[0].1.failures, 0);
    }
}

#[test]
fn what_changes_something_is_asked_once_only() {
    for failure in [empty(500), Reply::Raw(Vec::new())] {
        let first = Device::replying(vec![json(200, OPERATIONAL), failure]);
        let second = Device::replying(vec![json(200, OPERATIONAL), json(201, r#"{"id":"k"}"#)]);
        let fleet = fleet(&[&first, &second], Order::Listed);
        let key = GenerateKey::new(KeyType::Curve25519, Vec::new());
        let error = fleet.call::<MakeKey>(&(), &key).expect_err("unknown");
        assert!(matches!(error, FleetError::One { .. }), "{error:?}");
        assert_eq!((asked(&first), asked(&second)), (2, 0));
    }
}

#[test]
fn what_changes_something_is_asked_of_one_that_is_operational() {
    let locked = Device::replying(vec![json(200, r#"{"state":"Locked"}"#)]);
    let good = Device::replying(vec![json(200, OPERATIONAL), json(201, r#"{"id":"k"}"#)]);
    let fleet = fleet(&[&locked, &good], Order::Listed);
    let key = GenerateKey::new(KeyType::Curve25519, Vec::new());
    let answered = fleet.call::<MakeKey>(&(), &key).expect("a key");
    assert_eq!(answered.by.to_string(), url(&good));
    assert_eq!((asked(&locked), asked(&good)), (1, 2));
}

#[test]
fn the_load_is_shared_in_turn() {
    let devices: Vec<Device> = (0..3)
        .map(|_| Device::replying(vec![json(200, SIGNATURE)]))
        .collect();
    let all: Vec<&Device> = devices.iter().collect();
    let fleet = fleet(&all, Order::RoundRobin);
    for _ in 0..6 {
        sign(&fleet).expect("a signature");
    }
    assert!(devices.iter().all(|device| asked(device) == 2));
}

#[test]
fn all_failing_is_told_one_by_one() {
    let first = Device::replying(vec![empty(500)]);
    let second = Device::replying(vec![empty(502)]);
    let both = fleet(&[&first, &second], Order::Listed);
    let FleetError::All(errors) = sign(&both).expect_err("none") else {
        panic!("all failed");
    };
    assert!(matches!(errors[0].1, Error::Server { status: 500, .. }));
    assert!(matches!(errors[1].1, Error::Server { status: 502, .. }));
    // Both are left alone now, and asked nevertheless.
    sign(&both).expect_err("none");
    assert_eq!((asked(&first), asked(&second)), (2, 2));
    let empty = fleet(&[], Order::RoundRobin);
    assert!(matches!(sign(&empty), Err(FleetError::Empty)));
}

#[test]
fn a_check_brings_a_device_back() {
    let device = Device::replying(vec![empty(500), json(200, OPERATIONAL)]);
    let fleet = fleet(&[&device], Order::Listed);
    fleet.call::<GetState>(&(), &()).expect_err("failed");
    assert_eq!(fleet.conditions()[0].1.failures, 1);
    let states = fleet.check();
    assert!(matches!(states[0].1, Ok(SystemState::Operational)));
    assert_eq!(fleet.conditions()[0].1, Default::default());
}
