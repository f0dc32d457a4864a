//! The software HSM of an enclave.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use nethsm::{
    client::{Client as Device, Error as DeviceError, Tls, Url},
    id::{KeyId, Tag, UserId},
    key::{GenerateKey, Restrictions},
    passphrase::{Credentials, Passphrase},
    system::{Provision, SystemState},
    time::DeviceTime,
    user::{NewUser, UserRole},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use signstar::sign::Certificate;
use signstar_hsm::nethsm::{NetHsmKey, public_key};

use crate::{
    Client, Error, Folder, KeyType,
    child::{Running, last_words},
    error::{OnPath, While},
    folder,
    programs::program,
};

const PROGRAM: &str = "softnethsm";
/// RSA keys take their time on a slow machine.
const KEY_GENERATION: Duration = Duration::from_secs(300);

/// A software NetHSM that runs as long as the enclave does.
#[derive(Debug)]
pub struct SoftNetHsm {
    running: Option<Running>,
    data: PathBuf,
    log: PathBuf,
    address: String,
    url: String,
    tls: String,
}

impl SoftNetHsm {
    pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> Result<Self, Error> {
        let mut hsm = Self {
            running: None,
            data: folder.hsm(),
            log: folder.log(PROGRAM),
            address: "127.0.0.1:0".to_owned(),
            url: String::new(),
            tls: String::new(),
        };
        hsm.start_again(arguments)?;
        Ok(hsm)
    }

