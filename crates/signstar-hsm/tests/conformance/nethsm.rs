//! A NetHSM in software, in this process.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use nethsm::{
    client::{Client, Tls, Url},
    key::{GenerateKey, KeyMechanism, KeyType, Restrictions},
    passphrase::{Credentials, Passphrase},
    system::Provision,
    time::DeviceTime,
    user::{NewUser, UserRole},
};
use signstar::{
    config::{Credential, Hsm, Key},
    sign::PublicKey,
};
use softnethsm::{Device, Misbehaviour, Server};
use tempfile::TempDir;

use crate::suite::{Bench, hsm};

const UNLOCK: &str = "unlock passphrase";
const OPERATOR: &str = "operator";

/// A NetHSM in software.
pub(crate) struct SoftNetHsm {
    folder: TempDir,
    server: Option<Server>,
    address: String,
    keys: Vec<(String, PublicKey)>,
}

impl SoftNetHsm {
    fn start(&mut self, kind: Option<&str>) {
        self.stop();
        let device = Device::open(&self.folder.path().join("device")).expect("a device");
        let mut misbehaviour = Misbehaviour::default();
        if let Some(kind) = kind {
            misbehaviour.kind = Some(kind.parse().expect("a kind"));
        }
        let server = Server::start_misbehaving(device, &self.address, None, misbehaviour);
        let server = server.expect("a server");
        self.address = server.address().to_string();
        self.server = Some(server);
    }

    fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().expect("stopped");
        }
    }

    fn start_unlocked(&mut self, kind: Option<&str>) {
        self.start(kind);
        let unlock = Passphrase::new(UNLOCK.to_owned());
        self.client().unlock(unlock).expect("unlocked");
    }

    fn client(&self) -> Client {
        let url: Url = format!("https://{}/api/v1", self.address)
            .parse()
            .expect("an address");
        Client::new(&url, &Tls::Insecure).expect("a client")
    }

    fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("protected");
        path
    }
}

impl Bench for SoftNetHsm {
    fn begin() -> Option<Self> {
        let mut bench = Self {
            folder: tempfile::tempdir().expect("a folder"),
            server: None,
            address: "127.0.0.1:0".to_owned(),
            keys: Vec::new(),
        };
        bench.start(None);
        let admin = || Passphrase::new("administrator".to_owned());
        let nobody = bench.client();
        nobody
            .provision(&Provision {
                unlock_passphrase: Passphrase::new(UNLOCK.to_owned()),
                admin_passphrase: admin(),
                system_time: DeviceTime(jiff::Timestamp::now()),
            })
            .expect("provisioned");
        let admin = nobody.as_user(Credentials::new("admin".parse().expect("a name"), admin()));
        let operator = NewUser {
            real_name: "Operator".to_owned(),
            role: UserRole::Operator,
            passphrase: Passphrase::new("operator passphrase".to_owned()),
        };
        let user = OPERATOR.parse().expect("a name");
        admin.put_user(&user, &operator).expect("added");
        let both = vec![
            KeyMechanism::RsaSignaturePkcs1,
            KeyMechanism::RsaSignaturePssSha256,
            KeyMechanism::RsaSignaturePssSha512,
        ];
        let ecdsa = || vec![KeyMechanism::EcdsaSignature];
        for (name, key_type, mechanisms, length) in [
            ("rsa2048", KeyType::Rsa, both, Some(2048)),
            ("p256", KeyType::EcP256, ecdsa(), None),
            ("p384", KeyType::EcP384, ecdsa(), None),
            ("p521", KeyType::EcP521, ecdsa(), None),
            (
                "ed25519",
                KeyType::Curve25519,
                vec![KeyMechanism::EdDsaSignature],
                None,
            ),
        ] {
            let id = name.parse().expect("a name");
            admin
                .generate_key(&GenerateKey {
                    length,
                    id: Some(id),
                    restrictions: Restrictions { tags: Vec::new() },
                    ..GenerateKey::new(key_type, mechanisms)
                })
                .expect("made");
            let public = admin.key(&name.parse().expect("a name")).expect("shown");
            let public = signstar_hsm::nethsm::public_key(public).expect("a signing key");
            bench.keys.push((name.to_owned(), public));
        }
        Some(bench)
    }

    fn hsm(&self, timeout_seconds: u32) -> Hsm {
        let address = &self.address;
        hsm(&format!(
            "kind = \"nethsm\"\nurl = \"https://{address}/api/v1\"\ntls = \"insecure\"\n\
             timeout-seconds = {timeout_seconds}"
        ))
    }

    fn keys(&self) -> Vec<(String, PublicKey)> {
        self.keys.clone()
    }

    fn key(&self, name: &str) -> Key {
        let path = self.secret("passphrase", "operator passphrase");
        let mut key: Key = toml::from_str(&format!(
            "hsm = \"main\"\nid = \"{name}\"\noperator = \"{OPERATOR}\"\n\
             passphrase = {{ file = \"/\" }}"
        ))
        .expect("good");
        key.passphrase = Credential::File(path);
        key
    }

    fn key_with_wrong_credentials(&self, name: &str) -> Key {
        let mut key = self.key(name);
        key.passphrase = Credential::File(self.secret("wrong", "not this passphrase"));
        key
    }

    fn go_away(&mut self) {
        self.stop();
    }

    fn be_slow(&mut self) {
        self.start_unlocked(Some("latency:20000"));
    }

    fn lie(&mut self) {
        self.start_unlocked(Some("wrong-signature"));
    }

    fn behave(&mut self) {
        self.start_unlocked(None);
    }
}
