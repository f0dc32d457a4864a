//! The software HSM of an enclave.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use nethsm::{
    client::{Client as Device, Error as DeviceError, Tls, Url},
    id::UserId,
    passphrase::{Credentials, Passphrase},
    system::{Provision, SystemState},
    time::DeviceTime,
    user::{NewUser, UserRole},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{
    Error, Folder,
    child::{Running, last_words},
    error::{OnPath, While},
    programs::program,
};

const PROGRAM: &str = "softnethsm";

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
