//! What we write can be read: today, and as it was committed.

use nethsm::backup::{BackupKey, Entry, Setting, StoredPrivate, Version};
use nethsm::key::KeyMechanism;

use crate::made::{
    BACKUP_PASSPHRASE, BACKUP_SALT, DEVICE, PEM, UNLOCK_PASSPHRASE, USER_PASSPHRASE, any_bytes,
    fast_key, file, values,
};
use crate::{entries, lines, opened, passphrase};

const V0: &[u8] = include_bytes!("../data/backup_v0.bin");
const V1: &[u8] = include_bytes!("../data/backup_v1.bin");

#[test]
fn both_versions_read_as_they_were_committed() {
    let old = entries(V0, BACKUP_PASSPHRASE, UNLOCK_PASSPHRASE).expect("version 0");
    assert_eq!(
        lines(&old),
        [
            "/.initialized",
            "/authentication/.version = 0",
            "user ns1~operator Operator",
            "setting certificate",
            "setting time-offset",
            "setting unattended-boot",
            "setting unlock-salt",
            "setting version",
            "key packages in ns1",
            "/key/.version = 0",
            "key aes",
            "/namespace/.version = 0",
            "namespace ns1",
        ]
    );
    let new = entries(V1, BACKUP_PASSPHRASE, UNLOCK_PASSPHRASE).expect("version 1");
    let mut sorted = [lines(&old), lines(&new)];
    sorted.iter_mut().for_each(|lines| lines.sort());
    assert_eq!(sorted[0], sorted[1]);
    check(&old);
    check(&new);
}

fn check(entries: &[Entry]) {
    for entry in entries {
        match entry {
            Entry::User(user) => {
                assert_eq!(user.user.real_name, "Öp \"1\"");
                assert_eq!(user.user.tags, ["berlin"]);
                assert!(user.user.has_passphrase(&passphrase(USER_PASSPHRASE)));
                assert!(!user.user.has_passphrase(&passphrase("another one")));
            }
            Entry::Key(key) if key.namespace.is_some() => {
                let stored = &key.key;
                assert_eq!(stored.mechanisms, [KeyMechanism::EdDsaSignature]);
                let StoredPrivate::Pem(pem) = &stored.private else {
                    panic!("PEM is expected");
                };
                assert_eq!(pem.expose(), PEM.as_bytes());
                let certificate = stored.certificate.as_ref().expect("a certificate");
                assert_eq!(certificate.content, any_bytes());
                assert_eq!(stored.operations, 7);
                assert_eq!(stored.restrictions.tags, ["berlin"]);
                assert_eq!(stored.label.as_str(), "a label ✓");
            }
            Entry::Key(key) => {
                let StoredPrivate::Raw(raw) = &key.key.private else {
                    panic!("raw is expected");
                };
                assert_eq!(raw.expose(), [0xab; 16]);
                assert_eq!(key.key.certificate, None);
            }
            Entry::Setting(entry) => match &entry.setting {
                Setting::Certificates(all) => assert_eq!(*all, [any_bytes()]),
                Setting::TimeOffset(seconds) => assert_eq!(*seconds, -1),
                Setting::UnattendedBoot(on) => assert!(on),
                _ => {}
            },
            _ => {}
        }
    }
}

#[test]
fn what_is_in_a_backup_shows_without_the_unlock_passphrase() {
    let key = fast_key();
    for version in [Version::V0, Version::V1] {
        let bytes = file(&key, version, &values(version)).expect("written");
        let mut backup = opened(&bytes, &key).expect("opened");
        assert_eq!(backup.version(), version);
        assert_eq!(*backup.salt(), BACKUP_SALT);
        let id = (version == Version::V1).then_some(DEVICE);
        assert_eq!(backup.device_id(), id);
        let summary = backup.verify().expect("sound");
        assert_eq!((summary.users, summary.keys, summary.namespaces), (1, 2, 1));
        assert_eq!(summary.values, 13);
        let paths: Vec<_> = backup.items().expect("rewound").collect();
        assert_eq!(paths.len(), 13);
    }
}

#[test]
fn nothing_secret_shows() {
    let all = entries(V1, BACKUP_PASSPHRASE, UNLOCK_PASSPHRASE).expect("version 1");
    let shown = format!("{all:?} {:?}", fast_key());
    assert!(!shown.contains("PRIVATE"), "{shown}");
    assert!(!shown.contains("171, 171"), "{shown}");
    assert!(shown.contains("BackupKey(..)"), "{shown}");
}

/// `NEW_FIXTURES=1 cargo test -p nethsm --test backup` writes the committed files anew.
#[test]
fn a_file_on_disk_is_read_as_it_was_written() {
    let folder = match std::env::var_os("NEW_FIXTURES") {
        Some(_) => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"),
        None => env!("CARGO_TARGET_TMPDIR"),
    };
    let key = BackupKey::derive(&passphrase(BACKUP_PASSPHRASE), &BACKUP_SALT).expect("a key");
    for (version, name) in [
        (Version::V0, "backup_v0.bin"),
        (Version::V1, "backup_v1.bin"),
    ] {
        let path = format!("{folder}/{name}");
        let bytes = file(&key, version, &values(version)).expect("written");
        std::fs::write(&path, bytes).expect("written");
        let read = std::fs::read(&path).expect("read");
        let summary = opened(&read, &key).expect("opened").verify();
        assert_eq!(summary.expect("sound").values, 13);
    }
}
