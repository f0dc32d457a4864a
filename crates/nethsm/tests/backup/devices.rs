//! Backups that real devices wrote. They are not part of this project: the tests look for them
//! in the folder that `NETHSM_BACKUPS` names, else in `shared/reference/nethsm-backups` beside
//! the repository, and say so when they are not there.

use std::path::PathBuf;

use nethsm::backup::{Entry, Error, Setting, StoredPrivate, Version};

use crate::{entries, lines, opened, passphrase};

#[expect(clippy::print_stdout, reason = "a skipped test says why")]
fn device_file(name: &str) -> Option<Vec<u8>> {
    let beside = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/reference/nethsm-backups"
    );
    let folder = std::env::var_os("NETHSM_BACKUPS").unwrap_or_else(|| beside.into());
    let path = PathBuf::from(folder).join(name);
    let bytes = std::fs::read(&path);
    if bytes.is_err() {
        println!("skipped: there is no {}", path.display());
    }
    bytes.ok()
}

fn has_user(entries: &[Entry], name: &str, secret: &str) -> bool {
    entries.iter().any(|entry| match entry {
        Entry::User(user) => {
            user.id.as_str() == name && user.user.has_passphrase(&passphrase(secret))
        }
        _ => false,
    })
}

#[test]
fn a_backup_of_version_0_with_namespaces() {
    let Some(bytes) = device_file("backup_v0_201.bin") else {
        return;
    };
    let all = entries(&bytes, "backupPassphrase", "UnlockPassphrase").expect("readable");
    assert_eq!(all.len(), 24);
    assert!(has_user(&all, "admin", "Administrator"));
    assert!(has_user(&all, "operator", "OperatorOperator"));
    let lines = lines(&all);
    for line in [
        "user namespace1~nadmin Administrator",
        "key myKey1 in namespace1",
        "key MyAESKey",
        "namespace namespace1",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line}");
    }
    let network = all.iter().find_map(|entry| match entry {
        Entry::Setting(entry) => match &entry.setting {
            Setting::Network(network) => Some(*network),
            _ => None,
        },
        _ => None,
    });
    let network = network.expect("a network");
    assert_eq!(network.ip_address.to_string(), "192.168.1.201");
    assert_eq!(network.netmask.to_string(), "255.255.255.0");
    assert_eq!(network.gateway.to_string(), "192.168.1.100");
}

#[test]
fn backups_of_the_same_device_in_both_versions() {
    for (name, version) in [("sdk_v0.bin", Version::V0), ("sdk_v1.bin", Version::V1)] {
        let Some(bytes) = device_file(name) else {
            return;
        };
        assert_eq!(bytes[15], version.byte());
        let all = entries(&bytes, "backupbackup", "unlockunlock").expect("readable");
        assert!(has_user(&all, "admin", "adminadmin"));
        assert!(has_user(&all, "operator", "operatoroperator"));
        let key = all.iter().find_map(|entry| match entry {
            Entry::Key(key) => Some(key),
            _ => None,
        });
        let key = key.expect("a key");
        assert_eq!(key.id.as_str(), "mykey");
        assert!(matches!(&key.key.private, StoredPrivate::Pem(pem)
            if pem.expose().starts_with(b"-----BEGIN PRIVATE KEY-----")));
        let error = entries(&bytes, "backupbackup", "lockunlock").expect_err("wrong");
        assert!(matches!(error, Error::UnlockPassphrase), "{error:?}");
    }
}

#[test]
fn what_a_device_stored_is_written_again_byte_for_byte() {
    let Some(bytes) = device_file("backup_v0_201.bin") else {
        return;
    };
    let file = nethsm::backup::Backup::read(std::io::Cursor::new(bytes.clone())).expect("read");
    let key = nethsm::backup::BackupKey::derive(&passphrase("backupPassphrase"), file.salt());
    let mut file = opened(&bytes, &key.expect("a key")).expect("opened");
    let keys = file.unlock(&passphrase("UnlockPassphrase")).expect("keys");
    let store = |store| nethsm::backup::StoreKey::of(&keys.domain_key, store);
    let users = store(nethsm::backup::Store::Users);
    let stored = store(nethsm::backup::Store::Keys);
    let mut compared = 0;
    for item in file.items().expect("rewound") {
        let item = item.expect("sound");
        if item.path.ends_with(".version") {
            continue;
        }
        if item.path.starts_with("/authentication/") {
            let plain = users.open(&item.path, &item.value).expect("opened");
            let user = nethsm::backup::StoredUser::from_bytes(&plain).expect("a user");
            assert_eq!(*user.to_bytes(), *plain, "{}", item.path);
            compared += 1;
        } else if item.path.starts_with("/key/") {
            let plain = stored.open(&item.path, &item.value).expect("opened");
            let key = nethsm::backup::StoredKey::from_bytes(&plain).expect("a key");
            assert_eq!(*key.to_bytes(), *plain, "{}", item.path);
            compared += 1;
        }
    }
    assert_eq!(compared, 9);
}

#[test]
fn another_cost_of_the_key_derivation_is_another_passphrase() {
    let Some(bytes) = device_file("keyfender_my_backup.bin") else {
        return;
    };
    let error = entries(&bytes, "backupPassphrase", "UnlockPassphrase").expect_err("N = 2");
    assert!(matches!(error, Error::BackupPassphrase), "{error:?}");
}
