//! A small backup of our own making.

use nethsm::backup::{
    BackupKey, DomainKey, Entry, Error, Header, KeyEntry, LockedDomainKey, Salt, Setting, Store,
    StoreKey, StoredCertificate, StoredKey, StoredPrivate, StoredUser, UnlockKey, UserEntry,
    Version, Writer,
};
use nethsm::key::{KeyMechanism, Restrictions};
use nethsm::octets::SecretOctets;
use nethsm::user::UserRole;

use crate::passphrase;

pub(crate) const BACKUP_PASSPHRASE: &str = "backup passphrase";
pub(crate) const UNLOCK_PASSPHRASE: &str = "unlock passphrase";
pub(crate) const USER_PASSPHRASE: &str = "operator passphrase";
pub(crate) const DEVICE: &str = "0123456789";
pub(crate) const BACKUP_SALT: Salt = *b"salt of a backup";
const UNLOCK_SALT: Salt = *b"salt of a device";

/// The private key of the RFC 8410 §10.3 example.
pub(crate) const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";

/// All bytes there are: salts and certificates hold any.
pub(crate) fn any_bytes() -> Vec<u8> {
    (0..=255).collect()
}

pub(crate) fn user() -> StoredUser {
    let secret = passphrase(USER_PASSPHRASE);
    let salt = *b"\x00\"\\\n\r\t\x08\x0c\x7f\x80\xff\xc3\x28 ab";
    let mut user = StoredUser::new("Öp \"1\"".to_owned(), UserRole::Operator, &secret, &salt);
    user.tags = vec!["berlin".to_owned()];
    user
}

pub(crate) fn key() -> StoredKey {
    StoredKey {
        mechanisms: vec![KeyMechanism::EdDsaSignature],
        private: StoredPrivate::Pem(SecretOctets::new(PEM.as_bytes().to_vec())),
        certificate: Some(StoredCertificate {
            media_type: "application/octet-stream".to_owned(),
            content: any_bytes(),
        }),
        operations: 7,
        restrictions: Restrictions {
            tags: vec!["berlin".to_owned()],
        },
        label: "a label ✓".parse().expect("short enough"),
    }
}

fn generic() -> StoredKey {
    StoredKey {
        mechanisms: vec![KeyMechanism::AesEncryptionCbc],
        private: StoredPrivate::Raw(SecretOctets::new(vec![0xab; 16])),
        certificate: None,
        operations: 0,
        restrictions: Restrictions::default(),
        label: Default::default(),
    }
}

/// Keys that need no passphrase, for tests that read many files.
pub(crate) fn fast_key() -> BackupKey {
    BackupKey::from_bytes(&[1; 32]).expect("32 bytes")
}

fn domain_key() -> DomainKey {
    DomainKey::from_bytes(&[2; 32]).expect("32 bytes")
}

/// Paths and stored values, sorted as they are written.
pub(crate) fn values(version: Version) -> Vec<(String, Vec<u8>)> {
    let own = StoreKey::from_bytes(&[3; 32]).expect("32 bytes");
    let domain = domain_key();
    let sealed = |store, path: String, plain: &[u8]| {
        let key = StoreKey::of(&domain, store);
        let sealed = key.seal(&path, plain).expect("sealed");
        (path, sealed)
    };
    let user_id = "ns1~operator".parse().expect("a name");
    let namespace = "ns1".parse().expect("a name");
    let (packages, aes) = ("packages".parse(), "aes".parse());
    let (packages, aes) = (packages.expect("a name"), aes.expect("a name"));
    let mut values = vec![
        ("/.initialized".to_owned(), Vec::new()),
        sealed(Store::Users, UserEntry::path(&user_id), &user().to_bytes()),
        sealed(
            Store::Keys,
            KeyEntry::path(Some(&namespace), &packages),
            &key().to_bytes(),
        ),
        sealed(
            Store::Keys,
            KeyEntry::path(None, &aes),
            &generic().to_bytes(),
        ),
        sealed(
            Store::Namespaces,
            Entry::namespace_path(&namespace),
            b"\"ns1\"",
        ),
    ];
    for store in [Store::Users, Store::Keys, Store::Namespaces] {
        values.push(sealed(store, Entry::version_path(store).to_owned(), b"0"));
    }
    let settings = [
        ("unlock-salt", Setting::UnlockSalt(UNLOCK_SALT)),
        ("time-offset", Setting::TimeOffset(-1)),
        ("unattended-boot", Setting::UnattendedBoot(true)),
        ("certificate", Setting::Certificates(vec![any_bytes()])),
    ];
    for (name, setting) in settings {
        let plain = setting.to_bytes();
        values.push(match version {
            Version::V0 => (Setting::path(None, name), plain.to_vec()),
            Version::V1 => {
                let path = Setting::path(Some(DEVICE), name);
                let sealed = own.seal(&path, &plain).expect("sealed");
                (path, sealed)
            }
        });
    }
    values.push(("/config/version".to_owned(), vec![b'0' + version.byte()]));
    values.sort();
    values
}

/// A whole backup with these values.
pub(crate) fn file(
    key: &BackupKey,
    version: Version,
    values: &[(String, Vec<u8>)],
) -> Result<Vec<u8>, Error> {
    let unlock = UnlockKey::derive(&passphrase(UNLOCK_PASSPHRASE), &UNLOCK_SALT)?;
    let own = StoreKey::from_bytes(&[3; 32])?;
    let header = Header {
        salt: &BACKUP_SALT,
        domain_key: &LockedDomainKey::lock(&domain_key(), &unlock)?,
        device: (version == Version::V1).then_some((DEVICE, &own)),
    };
    let mut writer = Writer::new(Vec::new(), key, &header)?;
    for (path, value) in values {
        writer.item(path, value)?;
    }
    writer.finish()
}
