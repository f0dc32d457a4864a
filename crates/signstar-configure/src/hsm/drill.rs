//! A software HSM that is thrown away, to try a backup with.

use std::{
    env,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use nethsm::{
    client::{Client, Tls, Url},
    id::UserId,
    key::KeyMechanism,
    passphrase::Credentials,
    user::UserRole,
};
use signstar::{
    request::Digest,
    sign::{Certificate, Message, PublicKey, Signer},
};
use signstar_hsm::{
    AdministrativeCredentials, CredentialStore, Plain, SecretFile, Which,
    nethsm::{NetHsmKey, public_key},
    state::{
        Access, Action, CertificateStore, Desired, DesiredDevice, DesiredKey, KeyPath, Operators,
        Step,
    },
};

use super::HsmError;

/// `DigestInfo` of a SHA-512 up to the digest itself (RFC 8017 §9.2, note 1).
const DIGEST_INFO_SHA512: [u8; 19] = [
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
    0x00, 0x04, 0x40,
];
const TIMEOUT: Duration = Duration::from_secs(120);

/// A running `softnethsm`. It ends when this is dropped.
struct Throwaway {
    child: Child,
    url: String,
    pin: String,
    folder: tempfile::TempDir,
}

/// New passphrases of operators, for the throw-away device alone.
struct Places(std::collections::BTreeMap<UserId, SecretFile>);

impl Operators for Places {
    fn store_of(&self, user: &UserId) -> Option<&dyn CredentialStore> {
        Some(self.0.get(user)?)
    }
}

/// Restores `backup` and signs with every key of `desired`. Returns how many there are.
///
/// With `certificates`, every signature is verified with the public key that is known on this host.
pub(super) fn verify(
    backup: &Path,
    desired: &Desired,
    administration: &AdministrativeCredentials,
    certificates: &dyn CertificateStore,
) -> Result<usize, HsmError> {
    let device = Throwaway::start()?;
    let bad = |why: String| HsmError::BadBackup {
        path: backup.to_owned(),
        why,
    };
    let mut here = desired.clone();
    here.devices = vec![DesiredDevice {
        url: device.url.clone(),
        trusted: [device.pin.clone()].into(),
        certificate: None,
        network: None,
    }];
    let operators = desired.users.iter();
    let operators = operators.filter(|(_, user)| user.role == UserRole::Operator);
    let places = operators.enumerate().map(|(at, (id, _))| {
        let path = device.folder.path().join(format!("operator{at}"));
        (id.clone(), SecretFile::new(path, None, Arc::new(Plain)))
    });
    let places = Places(places.collect());
    let access = Access::new(&here, Some(administration), &places, certificates, TIMEOUT)?;

    let mut file = File::open(backup).map_err(HsmError::file(backup))?;
    access
        .restore_on(&device.url, &mut file)
        .map_err(|error| bad(whole(&error)))?;
    for (path, key) in &here.keys {
        let user = here.operator_of(path);
        let user = user.ok_or_else(|| bad(format!("no operator may use key `{path}`")))?;
        let set = Step {
            device: Some(device.url.clone()),
            action: Action::SetPassphrase {
                user: user.clone(),
                to: Which::Current,
            },
        };
        access.apply(&set).map_err(|error| bad(whole(&error)))?;
        let operator = device
            .operator(user, &places)
            .map_err(|error| bad(whole(&*error)))?;
        sign(&operator, path, key, certificates)
            .map_err(|error| bad(format!("key `{path}`: {}", whole(&*error))))?;
    }
    Ok(here.keys.len())
}

type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Signs with a key, and verifies that with the public half that this host knows, else with the one
/// that the device shows.
fn sign(
    operator: &Client,
    path: &KeyPath,
    wanted: &DesiredKey,
    certificates: &dyn CertificateStore,
) -> Result<(), Trouble> {
    let shown = public_key(operator.key(&path.id)?).ok_or("it is of no kind that signs")?;
    if let Some(octets) = certificates.load(path)? {
        let known = Certificate::parse(&octets)?.public_key();
        if known.as_ref() != Some(&shown) {
            return Err("it is not the key of the certificate on this host".into());
        }
    }
    let message = message(&shown, wanted);
    let signature = NetHsmKey::new(operator.clone(), path.id.clone()).sign(&message)?;
    shown.verify(&message, &signature)?;
    Ok(())
}

/// Octets that no signature of use is about.
fn message(key: &PublicKey, wanted: &DesiredKey) -> Message {
    match key {
        PublicKey::Rsa { .. } if wanted.mechanisms.contains(&KeyMechanism::RsaSignaturePkcs1) => {
            Message::RsaPkcs1([&DIGEST_INFO_SHA512[..], &[0x5a; 64]].concat())
        }
        PublicKey::Rsa { .. } => Message::RsaPss(Digest::Sha512([0x5a; 64])),
        PublicKey::P256(_) => Message::Ecdsa(vec![0x5a; 32]),
        PublicKey::P384(_) => Message::Ecdsa(vec![0x5a; 48]),
        PublicKey::P521(_) => Message::Ecdsa(vec![0x5a; 64]),
        PublicKey::Ed25519(_) => Message::Ed25519(b"backup drill".to_vec()),
    }
}

impl Throwaway {
    fn start() -> Result<Self, HsmError> {
        let started = || -> io::Result<(Child, String, tempfile::TempDir)> {
            let folder = in_memory()?;
            let mut child = Command::new(program()?)
                .args(["serve", "--throw-away", "--listen", "127.0.0.1:0", "--data"])
                .arg(folder.path())
                // Whatever ends this program closes it, and ends that one.
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?;
            let mut line = String::new();
            if let Some(stdout) = child.stdout.take() {
                BufReader::new(stdout).read_line(&mut line)?;
            }
            Ok((child, line, folder))
        };
        let (mut child, line, folder) = started().map_err(HsmError::Drill)?;
        let address = line.trim().rsplit(' ').next().unwrap_or_default();
        let url = format!("{address}/api/v1");
        let pin = url.parse::<Url>().ok();
        let pin = pin.and_then(|url| Tls::shown(&url, TIMEOUT).ok());
        let Some(pin) = pin else {
            // It has ended, or is about to.
            let _ = child.kill();
            let _ = child.wait();
            return Err(HsmError::Drill(io::Error::other("it says nothing")));
        };
        let pin = pin.to_string().trim_start_matches("pin:").to_owned();
        Ok(Self {
            child,
            url,
            pin,
            folder,
        })
    }

    fn operator(&self, user: &UserId, places: &Places) -> Result<Client, Trouble> {
        let store = places.0.get(user).ok_or("no place")?;
        let passphrase = CredentialStore::read(store, Which::Current)?.ok_or("no passphrase")?;
        let url: Url = self.url.parse()?;
        let tls: Tls = format!("pin:{}", self.pin).parse()?;
        let client = Client::new(&url, &tls)?;
        Ok(client.as_user(Credentials::new(user.clone(), passphrase)))
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        // Its folder goes as well: there is nothing to be saved.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A folder in memory, unless `TMPDIR` says otherwise or there is none: what a device is sent has the
/// passphrase of the backup in it.
fn in_memory() -> io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    match env::var_os("TMPDIR").is_none() && memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
}

/// `softnethsm` beside this program, or in `PATH`.
fn program() -> io::Result<PathBuf> {
    let current = env::current_exe()?;
    let beside = current.parent().map(Path::to_path_buf);
    let path = env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|folder| folder.join("softnethsm"))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| io::Error::other("there is no such program"))
}

fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
