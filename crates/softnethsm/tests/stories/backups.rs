//! Backups: made, restored, and made by others.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use nethsm::backup::{Backup, BackupKey, Entry, Version};
use nethsm::client::{Client, Error};
use nethsm::id::KeyId;
use nethsm::key::{GenerateKey, KeyMechanism, KeyType, SignMode, SignRequest};
use nethsm::system::{Switch, SystemState};
use nethsm::transfer::RestoreArguments;
use nethsm::user::UserRole;
use softnethsm::{Device, Server};

use crate::device::{ADMIN, Desk, OPERATOR, Process, UNLOCK, add_user, client, login, passphrase};

pub(crate) const BACKUP: &str = "backup passphrase";
pub(crate) const KEEPER: &str = "keeper of backups";

pub(crate) fn arguments(text: &str) -> RestoreArguments {
    RestoreArguments {
        backup_passphrase: Some(passphrase(text)),
        system_time: None,
    }
}

pub(crate) fn make(admin: &Client, id: &str) -> KeyId {
    let mut wish = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
    wish.id = Some(id.parse().expect("a name"));
    admin.generate_key(&wish).expect("made")
}

pub(crate) fn sign(operator: &Client, key: &str) -> Result<Vec<u8>, Error> {
    let wish = SignRequest {
        mode: SignMode::EdDsa,
        message: b"x".to_vec().into(),
    };
    operator.sign(&key.parse().expect("a name"), &wish)
}

/// Gives a device a backup passphrase and a user who makes backups.
pub(crate) fn prepare(admin: &Client) {
    admin
        .set_backup_passphrase(passphrase(BACKUP), passphrase(""))
        .expect("set");
    add_user(admin, "keeper", UserRole::Backup, KEEPER);
}

pub(crate) fn back_up(device: &Client) -> Vec<u8> {
    let mut octets = Vec::new();
    login(device, "keeper", KEEPER)
        .backup(&mut octets)
        .expect("a backup");
    octets
}

pub(crate) fn restore(
    device: &Client,
    arguments: &RestoreArguments,
    octets: &[u8],
) -> Result<(), Error> {
    device.restore(arguments, &mut &*octets)
}

#[test]
fn a_backup_is_read_by_others() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    add_user(&admin, "keeper", UserRole::Backup, KEEPER);
    let keeper = login(&desk.client(), "keeper", KEEPER);
    assert!(matches!(
        keeper.backup(&mut Vec::new()),
        Err(Error::Refused { status: 412, .. })
    ));
    let wrong = admin.set_backup_passphrase(passphrase(BACKUP), passphrase("x"));
    assert!(matches!(wrong, Err(Error::Forbidden { .. })));
    admin
        .set_backup_passphrase(passphrase(BACKUP), passphrase(""))
        .expect("set");
    let again = admin.set_backup_passphrase(passphrase(BACKUP), passphrase(""));
    assert!(matches!(again, Err(Error::Forbidden { .. })));
    make(&admin, "k");
    admin
        .put_namespace(&"ns".parse().expect("a name"))
        .expect("created");

    let octets = back_up(&desk.client());
    assert!(octets.starts_with(b"_NETHSM_BACKUP_\x01"));
    assert!(octets.ends_with(b"\x00\x00\x00_NETHSM_BACKUP_END_"));
    let file = Backup::read(Cursor::new(octets)).expect("a backup");
    assert_eq!(file.version(), Version::V1);
    let key = BackupKey::derive(&passphrase(BACKUP), file.salt()).expect("a key");
    let mut file = file.open(&key).expect("opened");
    let info = admin.system_info().expect("shown");
    assert_eq!(file.device_id(), Some(info.device_id.as_str()));
    let keys = file.unlock(&passphrase(UNLOCK)).expect("unlocked");
    let mut found = Vec::new();
    for entry in file.entries(&keys).expect("rewound") {
        match entry.expect("whole") {
            Entry::User(user) => found.push(format!("user {}", user.id)),
            Entry::Key(key) => found.push(format!("key {}", key.id)),
            Entry::Namespace(id) => found.push(format!("namespace {id}")),
            Entry::Setting(setting) => found.push(format!("setting {}", setting.name)),
            Entry::StoreVersion { path, version } => found.push(format!("{path} = {version}")),
            Entry::Other { path } => found.push(path.replace(&info.device_id, "ID")),
            _ => {}
        }
    }
    assert_eq!(
        found,
        [
            "/.initialized",
            "/authentication/.version = 0",
            "user admin",
            "user keeper",
            "user operator",
            "setting backup-key",
            "setting backup-salt",
            "setting version",
            "/key/.version = 0",
            "key k",
            "setting certificate",
            "setting private-key",
            "setting time-offset",
            "setting unlock-salt",
            "/local/ID/domain-key/attended",
            "/namespace/.version = 0",
            "namespace ns",
        ]
    );
}

