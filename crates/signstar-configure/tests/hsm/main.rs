//! HSMs brought to what a configuration says, by the program itself.

mod administrators;
mod certificates;
mod interrupted;
mod maker;
mod programs;
mod secrets;
mod tokens;
mod yubihsm;

use std::{
    fs,
    ops::Deref,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use nethsm::client::{Tls, Url};
use serde_json::Value;
use signstar::{
    config::Config,
    sign::{Certificate, Message},
};
use signstar_hsm::{Conduct, Event, Hurry, Witness};
use softnethsm::{Cut, Device, Misbehaviour, Server};

use self::programs::Folder;

/// A host with one HSM of some devices: each with its address and the SHA-256 of its certificate.
struct Host {
    folder: Folder,
    devices: Vec<(Option<Server>, String, String)>,
    cuts: Vec<Cut>,
}

#[derive(Debug)]
struct Nobody;

impl Witness for Nobody {
    fn tell(&self, _: &Event<'_>) {}
}

impl Deref for Host {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Host {
    fn new(devices: usize) -> Self {
        let mut host = Self {
            folder: Folder::new(),
            devices: Vec::new(),
            cuts: Vec::new(),
        };
        for at in 0..devices {
            host.add_device(&format!("device{at}"));
        }
        host.configure("tls = \"insecure\"", "");
        host
    }

    /// A fresh device with its data in a folder of this name.
    fn add_device(&mut self, name: &str) {
        let device = Device::open(&self.path(name)).expect("a device");
        let misbehaviour = Misbehaviour::default();
        self.cuts.push(misbehaviour.cut.clone());
        let device = device.with_portable_users();
        let server = Server::start_misbehaving(device, "127.0.0.1:0", None, misbehaviour);
        let server = server.expect("a server");
        let url = format!("https://{}/api/v1", server.address());
        let parsed: Url = url.parse().expect("an address");
        let pin = Tls::shown(&parsed, Duration::from_secs(30)).expect("a certificate");
        let pin = pin.to_string().replace("pin:", "");
        self.devices.push((Some(server), url, pin));
    }

    fn configure(&self, tls: &str, more: &str) {
        let devices: Vec<_> = self
            .devices
            .iter()
            .map(|(_, url, pin)| format!("{{ url = {url:?}, {} }}", tls.replace("PIN", pin)))
            .collect();
        let here = self.folder.display();
        let text = format!(
            r#"domain = "signstar.example.org"
identity = "authorized-keys"
log = "unlogged"
journal = {{ file = "{here}/journal" }}
state = "{here}/state"
[administration]
credentials = "plaintext"
folder = "{here}/administration"
[hsm.main]
kind = "nethsm"
devices = [{}]
timeout-seconds = 30
administrators = ["admin", "second"]
boot = "unattended"
[key.packages]
hsm = "main"
id = "packages"
type = "Curve25519"
operator = "builder"
passphrase = {{ file = "{here}/secrets/builder" }}
certificate = "{here}/certificates/packages.pgp"
user-ids = ["Example Packaging <packages@example.org>"]
[client.builder]
key = "packages"
outputs = ["OpenPGPv4"]
[user.keeper]
role = "backup"
hsm = "main"
operator = "backup"
passphrase = {{ file = "{here}/secrets/backup" }}
{more}
"#,
            devices.join(", ")
        );
        fs::write(self.configuration(), text).expect("written");
    }

    #[track_caller]
    fn signs(&self) {
        let text = fs::read_to_string(self.configuration()).expect("there");
        let config = Config::parse(&text).expect("good");
        let key = config.keys.values().next().expect("one");
        let hsm = config.hsms.values().next().expect("one");
        let conduct = Conduct {
            public_key: None,
            patience: Duration::from_secs(30),
            connections: 1,
            hurry: std::sync::Arc::new(Hurry::default()),
            state: None,
            witness: std::sync::Arc::new(Nobody),
        };
        let signer = signstar_hsm::open(key, hsm, conduct).expect("opened");
        let message = Message::Ed25519(b"hello".to_vec());
        let signature = signer.sign(&message).expect("signed");
        let octets = fs::read(self.path("certificates/packages.pgp")).expect("kept");
        let public = Certificate::parse(&octets)
            .expect("a certificate")
            .public_key();
        public
            .expect("a key")
            .verify(&message, &signature)
            .expect("verifies");
    }

    /// The newest backup that is kept.
    fn newest_backup(&self) -> PathBuf {
        let backups = fs::read_dir(self.path("state/keeper/backups/main")).expect("there");
        let backups = backups.flatten().map(|entry| entry.path());
        backups.max().expect("one")
    }

    /// All that is secret on this host.
    fn secrets(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("administration/hsm-main")).expect("there");
        let all: Value = serde_json::from_str(&text).expect("JSON");
        let mut secrets: Vec<String> = all["administrators"]
            .as_object()
            .expect("several")
            .values()
            .chain([&all["unlock"], &all["backup"]])
            .map(|secret| secret.as_str().expect("text").to_owned())
            .collect();
        for name in ["builder", "backup"] {
            let path = self.path("secrets").join(name);
            secrets.push(fs::read_to_string(path).expect("there"));
        }
        assert!(secrets.iter().all(|secret| secret.len() >= 32));
        secrets
    }
}

#[test]
fn from_a_device_that_nobody_has_seen_to_a_signature() {
    // As careful people have it. Clients read certificates all the same.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    let host = Host::new(1);
    let pin = host.devices[0].2.clone();
    let told = host.ends(&["hsm", "plan"], 1);
    assert!(told.contains("was never seen before"), "{told}");
    assert!(told.contains(&pin), "{told}");
    host.ends(&["hsm", "apply"], 1);
    host.ends(&["hsm", "apply", "--trust-new", &"00".repeat(32)], 1);
    assert!(!host.path("administration/hsm-main").exists());

    let trusted = ["hsm", "plan", "--json", "--trust-new", &pin];
    let told = host.run(&trusted);
    assert_eq!(told.status.code(), Some(10), "{told:?}");
    let plan: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(plan["main"]["steps"][0]["action"], "provision");

    let mut all = host.ends(&["hsm", "apply", "--trust-new", &pin], 0);
    host.signs();
    // It is known from now on, and there is nothing to do.
    all += &host.ends(&["hsm", "plan"], 0);
    all += &host.ends(&["hsm", "apply"], 0);
    all += &host.ends(&["backup", "verify"], 0);
    assert!(all.contains("1 keys sign"), "{all}");

    // Nobody is ever told a secret, and the journal has every change.
    let journal = fs::read_to_string(host.path("journal")).expect("lines");
    assert!(
        journal.contains("\"change\":\"make key `packages`"),
        "{journal}"
    );
    for secret in host.secrets() {
        assert!(!all.contains(&secret) && !journal.contains(&secret));
    }
    let mode = |name: &str| {
        let metadata = fs::metadata(host.path(name)).expect("there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("certificates/packages.pgp"), 0o644);
    assert_eq!(mode("secrets/builder"), 0o600);
    assert_eq!(mode("administration/hsm-main"), 0o600);
    assert_eq!(mode("administration"), 0o700);
}

#[test]
fn what_keeps_it_from_working_has_a_status_of_its_own() {
    let mut host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);

    let file = host.path("administration/hsm-main");
    let aside = host.path("aside");
    fs::rename(&file, &aside).expect("moved");
    host.ends(&["hsm", "plan"], 22);
    host.ends(&["hsm", "apply"], 22);
    assert!(
        !file.exists(),
        "nothing is made up for a device that has an administrator"
    );
    symlink(&aside, &file).expect("linked");
    let told = host.ends(&["hsm", "plan"], 1);
    assert!(told.contains("symbolic link"), "{told}");
    fs::remove_file(&file).expect("removed");
    fs::rename(&aside, &file).expect("moved");

    let lock = fs::File::open(host.path("administration/lock")).expect("there");
    let held = nix::fcntl::Flock::lock(lock, nix::fcntl::FlockArg::LockExclusive);
    let held = held.map_err(|(_, error)| error).expect("free");
    let told = host.ends(&["hsm", "apply"], 1);
    assert!(told.contains("another run"), "{told}");
    drop(held);

    let typo = "[key.typo]\nhsm = \"main\"\nid = \"packages\"\ntype = \"EC_P256\"\noperator = \"builder\"\n\
                passphrase = { file = \"/x\" }\npublic-key = \"/y\"\nssh-namespace = \"z\"";
    host.configure("tls = \"pin:PIN\"", typo);
    host.ends(&["hsm", "plan"], 1);
    host.configure("tls = \"pin:PIN\"", "");
    host.devices[0].0 = None;
    host.ends(&["hsm", "plan"], 21);
    host.ends(&["rotate"], 21);
}

#[test]
fn killed_at_any_moment_of_a_rotation_the_client_signs() {
    let host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    let mut ended = 0;
    for pause in (0..).map(|step| Duration::from_millis(step * 15)) {
        let mut child = host
            .command(&["rotate", "--user", "builder"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        std::thread::sleep(pause);
        ended += usize::from(child.try_wait().expect("a status").is_some());
        let _ = child.kill();
        child.wait().expect("ended");
        host.signs();
        if ended > 1 {
            break;
        }
    }
    host.ends(&["hsm", "apply"], 0);
    host.ends(&["hsm", "plan"], 0);
    host.signs();
}

#[test]
fn a_device_is_replaced_from_a_backup() {
    let mut host = Host::new(2);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    host.ends(&["rotate"], 0);
    host.signs();
    host.ends(&["backup"], 0);
    let backups = host.path("state/keeper/backups/main");
    let files = || fs::read_dir(&backups).expect("there").flatten();
    assert_eq!(files().count(), 3);
    let newest = files().map(|file| file.path()).max().expect("three");

    // Both are lost, and there is one new one.
    host.devices.clear();
    host.add_device("new");
    let url = host.devices[0].1.clone();
    host.configure("tls = \"pin:PIN\"", "");
    let newest = newest.to_str().expect("text");
    host.ends(&["restore", "--device", &url, newest], 0);
    host.ends(&["hsm", "apply"], 0);
    host.signs();

    // A backup that was damaged is not good.
    let mut octets = fs::read(newest).expect("there");
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(newest, octets).expect("written");
    let told = host.ends(&["backup", "verify", newest], 1);
    assert!(told.contains("is no good"), "{told}");
}
