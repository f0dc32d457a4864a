//! Settings, metrics, the log, the clock, and the power switch.

use std::net::UdpSocket;
use std::time::Duration;

use nethsm::client::Error;
use nethsm::config::{LogLevel, Logging, Ntp};
use nethsm::system::SystemState;
use nethsm::user::UserRole;

use crate::device::{ADMIN, Desk, Process, add_user, client, login, set_up};

#[test]
fn settings_outlive_a_restart() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    let mut network = admin.network().expect("shown");
    assert_eq!(network.ip_address.to_string(), "192.168.1.1");
    network.ip_address = [10, 0, 0, 7].into();
    network.ipv6 = Some(nethsm::config::Ipv6Network {
        cidr: "fc00::2/64".parse().expect("a network"),
        gateway: None,
    });
    admin.set_network(&network).expect("set");
    let ntp = Ntp {
        ntp_ip: Some([192, 0, 2, 1].into()),
        nts_name: Some("time.example".to_owned()),
    };
    admin.set_ntp(&ntp).expect("set");
    let time = "2040-05-06T07:08:09Z".parse().expect("a time");
    admin.set_time(time).expect("set");

    let desk = desk.restarted();
    desk.client()
        .unlock(crate::device::passphrase(crate::device::UNLOCK))
        .expect("unlocked");
    let admin = desk.admin();
    assert_eq!(admin.network().expect("shown"), network);
    assert_eq!(admin.ntp().expect("shown"), ntp);
    let passed = admin.time().expect("a time").0.as_second() - time.0.as_second();
    assert!((0..30).contains(&passed), "{passed} s");
}

#[test]
fn the_log_goes_where_it_is_told() {
    let host = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    host.set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    let desk = Desk::at_work();
    let admin = desk.admin();
    let mut wish = Logging {
        ip_address: [127, 0, 0, 1].into(),
        port: host.local_addr().expect("an address").port().into(),
        log_level: LogLevel::Info,
    };
    admin.set_logging(&wish).expect("set");
    add_user(&admin, "audited", UserRole::Operator, "OperatorOperator");
    let line = || {
        let mut packet = [0; 2048];
        let length = host.recv(&mut packet).expect("a packet");
        String::from_utf8(packet[..length].to_vec()).expect("text")
    };
    // The provisioned clock says 2026-01-31.
    let first = line();
    assert!(first.starts_with("<30>Jan 31 12:0"), "{first}");
    assert!(
        first.ends_with("info: admin 127.0.0.1 PUT /api/v1/config/logging 204"),
        "{first}"
    );
    let second = line();
    let number = |line: &str| -> u64 {
        let (_, rest) = line.split_once('[').expect("a number");
        let (number, _) = rest.split_once(']').expect("a number");
        number.parse().expect("a number")
    };
    assert_eq!(number(&second), number(&first) + 1);
    assert!(
        second.ends_with("PUT /api/v1/users/audited 201 /api/v1/users/audited"),
        "{second}"
    );

    wish.log_level = LogLevel::Warning;
    admin.set_logging(&wish).expect("set");
    admin.keys().expect("keys");
    let refused = login(&desk.client(), "audited", "OperatorOperator").users();
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    let warning = line();
    assert!(warning.starts_with("<28>"), "{warning}");
    assert!(
        warning.ends_with("warning: audited 127.0.0.1 GET /api/v1/users 403"),
        "{warning}"
    );
}

#[test]
fn a_log_can_have_only_what_is_said_at_any_level() {
    let host = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    host.set_nonblocking(true).expect("a socket");
    let desk = Desk::at_work();
    let admin = desk.admin();
    let wish = Logging {
        ip_address: [127, 0, 0, 1].into(),
        port: host.local_addr().expect("an address").port().into(),
        log_level: LogLevel::App,
    };
    admin.set_logging(&wish).expect("set");
    assert_eq!(admin.logging().expect("as set"), wish);
    let refused = login(&desk.client(), "admin", "not the passphrase").users();
    assert!(matches!(refused, Err(Error::Unauthorized)), "{refused:?}");
    // What is sent on loopback is there before the answer is.
    assert!(host.recv(&mut [0; 2048]).is_err());
}

