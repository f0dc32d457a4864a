//! What the HSM of an enclave is to be, and what belongs to it in the folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use nethsm::{
    id::{KeyId, Tag, UserId},
    key::KeyMechanism,
    passphrase::Passphrase,
    user::UserRole,
};
use signstar::config::Mechanism;
use signstar_hsm::{
    AdministrativeCredentials, CredentialStore, Plain, SecretFile,
    state::{
        ADMIN, Access, BringAboutError, CertificateStore, Desired, DesiredDevice, DesiredKey,
        DesiredUser, KeyPath, Operators, bring_about,
    },
};

use crate::{
    Client, Error, Folder, Purpose,
    error::{OnPath, While},
    folder,
    keys::user_id,
};

/// RSA keys take their time on a slow machine.
const TIMEOUT: Duration = Duration::from_secs(300);
/// The user that makes backups.
const KEEPER: &str = "backup";

/// What the HSM is to be.
pub(crate) struct Wanted {
    desired: Desired,
    passphrases: Passphrases,
    certificates: Certificates,
}

struct Passphrases(BTreeMap<UserId, SecretFile>);

impl Operators for Passphrases {
    fn store_of(&self, user: &UserId) -> Option<&dyn CredentialStore> {
        Some(self.0.get(user)?)
    }
}

struct Certificates(BTreeMap<KeyPath, PathBuf>);

impl CertificateStore for Certificates {
    fn load(&self, key: &KeyPath) -> io::Result<Option<Vec<u8>>> {
        match self.0.get(key).map(fs::read) {
            None => Ok(None),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Some(read) => read.map(Some),
        }
    }

    fn save(&self, key: &KeyPath, certificate: &[u8]) -> io::Result<()> {
        match self.0.get(key) {
            Some(path) => folder::write(path, certificate, 0o644).map_err(io::Error::other),
            None => Ok(()),
        }
    }
}

impl Wanted {
    /// A device at work, and no more.
    pub(crate) fn operational(url: &str, tls: &str) -> Self {
        let device = DesiredDevice {
            url: url.to_owned(),
            trusted: Some(tls.trim_start_matches("pin:").to_owned()),
            network: None,
        };
        Self {
            desired: Desired {
                devices: vec![device],
                ..Desired::default()
            },
            passphrases: Passphrases(BTreeMap::new()),
            certificates: Certificates(BTreeMap::new()),
        }
    }

    /// With a user that makes backups.
    pub(crate) fn with_keeper(mut self, folder: &Folder) -> Result<Self, Error> {
        self.desired.backups = true;
        let id = KEEPER.parse().doing("naming a user")?;
        self.user(id, UserRole::Backup, BTreeSet::new(), folder, KEEPER);
        Ok(self)
    }

    /// With an operator for `client`, a key that only this operator can use, and a certificate.
    pub(crate) fn with_client(mut self, folder: &Folder, client: &Client) -> Result<Self, Error> {
        let name = &client.name;
        let id: KeyId = name.parse().doing("naming a key")?;
        let user: UserId = name.parse().doing("naming an operator")?;
        let tag: Tag = name.parse().doing("naming a tag")?;
        let tags = BTreeSet::from([tag]);
        self.user(user, UserRole::Operator, tags.clone(), folder, name);
        let (key_type, mechanism, length) = client.key_type.parameters();
        let mechanisms = match client.purpose {
            Purpose::Raw(Mechanism::Pss) => [
                KeyMechanism::RsaSignaturePssSha256,
                KeyMechanism::RsaSignaturePssSha512,
            ]
            .into(),
            _ => [mechanism].into(),
        };
        // A key that signs raw digests has no certificate (`docs/decisions/0008`).
        let user_ids = match client.purpose {
            Purpose::Raw(_) => Vec::new(),
            Purpose::Packages | Purpose::Everything => vec![user_id(client)],
        };
        let key = DesiredKey {
            key_type,
            length,
            mechanisms,
            tags,
            user_ids,
            expires: None,
        };
        let path = KeyPath {
            namespace: None,
            id,
        };
        let kept = folder.certificate(name);
        self.certificates.0.insert(path.clone(), kept);
        self.desired.keys.insert(path, key);
        Ok(self)
    }

    fn user(
        &mut self,
        id: UserId,
        role: UserRole,
        tags: BTreeSet<Tag>,
        folder: &Folder,
        secret: &str,
    ) {
        let real_name = String::new();
        let user = DesiredUser {
            role,
            real_name,
            tags,
        };
        let file = SecretFile::new(folder.secret_file(secret), None, Arc::new(Plain));
        self.passphrases.0.insert(id.clone(), file);
        self.desired.users.insert(id, user);
    }

    /// Makes it so, as `signstar-configure hsm apply` does.
    pub(crate) fn bring_about(&self, folder: &Folder) -> Result<(), Error> {
        let passphrase = |name| folder.secret(name).map(Passphrase::new);
        let admin = ADMIN.parse().doing("naming its administrator")?;
        let credentials = AdministrativeCredentials {
            unlock: passphrase("unlock")?,
            backup: passphrase("backup-passphrase")?,
            administrators: BTreeMap::from([(admin, passphrase("admin")?)]),
        };
        let access = Access::new(
            &self.desired,
            Some(&credentials),
            &self.passphrases,
            &self.certificates,
            TIMEOUT,
        )
        .doing("reading its address")?;
        match bring_about(&access, &mut |_| {}) {
            Ok(_) => Ok(()),
            Err(BringAboutError::Refused(plan)) => Err(plan.to_string()).doing("being set up"),
            Err(error) => Err(error).doing("being set up"),
        }
    }
}

/// Refuses a folder in which the key of `client` is of another type.
pub(crate) fn check_type(folder: &Folder, client: &Client) -> Result<(), Error> {
    let path = kind(folder, client);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(found) if found == client.key_type.as_str() => Ok(()),
        Ok(found) => Err(Error::OtherKeyType {
            folder: folder.path().to_owned(),
            name: client.name.clone(),
            found,
        }),
        Err(error) => Err(error).on("read", &path),
    }
}

/// Notes the type of the key of `client`.
pub(crate) fn note_type(folder: &Folder, client: &Client) -> Result<(), Error> {
    let path = kind(folder, client);
    folder::write(&path, client.key_type.as_str().as_bytes(), 0o600)
}

fn kind(folder: &Folder, client: &Client) -> PathBuf {
    folder.certificate(&client.name).with_extension("type")
}