    /// Starts it, at the same address as before if there was one, with further arguments for
    /// `softnethsm serve`. It is locked then.
    pub fn start_again(&mut self, arguments: &[&str]) -> Result<(), Error> {
        self.stop();
        let log = File::create(&self.log).on("write", &self.log)?;
        let mut command = Command::new(program(PROGRAM)?);
        command
            .args(["serve", "--listen", &self.address, "--data"])
            .arg(&self.data)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut running = Running::start(PROGRAM, &mut command, &self.log)?;

        let mut line = String::new();
        if let Some(stdout) = running.child().stdout.take() {
            // A program that ends says nothing; what it said elsewhere is in its log.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let address = line
            .trim_end()
            .strip_prefix("softnethsm listening on https://")
            .ok_or_else(|| Error::Start {
                program: PROGRAM,
                reason: last_words(&self.log),
            })?;
        self.url = format!("https://{address}/api/v1");
        self.address = address.to_owned();
        self.tls = self.pin()?;
        self.running = Some(running);
        Ok(())
    }

    /// Ends it. Its address stays taken in the configuration of the enclave.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Kills it as a power failure would.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }

    /// Its REST API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How to recognise it: `pin:` and the SHA-256 of its certificate.
    pub fn tls(&self) -> &str {
        &self.tls
    }

    pub(crate) fn check(&mut self) -> Result<(), Error> {
        self.running.as_mut().map_or(Ok(()), Running::check)
    }

    fn pin(&self) -> Result<String, Error> {
        let path = self.data.join("tls-cert.pem");
        let pem = fs::read(&path).on("read", &path)?;
        let certificate = CertificateDer::from_pem_slice(&pem).doing("reading its certificate")?;
        match Tls::pin(&certificate) {
            Tls::Pin(sha256) => Ok(format!("pin:{}", hex::encode(sha256))),
            _ => Err("no pin").doing("reading its certificate"),
        }
    }

    /// A handle on it, as nobody in particular.
    pub fn device(&self) -> Result<Device, Error> {
        let url: Url = self.url.parse().doing("reading its address")?;
        let tls: Tls = self.tls.parse().doing("reading its certificate")?;
        Device::new(&url, &tls).doing("connecting")
    }

    /// Provisions or unlocks it, and returns a handle for its administrator.
    pub fn make_operational(&self, folder: &Folder) -> Result<Device, Error> {
        let device = self.device()?;
        let passphrase = |name| folder.secret(name).map(Passphrase::new);
        match device.state().doing("telling its state")? {
            SystemState::Unprovisioned => device
                .provision(&Provision {
                    unlock_passphrase: passphrase("unlock")?,
                    admin_passphrase: passphrase("admin")?,
                    system_time: DeviceTime(jiff::Timestamp::now()),
                })
                .doing("being provisioned")?,
            SystemState::Locked => device
                .unlock(passphrase("unlock")?)
                .doing("being unlocked")?,
            SystemState::Operational => {}
            other => return Err(format!("it is {other}")).doing("telling its state"),
        }
        let admin: UserId = "admin".parse().doing("naming its administrator")?;
        Ok(device.as_user(Credentials::new(admin, passphrase("admin")?)))
    }
}

/// Gives `client` an operator, a key that only this operator can use, and a certificate.
///
/// What was begun and not finished is done anew: the certificate on disk says that all is done.
pub(crate) fn ensure_client(admin: &Device, folder: &Folder, client: &Client) -> Result<(), Error> {
    let path = folder.certificate(&client.name);
    let kind = path.with_extension("type");
    if path.exists() {
        let found = fs::read_to_string(&kind).on("read", &kind)?;
        if found != client.key_type.as_str() {
            return Err(Error::OtherKeyType {
                folder: folder.path().to_owned(),
                name: client.name.clone(),
                found,
            });
        }
        return Ok(());
    }

    let key: KeyId = client.name.parse().doing("naming a key")?;
    let user: UserId = client.name.parse().doing("naming an operator")?;
    let tag: Tag = client.name.parse().doing("naming a tag")?;
    gone(admin.delete_key(&key)).doing("deleting a key")?;
    gone(admin.delete_user(&user)).doing("deleting an operator")?;

    let passphrase = || folder.secret(&client.name).map(Passphrase::new);
    let operator = NewUser {
        real_name: format!("Operator of {}", client.name),
        role: UserRole::Operator,
        passphrase: passphrase()?,
    };
    admin
        .put_user(&user, &operator)
        .doing("adding an operator")?;
    admin
        .put_user_tag(&user, &tag)
        .doing("tagging an operator")?;
    generate(admin, &key, client.key_type)?;

    let operator = admin.as_user(Credentials::new(user, passphrase()?));
    let certificate = certify(&operator, &key, &client.name)?;
    let octets = certificate.to_octets().doing("making a certificate")?;
    admin
        .put_certificate(&key, octets.clone())
        .doing("storing a certificate")?;
    folder::write(&kind, client.key_type.as_str().as_bytes(), 0o600)?;
    folder::write(&path, &octets, 0o644)
}

/// Gives the HSM a user that makes backups, called `backup`, and the passphrase
/// `backup-passphrase` that they are encrypted with.
///
/// The user is made last: when it is there, all is done.
pub(crate) fn ensure_keeper(admin: &Device, folder: &Folder) -> Result<(), Error> {
    let user: UserId = "backup".parse().doing("naming a user")?;
    match admin.user(&user) {
        Ok(_) => return Ok(()),
        Err(DeviceError::NotFound { .. }) => {}
        Err(error) => return Err(error).doing("looking for a user"),
    }
    let passphrase = |name| folder.secret(name).map(Passphrase::new);
    let none_yet = Passphrase::new(String::new());
    let new = passphrase("backup-passphrase")?;
    match admin.set_backup_passphrase(new, none_yet) {
        // It has been set before, and then something went wrong.
        Err(DeviceError::Forbidden { .. }) => {}
        set => set.doing("setting the passphrase of backups")?,
    }
    let keeper = NewUser {
        real_name: "Who makes backups".to_owned(),
        role: UserRole::Backup,
        passphrase: passphrase("backup")?,
    };
    admin.put_user(&user, &keeper).doing("adding a user")
}

fn generate(admin: &Device, key: &KeyId, key_type: KeyType) -> Result<(), Error> {
    let (key_type, mechanism, length) = key_type.parameters();
    admin
        .with_timeout(KEY_GENERATION)
        .generate_key(&GenerateKey {
            length,
            id: Some(key.clone()),
            restrictions: Restrictions {
                tags: vec![key.as_str().to_owned()],
            },
            ..GenerateKey::new(key_type, vec![mechanism])
        })
        .doing("making a key")?;
    Ok(())
}

fn certify(operator: &Device, key: &KeyId, name: &str) -> Result<Certificate, Error> {
    let public = operator.key(key).doing("reading a key")?;
    let public = public_key(public)
        .ok_or("no such key signs")
        .doing("reading a key")?;
    let signer = NetHsmKey::new(operator.clone(), key.clone());
    let user_id = format!("Example Packaging ({name}) <{name}@signstar.example>");
    Ok(Certificate::issue(
        &public,
        &[&user_id],
        SystemTime::now(),
        &signer,
    )?)
}

/// That something is not there is as good as having deleted it.
fn gone(deleted: Result<(), DeviceError>) -> Result<(), DeviceError> {
    match deleted {
        Err(DeviceError::NotFound { .. }) => Ok(()),
        other => other,
    }
}
