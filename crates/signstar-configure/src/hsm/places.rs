//! Where passphrases, certificates and administrative credentials are on this host.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use nethsm::id::UserId;
use nix::unistd::User;
use signstar::config::{
    self, AdministrativeCredentials as Kept, Config, Credential, HsmName, Identity,
};
use signstar_hsm::{
    Administration, AdministrativeCredentials, BadCredential, CredentialStore, For, Plain,
    SecretFile, SystemdCreds, Wrapping, credential_file,
    state::{ADMIN, CertificateStore, Desired, KeyPath, Operators},
};

use super::{
    HsmError,
    known::write,
    wanted::{Place as Resting, Wanted},
};
pub(super) use crate::shares::lock;
use crate::shares::{OfHsm, Vault};
use nethsm::user::UserRole;

/// Behind the name of the file with administrative credentials that are to follow others.
const NEXT: &str = ".new";

/// The files of the passphrases of users.
#[derive(Debug)]
pub(super) struct Passphrases(BTreeMap<UserId, SecretFile>);

/// The files of certificates.
#[derive(Debug)]
pub(super) struct Certificates(pub(super) BTreeMap<KeyPath, PathBuf>);

/// Where the configuration has the administrative credentials.
pub(super) fn administration(config: &Config) -> Result<&config::Administration, HsmError> {
    let administration = config.administration.as_ref();
    administration.ok_or(HsmError::NoAdministration)
}

/// Where the administrative credentials of one HSM are: a file, or the box of a vault.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    kept: InPlace,
}

#[derive(Debug)]
enum InPlace {
    File(SecretFile),
    Box(OfHsm),
}

impl Place {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The place of those that are to follow these, beside it.
    pub(super) fn next(&self) -> Self {
        let mut path = self.path.clone().into_os_string();
        path.push(NEXT);
        let kept = match &self.kept {
            InPlace::File(file) => InPlace::File(file.beside(NEXT)),
            InPlace::Box(own) => InPlace::Box(own.next()),
        };
        Self {
            path: path.into(),
            kept,
        }
    }

    /// What is in the next place comes here, in one step.
    pub(super) fn promote_next(&self) -> Result<(), BadCredential> {
        match &self.kept {
            InPlace::File(file) => file.beside(NEXT).replace(file),
            InPlace::Box(own) => own.promote_next(),
        }
    }
}

impl Administration for Place {
    fn load(&self) -> Result<Option<AdministrativeCredentials>, BadCredential> {
        match &self.kept {
            InPlace::File(file) => Administration::load(file),
            InPlace::Box(own) => own.load(),
        }
    }

    fn store(&self, credentials: &AdministrativeCredentials) -> Result<(), BadCredential> {
        match &self.kept {
            InPlace::File(file) => Administration::store(file, credentials),
            InPlace::Box(own) => own.store(credentials),
        }
    }
}

/// The place of the administrative credentials of one HSM. Without a `vault`, those in shares cannot
/// be had.
pub(super) fn administrative(
    administration: &config::Administration,
    hsm: &HsmName,
    vault: Option<&Rc<Vault>>,
) -> Place {
    let name = format!("hsm-{hsm}");
    let path = administration.folder.join(&name);
    let file = |wrapping: Arc<dyn Wrapping>| SecretFile::new(path.clone(), None, wrapping);
    let kept = match administration.credentials {
        Kept::Plaintext => InPlace::File(file(Arc::new(Plain))),
        Kept::SystemdCreds => InPlace::File(file(Arc::new(SystemdCreds::new(name, For::Root)))),
        Kept::Shares(_) => InPlace::Box(OfHsm::new(vault.cloned(), hsm.as_str())),
    };
    Place { path, kept }
}

/// The credentials, if there are any.
pub(super) fn load(file: &Place) -> Result<Option<AdministrativeCredentials>, HsmError> {
    let bad = |source| HsmError::Administration {
        path: file.path().to_owned(),
        source,
    };
    file.load().map_err(bad)
}

