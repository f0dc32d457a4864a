//! The YubiHSM2 in software of an enclave.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{
    Client, Error, Folder,
    child::{Running, last_words},
    configure, configured,
    error::OnPath,
    folder::quote,
    key_type, keys,
    programs::program,
};

const PROGRAM: &str = "yubihsm-mock";
const SERIAL: u32 = 12_345_678;
/// The number of the authentication key of the first client; those of the others follow.
const FIRST_OPERATOR: usize = 100;

/// A connector with a YubiHSM2 in software, which runs as long as the enclave does.
#[derive(Debug)]
pub struct YubiHsmMock {
    running: Option<Running>,
    objects: PathBuf,
    log: PathBuf,
    address: String,
}

impl YubiHsmMock {
    /// Starts a device that is new, or the one that is in the folder.
    pub(crate) fn start(folder: &Folder) -> Result<Self, Error> {
        let mut device = Self {
            running: None,
            objects: objects(folder),
            log: folder.log(PROGRAM),
            address: "127.0.0.1:0".to_owned(),
        };
        device.start_again()?;
        Ok(device)
    }

    /// Starts the connector, at the same address as before if there was one.
    pub fn start_again(&mut self) -> Result<(), Error> {
        self.running = None;
        let log = File::create(&self.log).on("write", &self.log)?;
        let mut command = Command::new(program(PROGRAM)?);
        command
            .args(["--listen", &self.address, "--objects"])
            .arg(&self.objects)
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
            .strip_prefix("yubihsm-mock listening on http://")
            .ok_or_else(|| Error::Start {
                program: PROGRAM,
                reason: last_words(&self.log),
            })?;
        self.address = address.to_owned();
        self.running = Some(running);
        Ok(())
    }

    /// Kills the connector, and with it the device and its sessions.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }

    /// Its connector.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Fails if it has ended by itself.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        self.running.as_mut().map_or(Ok(()), Running::check)
    }

    /// The device in the configuration of the enclave.
    pub(crate) fn table(&self) -> String {
        format!(
            "[hsm.main]\n\
             kind = \"yubihsm2\"\n\
             connector = {}\n\
             serial = \"{SERIAL:010}\"\n",
            quote(&self.url())
        )
    }

    /// What the configuration says about the use of the key of the client with this place among all.
    pub(crate) fn credential(&self, folder: &Folder, client: &str, place: usize) -> String {
        format!(
            "operator = \"{}\"\npassphrase = {{ file = {} }}\n",
            FIRST_OPERATOR + place,
            quote(&folder.secret_file(client).to_string_lossy())
        )
    }

    /// Has the device set up with what the configuration says, and writes what the public knows of its
    /// keys.
    pub(crate) fn set_up(&self, folder: &Folder, clients: &[Client]) -> Result<(), Error> {
        for client in clients {
            key_type::check(folder, client)?;
        }
        configure::apply_to_hsm(folder)?;
        for (place, client) in clients.iter().enumerate() {
            key_type::note(folder, client)?;
            let credential = self.credential(folder, &client.name, place);
            keys::ensure_public(folder, client, || {
                configured::open(&self.table(), &credential, &client.name)
            })?;
        }
        Ok(())
    }
}

/// Where its objects are.
pub(crate) fn objects(folder: &Folder) -> PathBuf {
    folder.hsm().join("yubihsm-mock.json")
}