/// The users in a backup who can log in to a device: those whose digests it can check.
fn known_to_devices(octets: Vec<u8>) -> Vec<String> {
    let file = Backup::read(Cursor::new(octets)).expect("a backup");
    let key = BackupKey::derive(&passphrase(BACKUP), file.salt()).expect("a key");
    let mut file = file.open(&key).expect("opened");
    let keys = file.unlock(&passphrase(UNLOCK)).expect("unlocked");
    let entries = file.entries(&keys).expect("rewound");
    let users = entries.filter_map(|entry| match entry.expect("whole") {
        Entry::User(user) => Some(user),
        _ => None,
    });
    users
        .filter(|entry| {
            [ADMIN, OPERATOR, KEEPER]
                .iter()
                .any(|text| entry.user.has_passphrase(&passphrase(text)))
        })
        .map(|entry| entry.id.to_string())
        .collect()
}

#[test]
fn users_are_known_to_hardware_if_that_is_wanted() {
    let desk = Desk::at_work();
    prepare(&desk.admin());
    assert!(known_to_devices(back_up(&desk.client())).is_empty());

    let Desk { server, folder } = desk;
    server.stop().expect("stopped");
    let device = Device::open(folder.path()).expect("a device");
    let server = Server::start(device.with_portable_users(), "127.0.0.1:0", None);
    let desk = Desk {
        server: server.expect("a server"),
        folder,
    };
    desk.client().unlock(passphrase(UNLOCK)).expect("unlocked");
    desk.admin().keys().expect("logged in");
    // The keeper logs in to make the backup.
    assert_eq!(
        known_to_devices(back_up(&desk.client())),
        ["admin", "keeper"]
    );
    desk.operator().random(1).expect("logged in");
    let users = known_to_devices(back_up(&desk.client()));
    assert_eq!(users, ["admin", "keeper", "operator"]);
}

#[test]
fn another_device_takes_up_the_work() {
    let lost = Desk::at_work();
    prepare(&lost.admin());
    make(&lost.admin(), "k");
    let signature = sign(&lost.operator(), "k").expect("signed");
    let octets = back_up(&lost.client());

    let desk = Desk::new();
    let device = desk.client();
    let wrong = restore(&device, &arguments("wrong passphrase"), &octets);
    assert!(matches!(wrong, Err(Error::BadRequest { .. })), "{wrong:?}");
    let time = "2031-01-02T03:04:05Z".parse().expect("a time");
    let wish = RestoreArguments {
        system_time: Some(time),
        ..arguments(BACKUP)
    };
    restore(&device, &wish, &octets).expect("restored");
    assert_eq!(device.state().expect("a state"), SystemState::Locked);
    let again = restore(&device, &arguments(BACKUP), &octets);
    assert!(matches!(again, Err(Error::WrongState)));

    let desk = desk.restarted();
    desk.client().unlock(passphrase(UNLOCK)).expect("unlocked");
    assert_eq!(sign(&desk.operator(), "k").expect("signed"), signature);
    assert!(desk.admin().time().expect("a time") >= time);
    let key = desk.admin().key(&"k".parse().expect("a name"));
    assert_eq!(key.expect("shown").operations, 2);
    // It goes on making backups, with the passphrase that it was never told.
    let next = back_up(&desk.client());
    let file = Backup::read(Cursor::new(next)).expect("a backup");
    let key = BackupKey::derive(&passphrase(BACKUP), file.salt()).expect("a key");
    file.open(&key).expect("opened");
}

#[test]
fn the_same_device_gets_its_settings_back() {
    let desk = Desk::at_work();
    prepare(&desk.admin());
    let admin = desk.admin();
    let mut network = admin.network().expect("shown");
    network.gateway = [192, 168, 1, 254].into();
    admin.set_network(&network).expect("set");
    admin.set_unattended_boot(Switch::On).expect("on");
    make(&admin, "k");
    let certificate = admin.tls_certificate().expect("shown");
    let octets = back_up(&desk.client());

    admin.factory_reset().expect("reset");
    let fresh = desk.client();
    assert_eq!(fresh.state().expect("a state"), SystemState::Unprovisioned);
    restore(&fresh, &arguments(BACKUP), &octets).expect("restored");
    // Unattended boot is on, and so is the certificate that clients know.
    let device = desk.client();
    assert_eq!(device.state().expect("a state"), SystemState::Operational);
    let admin = desk.admin();
    assert_eq!(admin.network().expect("shown"), network);
    assert_eq!(admin.tls_certificate().expect("shown"), certificate);
    sign(&desk.operator(), "k").expect("signed");
}

