//! The YubiHSM2 in software of an enclave.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use yubihsm_mock::{Kind, Objects};

use crate::{
    Client, Error, Folder, KeyType,
    child::{Running, last_words},
    configured,
    error::{OnPath, While},
    folder::quote,
    key_type,
    programs::program,
};

const PROGRAM: &str = "yubihsm-mock";
const SERIAL: u32 = 12_345_678;

/// A connector with a YubiHSM2 in software, which runs as long as the enclave does.
#[derive(Debug)]
pub struct YubiHsmMock {
    running: Option<Running>,
    objects: PathBuf,
    log: PathBuf,
    address: String,
}

impl YubiHsmMock {
    /// Gives every client a key, and an operator that may do nothing but sign with it; then starts it.
    pub(crate) fn start(folder: &Folder, clients: &[Client]) -> Result<Self, Error> {
        let path = objects(folder);
        let mut objects = match path.exists() {
            true => Objects::read(&path).doing("reading its objects")?,
            false => Objects::none(SERIAL),
        };
        for client in clients {
            key_type::check(folder, client)?;
            if objects.number_of(&client.name).is_none() {
                let password = folder.secret(&client.name)?;
                let given = objects.give(&client.name, kind(client.key_type), &password);
                given.doing("making a key")?;
            }
        }
        objects.write(&path).doing("keeping its objects")?;
        let mut device = Self {
            running: None,
            objects: path,
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

    /// What the configuration says about the use of the key of a client.
    pub(crate) fn credential(&self, folder: &Folder, client: &str) -> Result<String, Error> {
        let objects = Objects::read(&self.objects).doing("reading its objects")?;
        credential(&objects, folder, client)
    }

    /// Writes what the public knows of the keys of `clients`.
    pub(crate) fn set_up(&self, folder: &Folder, clients: &[Client]) -> Result<(), Error> {
        for client in clients {
            let credential = self.credential(folder, &client.name)?;
            configured::ensure_certified(folder, client, || {
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

fn credential(objects: &Objects, folder: &Folder, client: &str) -> Result<String, Error> {
    let number = objects.number_of(client);
    let number = number.ok_or("no such key").doing("reading its objects")?;
    Ok(format!(
        "operator = \"{number}\"\npassphrase = {{ file = {} }}\n",
        quote(&folder.secret_file(client).to_string_lossy())
    ))
}

fn kind(key_type: KeyType) -> Kind {
    match key_type {
        KeyType::Curve25519 => Kind::Ed25519,
        KeyType::EcP256 => Kind::P256,
        KeyType::EcP384 => Kind::P384,
        KeyType::EcP521 => Kind::P521,
        KeyType::Rsa2048 => Kind::Rsa2048,
        KeyType::Rsa3072 => Kind::Rsa3072,
        KeyType::Rsa4096 => Kind::Rsa4096,
    }
}
