//! Backups that are old or broken: restored as far as they can be trusted, or plainly refused.

use std::io::Cursor;

use nethsm::backup::{Backup, BackupKey, Header, Writer};
use nethsm::client::Error;
use nethsm::id::NamespaceId;
use nethsm::system::SystemState;
use nethsm::user::UserRole;
use softnethsm::{Device, Server};

use crate::backups::{
    BACKUP, KEEPER, arguments, back_up, make, of_device, prepare, restore, sign, skipped,
};
use crate::device::{ADMIN, Desk, OPERATOR, UNLOCK, add_user, login, passphrase};

/// A device whose backups have users as hardware knows them, with the key `k`.
fn of_hardware() -> Desk {
    let Desk { server, folder } = Desk::new();
    server.stop().expect("stopped");
    let device = Device::open(folder.path()).expect("a device");
    let server = Server::start(device.with_portable_users(), "127.0.0.1:0", None);
    let server = server.expect("a server");
    let desk = Desk { server, folder };
    crate::device::set_up(&desk.client());
    prepare(&desk.admin());
    make(&desk.admin(), "k");
    desk
}

/// The same users and keys as firmware 1.x wrote them: version 0, and no word of namespaces.
fn as_firmware_1(octets: &[u8]) -> Vec<u8> {
    let file = Backup::read(Cursor::new(octets)).expect("a backup");
    let salt = *file.salt();
    let key = BackupKey::derive(&passphrase(BACKUP), &salt).expect("a key");
    let mut file = file.open(&key).expect("opened");
    let unlock_salt = file.unlock_salt().expect("a salt");
    let mut items: Vec<(String, Vec<u8>)> = Vec::new();
    for item in file.items().expect("rewound") {
        let item = item.expect("whole");
        if item.path.starts_with("/authentication/") || item.path.starts_with("/key/") {
            items.push((item.path, item.value.to_vec()));
        }
    }
    items.push(("/config/unlock-salt".to_owned(), unlock_salt.to_vec()));
    items.sort();
    let header = Header {
        salt: &salt,
        domain_key: file.domain_key(),
        device: None,
    };
    let mut writer = Writer::new(Vec::new(), &key, &header).expect("started");
    for (path, value) in &items {
        writer.item(path, value).expect("written");
    }
    writer.finish().expect("finished")
}

#[test]
fn a_backup_from_before_namespaces_goes_on_in_a_fresh_device() {
    let octets = as_firmware_1(&back_up(&of_hardware().client()));

    let desk = Desk::new();
    restore(&desk.client(), &arguments(BACKUP), &octets).expect("restored");
    desk.client().unlock(passphrase(UNLOCK)).expect("unlocked");
    assert_eq!(
        sign(&desk.operator(), "k").expect("signed"),
        sign(&desk.operator(), "k").expect("signed")
    );
    let wrong = login(&desk.client(), "admin", OPERATOR).users();
    assert!(matches!(wrong, Err(Error::Unauthorized)), "{wrong:?}");
    std::thread::sleep(std::time::Duration::from_millis(1100));

    // From now on there are namespaces, and whole backups of them.
    let admin = desk.admin();
    let namespace: NamespaceId = "ns".parse().expect("a name");
    admin.put_namespace(&namespace).expect("made");
    admin
        .set_backup_passphrase(passphrase(BACKUP), passphrase(""))
        .expect("set");
    assert_eq!(
        admin
            .user(&"keeper".parse().expect("a name"))
            .expect("there")
            .role,
        UserRole::Backup
    );
    let next = back_up(&desk.client());
    let again = Desk::new();
    restore(&again.client(), &arguments(BACKUP), &next).expect("restored");
    again.client().unlock(passphrase(UNLOCK)).expect("unlocked");
    for (user, text) in [("admin", ADMIN), ("operator", OPERATOR), ("keeper", KEEPER)] {
        let own = login(&again.client(), user, text);
        // Nobody is refused as unknown; what they may do differs.
        let seen = own.user(&user.parse().expect("a name"));
        assert!(!matches!(seen, Err(Error::Unauthorized)), "{user}");
    }
    assert_eq!(again.admin().namespaces().expect("shown"), [namespace]);
}

#[test]
fn a_device_at_work_refuses_what_may_be_cut_short() {
    let hardware = of_hardware();
    let octets = as_firmware_1(&back_up(&hardware.client()));
    let refused = restore(&hardware.admin(), &arguments(BACKUP), &octets);
    let Err(Error::BadRequest { message }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        message,
        "the backup is not complete: it has no /namespace/.version"
    );
    sign(&hardware.operator(), "k").expect("nothing has changed");

    // A user of a namespace tells that the store of namespaces was cut off.
    let admin = hardware.admin();
    add_user(&admin, "ns~somebody", UserRole::Operator, OPERATOR);
    let octets = as_firmware_1(&back_up(&hardware.client()));
    let desk = Desk::new();
    let refused = restore(&desk.client(), &arguments(BACKUP), &octets);
    assert!(
        matches!(refused, Err(Error::BadRequest { .. })),
        "{refused:?}"
    );
    let state = desk.client().state().expect("a state");
    assert_eq!(state, SystemState::Unprovisioned);
}

/// So many lengths and so many bits of each file are tried.
const TRIED: usize = 8;

#[test]
fn a_backup_of_a_device_that_is_cut_or_changed_is_refused() {
    for (name, backup) in [
        ("sdk_v0.bin", "backupbackup"),
        ("sdk_v1.bin", "backupbackup"),
        ("backup_v0_201.bin", "backupPassphrase"),
    ] {
        let Some(octets) = of_device(name) else {
            skipped(name);
            continue;
        };
        let desk = Desk::new();
        let device = desk.client();
        let refuse = |broken: &[u8], what: &str| {
            let refused = restore(&device, &arguments(backup), broken);
            assert!(
                matches!(refused, Err(Error::BadRequest { ref message }) if !message.is_empty()),
                "{name}, {what}: {refused:?}"
            );
        };
        for step in 0..TRIED {
            let place = step * octets.len() / TRIED;
            refuse(&octets[..place], &format!("{place} octets"));
            let mut changed = octets.clone();
            changed[place] ^= 1 << (step % 8);
            refuse(&changed, &format!("bit {} of octet {place}", step % 8));
        }
        let state = device.state().expect("a state");
        assert_eq!(state, SystemState::Unprovisioned);
        restore(&device, &arguments(backup), &octets).expect("the whole file is restored");
    }
}