#[test]
fn a_device_at_work_goes_back_to_its_backup() {
    let desk = Desk::at_work();
    prepare(&desk.admin());
    let admin = desk.admin();
    make(&admin, "kept");
    let octets = back_up(&desk.client());
    make(&admin, "extra");
    add_user(&admin, "extra", UserRole::Operator, OPERATOR);
    admin
        .delete_key(&"kept".parse().expect("a name"))
        .expect("deleted");
    admin.set_unattended_boot(Switch::On).expect("on");

    // The passphrase is the one in force, so nobody has to tell it.
    restore(&admin, &RestoreArguments::default(), &octets).expect("restored");
    assert_eq!(
        desk.client().state().expect("a state"),
        SystemState::Operational
    );
    let admin = desk.admin();
    assert_eq!(
        admin.keys().expect("keys"),
        ["kept".parse::<KeyId>().expect("a name")]
    );
    assert_eq!(admin.users().expect("users").len(), 3);
    assert_eq!(admin.unattended_boot().expect("shown"), Switch::On);
    sign(&desk.operator(), "kept").expect("signed");

    // After a change of the backup passphrase it is not.
    admin
        .set_backup_passphrase(passphrase("another passphrase"), passphrase(BACKUP))
        .expect("changed");
    let untold = restore(&admin, &RestoreArguments::default(), &octets);
    assert!(
        matches!(untold, Err(Error::BadRequest { message }) if message == "No backupPassphrase provided")
    );
    restore(&admin, &arguments(BACKUP), &octets).expect("restored");
}

#[test]
fn another_domain_key_locks_the_device() {
    let other = Desk::at_work();
    prepare(&other.admin());
    make(&other.admin(), "k");
    other
        .admin()
        .set_unlock_passphrase(passphrase("the other passphrase"), passphrase(UNLOCK))
        .expect("changed");
    let octets = back_up(&other.client());

    let desk = Desk::at_work();
    desk.admin().set_unattended_boot(Switch::On).expect("on");
    restore(&desk.admin(), &arguments(BACKUP), &octets).expect("restored");
    let desk = desk.restarted();
    assert_eq!(desk.client().state().expect("a state"), SystemState::Locked);
    desk.client()
        .unlock(passphrase("the other passphrase"))
        .expect("unlocked");
    sign(&desk.operator(), "k").expect("signed");
    assert_eq!(desk.admin().unattended_boot().expect("shown"), Switch::Off);
}

#[test]
fn a_broken_backup_changes_nothing() {
    let desk = Desk::at_work();
    prepare(&desk.admin());
    make(&desk.admin(), "k");
    let octets = back_up(&desk.client());
    let admin = desk.admin();
    make(&admin, "later");
    for length in [0, 5, 16, 40, 200, octets.len() / 2, octets.len() - 1] {
        let cut = restore(&admin, &arguments(BACKUP), &octets[..length]);
        let Err(Error::BadRequest { message }) = cut else {
            panic!("{length}: {cut:?}");
        };
        assert_eq!(message, "Unexpected end of data", "{length}");
    }
    for place in [3, 100, octets.len() / 2, octets.len() - 40] {
        let mut damaged = octets.clone();
        damaged[place] ^= 1;
        let refused = restore(&admin, &arguments(BACKUP), &damaged);
        assert!(matches!(refused, Err(Error::BadRequest { .. })), "{place}");
    }
    assert_eq!(admin.keys().expect("keys").len(), 2);
    sign(&desk.operator(), "later").expect("signed");
}

/// A backup by a real device, if the folder that `NETHSM_BACKUPS` names, or the usual one, is there.
pub(crate) fn of_device(name: &str) -> Option<Vec<u8>> {
    let beside = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/reference/nethsm-backups"
    );
    let folder = std::env::var_os("NETHSM_BACKUPS").unwrap_or_else(|| beside.into());
    fs::read(PathBuf::from(folder).join(name)).ok()
}

#[expect(clippy::print_stdout, reason = "a test that is left out says why")]
pub(crate) fn skipped(name: &str) {
    println!("left out: there is no {name}; name its folder in NETHSM_BACKUPS");
}