/// The credentials, with all administrators that are to be; what was missing is made up, and stored
/// before any device hears of it.
pub(super) fn complete(
    file: &Place,
    desired: &Desired,
) -> Result<AdministrativeCredentials, HsmError> {
    let bad = |source| HsmError::Administration {
        path: file.path().to_owned(),
        source,
    };
    let admin: Result<UserId, _> = ADMIN.parse();
    let users = desired.users.iter();
    let named = users
        .filter(|(_, user)| user.role == UserRole::Administrator)
        .map(|(id, _)| id);
    let all: Vec<&UserId> = admin.as_ref().into_iter().chain(named).collect();
    let (credentials, is_new) = match file.load().map_err(bad)? {
        Some(mut credentials) => {
            let is_new = credentials.add(all.iter().copied());
            (credentials, is_new.map_err(|error| bad(error.into()))?)
        }
        None => {
            let made = AdministrativeCredentials::make_up(all.iter().copied());
            (made.map_err(|error| bad(error.into()))?, true)
        }
    };
    if is_new {
        file.store(&credentials).map_err(bad)?;
    }
    Ok(credentials)
}

impl Passphrases {
    /// The files of `wanted`, each of its Unix user.
    pub(super) fn new(config: &Config, wanted: &Wanted) -> Result<Self, HsmError> {
        let mut files = BTreeMap::new();
        for (user, place) in &wanted.passphrases {
            files.insert(user.clone(), file(config, place)?);
        }
        Ok(Self(files))
    }

    /// Those whose passphrases are stored on this host.
    pub(super) fn users(&self) -> impl Iterator<Item = &UserId> {
        self.0.keys()
    }
}

/// The file of one passphrase, of the Unix user that it is for.
pub(super) fn file(config: &Config, place: &Resting) -> Result<SecretFile, HsmError> {
    let (Some(name), Identity::UnixUser) = (&place.unix_user, config.identity) else {
        let whom = match place.credential {
            Credential::File(_) => For::Myself,
            Credential::SystemdCreds(_) => For::Root,
        };
        return Ok(credential_file(&place.credential, None, whom));
    };
    let user = User::from_name(name).ok().flatten().ok_or_else(|| {
        HsmError::Unfit(format!(
            "there is no Unix user `{name}` for whom a passphrase could be stored; make it with \
             `signstar-configure host apply`"
        ))
    })?;
    let whom = For::User(name.clone());
    Ok(credential_file(
        &place.credential,
        Some(user.uid.as_raw()),
        whom,
    ))
}

impl Operators for Passphrases {
    fn store_of(&self, user: &UserId) -> Option<&dyn CredentialStore> {
        Some(self.0.get(user)?)
    }
}

impl CertificateStore for Certificates {
    fn load(&self, key: &KeyPath) -> io::Result<Option<Vec<u8>>> {
        let Some(path) = self.0.get(key) else {
            return Ok(None);
        };
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn save(&self, key: &KeyPath, certificate: &[u8]) -> io::Result<()> {
        match self.0.get(key) {
            Some(path) => write(path, certificate, 0o644, None),
            None => Ok(()),
        }
    }
}

/// Makes the folders of the files that are about to be written, where they are missing.
pub(super) fn make_folders(wanted: &Wanted) -> Result<(), HsmError> {
    let passphrases = wanted.passphrases.values();
    let passphrases = passphrases.map(|place| place.credential.path());
    let certificates = wanted.certificates.values().map(PathBuf::as_path);
    for path in passphrases.chain(certificates) {
        make_folder_of(path)?;
    }
    Ok(())
}

/// Makes the folder of a file that is about to be written, where it is missing.
pub(super) fn make_folder_of(path: &Path) -> Result<(), HsmError> {
    match path.parent().filter(|folder| *folder != Path::new("")) {
        Some(folder) => fs::create_dir_all(folder).map_err(HsmError::file(folder)),
        None => Ok(()),
    }
}
