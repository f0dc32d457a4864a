// A device for the examples of the documentation: softnethsm on a free port, gone when dropped.
// (No `//!`: every example includes this file into a module of its own, where none can stand.)

use nethsm::client::{Client, Tls};
use nethsm::passphrase::{Credentials, Passphrase};
use nethsm::system::Provision;
use nethsm::user::{NewUser, UserRole};

pub const PASSPHRASE: &str = "correct horse battery staple";

pub struct Device {
    server: softnethsm::Server,
    folder: tempfile::TempDir,
}

/// Fresh from the factory.
pub fn fresh() -> Device {
    let folder = tempfile::tempdir().expect("a folder");
    let device = softnethsm::Device::open(folder.path()).expect("a device");
    // Passphrases are not stretched that way: that would be most of the time of all examples.
    let device = device.with_portable_users();
    let server = softnethsm::Server::start(device, "127.0.0.1:0", None).expect("a server");
    Device { server, folder }
}

/// Provisioned, with the users `admin`, `operator`, `metrics` and `backup`.
pub fn operational() -> Device {
    let device = fresh();
    let provision = Provision {
        unlock_passphrase: passphrase(),
        admin_passphrase: passphrase(),
        system_time: "2026-01-31T12:00:00Z".parse().expect("a time"),
    };
    device.client().provision(&provision).expect("provisioned");
    for (name, role) in [
        ("operator", UserRole::Operator),
        ("metrics", UserRole::Metrics),
        ("backup", UserRole::Backup),
    ] {
        let user = NewUser {
            real_name: name.to_owned(),
            role,
            passphrase: passphrase(),
        };
        let name = name.parse().expect("a name");
        device.user("admin").put_user(&name, &user).expect("added");
    }
    device
}

/// That of everybody.
pub fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.to_owned())
}

impl Device {
    pub fn url(&self) -> String {
        format!("https://{}", self.server.address())
    }

    /// How to recognise it.
    pub fn tls(&self) -> Tls {
        Tls::CaFile(self.folder.path().join("tls-cert.pem"))
    }

    /// Whoever connects.
    pub fn client(&self) -> Client {
        let url = self.url().parse().expect("an address");
        Client::new(&url, &self.tls()).expect("a certificate")
    }

    pub fn user(&self, name: &str) -> Client {
        let name = name.parse().expect("a name");
        self.client().as_user(Credentials::new(name, passphrase()))
    }

    /// With a key for Ed25519 signatures.
    pub fn with_key(self, name: &str) -> Self {
        use nethsm::key::{GenerateKey, KeyMechanism, KeyType};

        let mut key = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
        key.id = Some(name.parse().expect("a name"));
        self.user("admin").generate_key(&key).expect("a key");
        self
    }

    /// With a backup passphrase.
    pub fn with_backups(self) -> Self {
        let none_yet = Passphrase::new(String::new());
        let set = self
            .user("admin")
            .set_backup_passphrase(passphrase(), none_yet);
        set.expect("set");
        self
    }
}