#[test]
fn backups_of_devices_are_restored_and_their_keys_sign() {
    let files = [
        ("sdk_v0.bin", "backupbackup", "unlockunlock", "adminadmin"),
        ("sdk_v1.bin", "backupbackup", "unlockunlock", "adminadmin"),
        (
            "backup_v0_201.bin",
            "backupPassphrase",
            "UnlockPassphrase",
            "Administrator",
        ),
    ];
    for (name, backup, unlock, admin) in files {
        let Some(octets) = of_device(name) else {
            skipped(name);
            continue;
        };
        for into in [Desk::new(), Desk::at_work()] {
            let device = match into.client().state().expect("a state") {
                SystemState::Operational => into.admin(),
                _ => into.client(),
            };
            restore(&device, &arguments(backup), &octets).expect(name);
            let device = into.client();
            assert_eq!(device.state().expect("a state"), SystemState::Locked);
            device.unlock(passphrase(unlock)).expect("unlocked");
            let desk = into.restarted();
            desk.client().unlock(passphrase(unlock)).expect("unlocked");
            let operator = admin.replace("admin", "operator");
            let operator = operator.replace("Administrator", "OperatorOperator");
            let operator = login(&desk.client(), "operator", &operator);
            if name == "backup_v0_201.bin" {
                rsa_signs(&operator);
            } else {
                assert_eq!(sign(&operator, "mykey").expect("signed").len(), 64);
            }
            // The first login stretched the passphrase; it is the same one.
            let admin = login(&desk.client(), "admin", admin);
            for _ in 0..2 {
                admin.keys().expect("keys");
            }
            let desk = desk.restarted();
            desk.client().unlock(passphrase(unlock)).expect("unlocked");
            let admin = login(&desk.client(), "admin", admin_passphrase(name));
            admin.keys().expect("keys");
            add_user(&admin, "keeper", UserRole::Backup, KEEPER);
            let next = back_up(&desk.client());
            let file = Backup::read(Cursor::new(next)).expect("a backup");
            let key = BackupKey::derive(&passphrase(backup), file.salt()).expect("a key");
            file.open(&key).expect("opened").verify().expect("whole");
        }
    }
}

fn admin_passphrase(name: &str) -> &'static str {
    if name.starts_with("sdk") {
        "adminadmin"
    } else {
        "Administrator"
    }
}

fn rsa_signs(operator: &Client) {
    let key: KeyId = "myKey1".parse().expect("a name");
    let wish = SignRequest {
        mode: SignMode::PssSha256,
        message: vec![7; 32].into(),
    };
    let signature = operator.sign(&key, &wish).expect("signed");
    assert!(signature.len() >= 128);
    let tags = operator.user_tags(&"operator".parse().expect("a name"));
    assert_eq!(tags.expect("tags"), ["berlin", "frankfurt"]);
}

#[test]
fn a_backup_with_another_cost_is_not_taken_for_a_wrong_file() {
    let Some(octets) = of_device("keyfender_my_backup.bin") else {
        skipped("keyfender_my_backup.bin");
        return;
    };
    let refused = restore(
        &Desk::new().client(),
        &arguments("backupPassphrase"),
        &octets,
    );
    let Err(Error::BadRequest { message }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        message,
        "Could not decrypt backup-version, authentication failed. Is the passphrase correct?"
    );
}

#[test]
fn a_kill_during_a_restore_leaves_old_or_new() {
    let other = Desk::at_work();
    prepare(&other.admin());
    for number in 0..40 {
        make(&other.admin(), &format!("new{number}"));
    }
    let octets = back_up(&other.client());

    for delay in [0, 60, 120, 180, 240, 400] {
        let folder = tempfile::tempdir().expect("a folder");
        let process = Process::start(folder.path(), &[]);
        let device = client(folder.path(), process.port);
        crate::device::set_up(&device);
        let admin = login(&device, "admin", ADMIN);
        make(&admin, "old");
        let sent = octets.clone();
        let restoring = thread::spawn(move || restore(&admin, &arguments(BACKUP), &sent).is_ok());
        thread::sleep(Duration::from_millis(delay));
        process.kill();
        let was_answered = restoring.join().expect("joined");

        let process = Process::start(folder.path(), &[]);
        let device = client(folder.path(), process.port);
        device.unlock(passphrase(UNLOCK)).expect("unlocked");
        let admin = login(&device, "admin", ADMIN);
        let keys = admin.keys().expect("keys");
        for key in &keys {
            admin.key(key).expect("whole");
        }
        match keys.len() {
            1 => assert!(!was_answered, "answered and lost after {delay} ms"),
            length => assert_eq!(length, 40),
        }
    }
}
