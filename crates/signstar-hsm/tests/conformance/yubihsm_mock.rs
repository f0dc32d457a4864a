//! A YubiHSM2 in software, in this process, behind the HTTP of a connector.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::Arc,
};

use signstar::{
    config::{Credential, Hsm, Key},
    sign::PublicKey,
};
use signstar_hsm::yubihsm2::object::Capabilities;
use tempfile::TempDir;
use yubihsm_mock::{Device, Kind, Misbehaviour, Objects, Server};

use crate::suite::{Bench, hsm};

pub(crate) const SERIAL: u32 = 12_345_678;
pub(crate) const PASSWORD: &str = "operator passphrase";
pub(crate) const OPERATOR: u16 = 2;

/// A YubiHSM2 in software.
pub(crate) struct Mock {
    folder: TempDir,
    pub(crate) device: Arc<Device>,
    server: Option<Server>,
    address: String,
    keys: Vec<(String, PublicKey)>,
}

/// A device with an operator and no keys.
pub(crate) fn empty() -> Objects {
    let mut objects = Objects::none(SERIAL);
    objects.put_operator(OPERATOR, PASSWORD, 1, Capabilities::SIGN);
    objects
}

/// One with a key called `key`.
pub(crate) fn one_key() -> Objects {
    let mut objects = empty();
    objects.generate("key", Kind::Ed25519).expect("made");
    objects
}

impl Mock {
    /// One with these objects.
    pub(crate) fn with(objects: Objects) -> Self {
        let labels: Vec<_> = objects.keys().map(|key| key.label.clone()).collect();
        let device = Arc::new(Device::new(objects).expect("good"));
        let keys = labels.into_iter().map(|label| {
            let (kind, octets) = device.public(&label).expect("it is there");
            (label, public(kind, octets))
        });
        let keys = keys.collect();
        let mut mock = Self {
            folder: tempfile::tempdir().expect("a folder"),
            device,
            server: None,
            address: "127.0.0.1:0".to_owned(),
            keys,
        };
        mock.start();
        mock
    }

    pub(crate) fn start(&mut self) {
        let server = Server::start(self.device.clone(), &self.address).expect("a server");
        self.address = server.address().to_string();
        self.server = Some(server);
    }

    pub(crate) fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// Where its connector is.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("protected");
        path
    }

    /// Writes the file with the passphrase anew.
    pub(crate) fn set_passphrase(&self, text: &str) {
        self.secret("passphrase", text);
    }

    fn is_away(&mut self, misbehaviour: Misbehaviour) {
        self.device.misbehave(misbehaviour);
        if self.server.is_none() {
            self.start();
        }
    }
}

/// The public half of a key, in the words of this project.
fn public(kind: Kind, octets: Vec<u8>) -> PublicKey {
    let point = || [&[4], &octets[..]].concat();
    match kind {
        Kind::Ed25519 => PublicKey::Ed25519(octets),
        Kind::P256 => PublicKey::P256(point()),
        Kind::P384 => PublicKey::P384(point()),
        Kind::P521 => PublicKey::P521(point()),
        Kind::Rsa2048 | Kind::Rsa3072 | Kind::Rsa4096 => PublicKey::Rsa {
            modulus: octets,
            exponent: vec![1, 0, 1],
        },
    }
}

/// A YubiHSM2 whose connector is at `address`.
pub(crate) fn yubihsm2(address: &str, serial: &str, timeout_seconds: u32) -> Hsm {
    hsm(&format!(
        "kind = \"yubihsm2\"\nconnector = \"http://{address}\"\nserial = \"{serial}\"\n\
         timeout-seconds = {timeout_seconds}"
    ))
}

/// A key called `name` that `operator` uses.
pub(crate) fn key(name: &str, operator: u16, passphrase: PathBuf) -> Key {
    let mut key: Key = toml::from_str(&format!(
        "hsm = \"main\"\nid = \"{name}\"\noperator = \"{operator}\"\npassphrase = {{ file = \"/\" }}"
    ))
    .expect("good");
    key.passphrase = Credential::File(passphrase);
    key
}

impl Bench for Mock {
    fn begin() -> Option<Self> {
        let mut objects = empty();
        for kind in Kind::ALL {
            objects.generate(kind.as_str(), kind).expect("made");
        }
        Some(Self::with(objects))
    }

    fn hsm(&self, timeout_seconds: u32) -> Hsm {
        yubihsm2(&self.address, &format!("{SERIAL:010}"), timeout_seconds)
    }

    fn keys(&self) -> Vec<(String, PublicKey)> {
        self.keys.clone()
    }

    fn key(&self, name: &str) -> Key {
        key(name, OPERATOR, self.secret("passphrase", PASSWORD))
    }

    fn key_with_wrong_credentials(&self, name: &str) -> Key {
        key(name, OPERATOR, self.secret("wrong", "not this passphrase"))
    }

    fn go_away(&mut self) {
        self.stop();
    }

    fn be_slow(&mut self) {
        self.is_away(Misbehaviour::Slow);
    }

    fn lie(&mut self) {
        self.is_away(Misbehaviour::WrongSignatures);
    }

    fn behave(&mut self) {
        self.is_away(Misbehaviour::None);
    }
}