#[test]
fn counters_match_what_happened() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    add_user(&admin, "metrics", UserRole::Metrics, "MetricsMetrics");
    let metrics = login(&desk.client(), "metrics", "MetricsMetrics");
    let count = |name: &str| -> Option<u64> {
        let counters = metrics.metrics().expect("counters");
        counters.get(name).map(|value| value.parse().expect(name))
    };
    assert_eq!(count("sign"), None);
    let (writes, created) = (count("kv write"), count("http response 201"));
    let mut wish = nethsm::key::GenerateKey::new(
        nethsm::key::KeyType::Curve25519,
        vec![nethsm::key::KeyMechanism::EdDsaSignature],
    );
    wish.id = Some("k".parse().expect("a name"));
    let key = admin.generate_key(&wish).expect("made");
    assert_eq!(count("kv write"), writes.map(|writes| writes + 1));
    assert_eq!(
        count("http response 201"),
        created.map(|created| created + 1)
    );
    let wish = nethsm::key::SignRequest {
        mode: nethsm::key::SignMode::EdDsa,
        message: b"x".to_vec().into(),
    };
    for _ in 0..3 {
        desk.operator().sign(&key, &wish).expect("signed");
    }
    assert_eq!((count("sign"), count("generate")), (Some(3), Some(1)));
    let warnings = count("log warnings");
    assert!(admin.metrics().is_err());
    assert_eq!(count("log warnings"), warnings.map(|warnings| warnings + 1));
    for name in ["uptime", "gc major bytes", "http response total"] {
        assert!(count(name).is_some(), "{name}");
    }
}

#[test]
fn a_device_of_its_own_has_one_member() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    let members = admin.members().expect("members");
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].urls[0].as_str(), "https://192.168.1.1:2380");
    let urls = vec!["https://192.0.2.1:2380".parse().expect("a URL")];
    let refused = [
        admin.add_member(urls.clone()).map(|_| ()),
        admin.set_member(&members[0].id, urls),
        admin.promote_member(&members[0].id),
        admin.delete_member(&members[0].id),
    ];
    for refused in refused {
        assert!(
            matches!(&refused, Err(Error::BadRequest { message })
                if message == "cluster error: backend is not etcd"),
            "{refused:?}"
        );
    }
    assert!(matches!(admin.force_new_cluster(), Err(Error::WrongState)));
    assert!(admin.diagnose().expect("a diagnosis").cluster_state.running);
}

#[test]
fn a_reset_leaves_nothing() {
    let desk = Desk::at_work();
    let before = desk.admin().tls_certificate().expect("shown");
    desk.admin().factory_reset().expect("reset");
    let device = desk.client();
    assert_eq!(device.state().expect("a state"), SystemState::Unprovisioned);
    set_up(&device);
    let admin = desk.admin();
    assert!(admin.keys().expect("keys").is_empty());
    assert_eq!(admin.users().expect("users").len(), 2);
    assert_ne!(admin.tls_certificate().expect("shown"), before);
    let desk = desk.restarted();
    assert_eq!(desk.client().state().expect("a state"), SystemState::Locked);
}

#[test]
fn a_shutdown_ends_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Process::start(folder.path(), &[]);
    let device = client(folder.path(), process.port);
    // Anybody may, until the device is at work.
    set_up(&device);
    assert!(matches!(device.shutdown(), Err(Error::Unauthorized)));
    login(&device, "admin", ADMIN).shutdown().expect("answered");
    assert_eq!(process.ended(), Some(0));

    let mut process = Process::start(folder.path(), &[]);
    client(folder.path(), process.port)
        .shutdown()
        .expect("answered");
    assert_eq!(process.ended(), Some(0));
}
