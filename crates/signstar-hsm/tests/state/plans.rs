//! What a plan says.

use std::collections::BTreeMap;

use nethsm::{
    key::{KeyMechanism, KeyType},
    system::SystemState,
    user::UserRole,
};
use signstar_hsm::state::{
    Action, Condition, Content, Desired, FoundKey, FoundUser, Login, Observed, ObservedDevice,
    Plan, Slot, plan,
};

use crate::wishes::{device, everything, id, path};

fn found(condition: Condition) -> ObservedDevice {
    ObservedDevice {
        shown: Some("0a".repeat(32)),
        condition,
    }
}

fn two_devices(first: Condition, second: Condition) -> (Desired, Plan) {
    let mut desired = everything();
    let pin = "0a".repeat(32);
    desired.devices = vec![
        device("https://192.0.2.10/api/v1", Some(&pin)),
        device("https://192.0.2.11/api/v1", Some(&pin)),
    ];
    let observed = Observed {
        devices: vec![found(first), found(second)],
        ..Observed::default()
    };
    let plan = plan(&desired, &observed);
    (desired, plan)
}

#[test]
fn the_first_day_reads_well() {
    let (_, plan) = two_devices(Condition::Unprovisioned, Condition::Unprovisioned);
    assert_eq!(plan.to_string(), include_str!("first_day.txt"));
}

#[test]
fn a_plan_is_json_for_programs() {
    let (_, plan) = two_devices(Condition::Unprovisioned, Condition::Unprovisioned);
    let json = serde_json::to_value(&plan).expect("JSON");
    let first = serde_json::json!({
        "device": "https://192.0.2.10/api/v1", "action": "provision",
    });
    assert_eq!(json["steps"][0], first);
    let steps = json["steps"].as_array().expect("steps").iter();
    let keys: Vec<_> = steps
        .filter(|step| step["action"] == "generate-key")
        .collect();
    let packages = serde_json::json!({
        "device": "https://192.0.2.10/api/v1", "action": "generate-key", "key": "packages",
        "key_type": "Curve25519", "mechanisms": ["EdDSA_Signature"], "tags": ["packages"],
    });
    assert_eq!(*keys[0], packages);
    assert_eq!(keys[1]["key"], "ns~iso");
    assert_eq!(json["notes"][0]["note"], "look-again");
}

#[test]
fn what_a_locked_device_has_is_not_guessed() {
    for (first, second) in [
        (Condition::Locked, Condition::Unprovisioned),
        (Condition::Unprovisioned, Condition::Locked),
    ] {
        let (_, plan) = two_devices(first, second);
        assert_eq!(plan.steps.len(), 1, "{plan}");
        assert_eq!(plan.steps[0].action, Action::Unlock);
        assert_eq!(plan.notes.len(), 2, "{plan}");
    }
}

#[test]
fn what_stands_in_the_way_says_what_to_do() {
    let mut desired = everything();
    desired.devices = vec![
        device("https://192.0.2.11/api/v1", Some(&"0a".repeat(32))),
        device("https://192.0.2.10/api/v1", None),
    ];
    let mut content = Content::default();
    let admin = FoundUser {
        role: UserRole::Administrator,
        tags: Default::default(),
        login: Login::Current,
    };
    let watch = FoundUser {
        role: UserRole::Operator,
        ..admin.clone()
    };
    content.users = BTreeMap::from([
        (id("admin"), admin.clone()),
        (id("watch"), watch),
        (id("nobody"), admin),
    ]);
    content
        .namespaces
        .insert("ns".parse().expect("a namespace"));
    let key = FoundKey {
        key_type: KeyType::Rsa,
        length: Some(2048),
        mechanisms: [KeyMechanism::RsaSignaturePkcs1].into(),
        tags: Default::default(),
        public: Some("x".to_owned()),
        slot: Slot::Other,
    };
    content.keys = BTreeMap::from([(path("packages"), key.clone()), (path("other"), key)]);
    let observed = Observed {
        devices: vec![
            found(Condition::Operational(Box::new(content))),
            ObservedDevice {
                shown: Some("0b".repeat(32)),
                condition: Condition::Unknown(Some(SystemState::Operational)),
            },
        ],
        ..Observed::default()
    };
    let plan = plan(&desired, &observed);
    let told: String = plan
        .to_string()
        .lines()
        .filter(|line| line.starts_with("refused") || line.starts_with("note"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(told, include_str!("in_the_way.txt"));
}
