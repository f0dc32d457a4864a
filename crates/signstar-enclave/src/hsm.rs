//! The software HSM of an enclave.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use nethsm::{
    client::{Client as Device, Tls, Url},
    id::UserId,
    passphrase::Credentials,
    system::SystemState,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use signstar_hsm::state::ADMIN;

use crate::{
    Client, Error, Folder,
    child::{Running, last_words},
    configure,
    error::{OnPath, While},
    key_type, keys,
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

    /// Its process, while it was not stopped.
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// Fails if it has ended by itself.
    pub fn check(&mut self) -> Result<(), Error> {
        self.running.as_mut().map_or(Ok(()), Running::check)
    }

    fn pin(&self) -> Result<String, Error> {
        let path = self.data.join("tls-cert.pem");
        let pem = fs::read(&path).on("read", &path)?;
        let certificate = CertificateDer::from_pem_slice(&pem).doing("reading its certificate")?;
        Ok(Tls::pin(&certificate).to_string())
    }

    /// A handle on it, as nobody in particular.
    pub fn device(&self) -> Result<Device, Error> {
        let url: Url = self.url.parse().doing("reading its address")?;
        let tls: Tls = self.tls.parse().doing("reading its certificate")?;
        Device::new(&url, &tls).doing("connecting")
    }

    /// Unlocks it if it is locked, and returns a handle for its administrator.
    pub fn make_operational(&self, folder: &Folder) -> Result<Device, Error> {
        let mut known = folder.administrative()?;
        let admin: UserId = ADMIN.parse().doing("naming its administrator")?;
        let passphrase = known.administrators.remove(&admin);
        let passphrase = passphrase
            .ok_or("nobody knows it")
            .doing("reading the passphrase of its administrator")?;
        let device = self.device()?;
        if device.state().doing("being looked at")? == SystemState::Locked {
            device.unlock(known.unlock).doing("being unlocked")?;
        }
        Ok(device.as_user(Credentials::new(admin, passphrase)))
    }

    /// Gives it what the configuration says, and writes what the public knows of its keys.
    pub(crate) fn set_up(&self, folder: &Folder, clients: &[Client]) -> Result<(), Error> {
        for client in clients {
            key_type::check(folder, client)?;
        }
        configure::apply_to_hsm(folder)?;
        let device = self.device()?;
        for client in clients {
            key_type::note(folder, client)?;
            keys::ensure_public(folder, client, || keys::key_of(&device, folder, client))?;
        }
        Ok(())
    }
}
