//! Devices on a bench: software in this process, with everything that is stored for them.

use std::{cell::RefCell, collections::BTreeMap, fs, io, path::PathBuf, sync::Arc, time::Duration};

use nethsm::{
    client::{Client, Tls, Url},
    id::UserId,
    passphrase::{Credentials, Passphrase},
};
use signstar_hsm::{
    AdministrativeCredentials, CredentialStore, Plain, SecretFile, Which,
    state::{
        Access, BringAboutError, CertificateStore, Desired, KeyPath, Operators, Plan, Step,
        bring_about,
    },
};
use softnethsm::{Cut, Device, Misbehaviour, Server};
use tempfile::TempDir;

use crate::wishes::{device, id};

/// Long enough for a slow machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Devices, and this host.
pub(crate) struct Bench {
    pub(crate) devices: Vec<Software>,
    pub(crate) administration: AdministrativeCredentials,
    pub(crate) operators: Places,
    pub(crate) certificates: Kept,
}

/// One device.
pub(crate) struct Software {
    server: Server,
    pub(crate) cut: Cut,
    pub(crate) url: String,
    pub(crate) pin: String,
    folder: TempDir,
}

/// A file for each user.
pub(crate) struct Places {
    folder: TempDir,
    files: BTreeMap<UserId, SecretFile>,
}

/// Certificates in memory.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) RefCell<BTreeMap<KeyPath, Vec<u8>>>);

impl Software {
    pub(crate) fn new() -> Self {
        Self::serve(tempfile::tempdir().expect("a folder"))
    }

    /// Another device that begins as this one ends. Its keys are the same.
    pub(crate) fn into_copies(self) -> impl FnMut() -> Self {
        let Self { server, folder, .. } = self;
        server.stop().expect("stopped");
        move || {
            let copy = tempfile::tempdir().expect("a folder");
            for file in fs::read_dir(folder.path()).expect("listed") {
                let file = file.expect("listed");
                let path = copy.path().join(file.file_name());
                // What is in folders is temporary.
                if file.file_type().expect("told").is_file() {
                    fs::copy(file.path(), path).expect("copied");
                }
            }
            Self::serve(copy)
        }
    }

    fn serve(folder: TempDir) -> Self {
        let device = Device::open(folder.path()).expect("a device");
        // Passphrases are not stretched that way: that would be most of the time.
        let device = device.with_portable_users();
        let misbehaviour = Misbehaviour::default();
        let cut = misbehaviour.cut.clone();
        let server = Server::start_misbehaving(device, "127.0.0.1:0", None, misbehaviour);
        let server = server.expect("a server");
        let url = format!("https://{}/api/v1", server.address());
        let parsed: Url = url.parse().expect("an address");
        let pin = Tls::shown(&parsed, TIMEOUT).expect("a certificate");
        let pin = pin.to_string().trim_start_matches("pin:").to_owned();
        Self {
            server,
            cut,
            url,
            pin,
            folder,
        }
    }

    pub(crate) fn client(&self) -> Client {
        let url: Url = self.url.parse().expect("an address");
        let tls: Tls = format!("pin:{}", self.pin).parse().expect("a pin");
        Client::new(&url, &tls).expect("a client")
    }
}

impl Places {
    fn new(desired: &Desired) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut places = Self {
            folder,
            files: BTreeMap::new(),
        };
        places.make(desired);
        places
    }

    pub(crate) fn make(&mut self, desired: &Desired) {
        for user in desired.users.keys() {
            let path = self.path(user);
            let file = SecretFile::new(path, None, Arc::new(Plain));
            self.files.insert(user.clone(), file);
        }
    }

    pub(crate) fn path(&self, user: &UserId) -> PathBuf {
        self.folder.path().join(user.as_str())
    }

    pub(crate) fn file(&self, user: &str) -> &SecretFile {
        &self.files[&id(user)]
    }
}

impl Operators for Places {
    fn store_of(&self, user: &UserId) -> Option<&dyn CredentialStore> {
        Some(self.files.get(user)?)
    }
}

impl CertificateStore for Kept {
    fn load(&self, key: &KeyPath) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.borrow().get(key).cloned())
    }

    fn save(&self, key: &KeyPath, certificate: &[u8]) -> io::Result<()> {
        self.0
            .borrow_mut()
            .insert(key.clone(), certificate.to_vec());
        Ok(())
    }
}

impl Bench {
    /// Fresh devices, and the credentials and places that `desired` needs.
    pub(crate) fn with(devices: usize, desired: &mut Desired) -> Self {
        let devices: Vec<_> = (0..devices).map(|_| Software::new()).collect();
        desired.devices = devices
            .iter()
            .map(|one| device(&one.url, Some(&one.pin)))
            .collect();
        let administrators = [id("admin"), id("second"), id("ns~admin")];
        let administration = AdministrativeCredentials::make_up(&administrators);
        Self {
            devices,
            administration: administration.expect("random numbers"),
            operators: Places::new(desired),
            certificates: Kept::default(),
        }
    }

    pub(crate) fn access<'a>(&'a self, desired: &'a Desired) -> Access<'a> {
        let administration = Some(&self.administration);
        Access::new(
            desired,
            administration,
            &self.operators,
            &self.certificates,
            TIMEOUT,
        )
        .expect("good addresses")
    }

    pub(crate) fn plan(&self, desired: &Desired) -> Plan {
        self.access(desired).plan().expect("readable")
    }

    pub(crate) fn apply(&self, desired: &Desired) -> Result<Vec<Step>, BringAboutError> {
        bring_about(&self.access(desired), &mut |_| {})
    }

    /// Puts another device in the place of one.
    pub(crate) fn replace(&mut self, at: usize, software: Software, desired: &mut Desired) {
        desired.devices[at] = device(&software.url, Some(&software.pin));
        self.devices[at] = software;
    }

    #[track_caller]
    pub(crate) fn brings_about(&self, desired: &Desired) -> Vec<Step> {
        let done = match self.apply(desired) {
            Ok(done) => done,
            Err(BringAboutError::Refused(plan) | BringAboutError::NoEnd(plan)) => {
                panic!("{plan}")
            }
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        };
        let plan = self.plan(desired);
        assert!(plan.is_empty(), "{plan}");
        done
    }

    /// A device as one of the users whose passphrases are stored.
    pub(crate) fn user(&self, at: usize, user: &str) -> Client {
        let file = self.operators.file(user);
        let passphrase = CredentialStore::read(file, Which::Current).expect("readable");
        let credentials = Credentials::new(id(user), passphrase.expect("stored"));
        self.devices[at].client().as_user(credentials)
    }

    /// A device as its administrator.
    pub(crate) fn admin(&self, at: usize) -> Client {
        let passphrase = self.administration.administrators[&id("admin")].expose();
        let passphrase = Passphrase::new(passphrase.to_owned());
        let credentials = Credentials::new(id("admin"), passphrase);
        self.devices[at].client().as_user(credentials)
    }
}
