//! The folder of an enclave.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use nix::fcntl::{Flock, FlockArg};
use signstar::config::{Config, Mechanism};
use signstar_hsm::{Administration, AdministrativeCredentials, Plain, SecretFile};

use crate::{
    Client, Description, Error, Purpose, SSH_NAMESPACE, TransparencyLog,
    device::Device,
    error::{OnPath, While},
    keys::user_id,
};

/// The domain of an enclave that is no real one (RFC 2606 §2).
pub(crate) const DOMAIN: &str = "signstar.example";

/// The folder of an enclave: absolute, of this user alone.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// The right to run an enclave in a folder, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, never read")] Flock<File>);

impl Folder {
    /// Takes the folder at `path`, made if it is not there.
    pub fn create(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).on("create", path)?;
        let path = path.canonicalize().on("find", path)?;
        let plain = path
            .to_str()
            .is_some_and(|text| !text.contains(char::is_control));
        if !plain {
            return Err(Error::Name(path));
        }
        fs::set_permissions(&path, Permissions::from_mode(0o700)).on("protect", &path)?;
        for name in ["certificates", "hsm", "secrets", "ssh"] {
            let inner = path.join(name);
            fs::create_dir_all(&inner).on("create", &inner)?;
        }
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `DIR/enclave.json`, there while the enclave runs.
    pub fn description(&self) -> PathBuf {
        self.0.join("enclave.json")
    }

    /// `DIR/signstar.toml`.
    pub fn configuration(&self) -> PathBuf {
        self.0.join("signstar.toml")
    }

    /// `DIR/journal`, a line for each request.
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// The OpenPGP certificate of a client, in binary form.
    pub fn certificate(&self, client: &str) -> PathBuf {
        self.0.join("certificates").join(format!("{client}.pgp"))
    }

    /// The OpenPGP certificate of version 6 of a client with a key for everything.
    pub fn certificate_v6(&self, client: &str) -> PathBuf {
        self.0.join("certificates").join(format!("{client}-v6.pgp"))
    }

    /// The public half of the signing key of such a client, as `ssh` writes it.
    pub fn ssh_public_key(&self, client: &str) -> PathBuf {
        self.0.join("certificates").join(format!("{client}.pub"))
    }

    /// What signatures for `client` verify with: its certificate, or in PEM the public key for raw
    /// ones.
    pub fn anchor(&self, client: &Client) -> PathBuf {
        let certificate = self.certificate(&client.name);
        match client.purpose {
            Purpose::Packages | Purpose::Everything => certificate,
            Purpose::Raw(_) => certificate.with_extension("pem"),
        }
    }

    /// The private SSH key of a client; the public one has `.pub` behind it.
    pub fn ssh_key(&self, client: &str) -> PathBuf {
        self.ssh().join(client)
    }

    /// The host key of the enclave, as clients need to know it.
    pub fn known_hosts(&self) -> PathBuf {
        self.ssh().join("known_hosts")
    }

    /// A program that runs `ssh` with everything set up: `DIR/ssh/connect CLIENT`.
    pub fn connect(&self) -> PathBuf {
        self.ssh().join("connect")
    }

    pub(crate) fn ssh(&self) -> PathBuf {
        self.0.join("ssh")
    }

    pub(crate) fn sshd_configuration(&self) -> PathBuf {
        self.ssh().join("sshd_config")
    }

    pub(crate) fn hsm(&self) -> PathBuf {
        self.0.join("hsm")
    }

    /// `DIR/log`, what is public of the transparency log.
    pub fn public_log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(crate) fn log(&self, program: &str) -> PathBuf {
        self.0.join(format!("{program}.log"))
    }

    pub(crate) fn secret_file(&self, name: &str) -> PathBuf {
        self.0.join("secrets").join(name)
    }

    /// The folder with what `signstar-configure` needs for the HSM.
    pub(crate) fn administration(&self) -> PathBuf {
        self.secret_file("administration")
    }

    /// What `signstar-configure` has made up to administer the HSM.
    pub(crate) fn administrative(&self) -> Result<AdministrativeCredentials, Error> {
        let path = self.administration().join("hsm-main");
        let known = SecretFile::new(path, None, Arc::new(Plain)).load();
        let known = known.doing("reading its credentials")?;
        known
            .ok_or("there are none")
            .doing("reading its credentials")
    }

    /// Refuses if another process runs an enclave here.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        let path = self.0.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .on("open", &path)?;
        Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map(Lock)
            .map_err(|_| Error::InUse(self.0.clone()))
    }

    pub(crate) fn forget_description(&self) -> Result<(), Error> {
        let path = self.description();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).on("remove", &path),
            _ => Ok(()),
        }
    }

    pub(crate) fn write_description(&self, description: &Description) -> Result<(), Error> {
        let path = self.description();
        let text = serde_json::to_string_pretty(description)
            .map_err(io::Error::from)
            .on("write", &path)?;
        write(&path, format!("{text}\n").as_bytes(), 0o600)
    }

    /// Writes `signstar.toml` and reads it as `signstar-sign` will.
    pub(crate) fn write_configuration(
        &self,
        clients: &[Client],
        hsm: &Device,
        log: &TransparencyLog,
    ) -> Result<(), Error> {
        let mut text = format!(
            "# A private enclave for trying and testing; written anew at every start.\n\
             domain = {domain}\n\
             identity = \"authorized-keys\"\n\
             journal = {{ file = {journal} }}\n\
             state = {state}\n\
             \n\
             [log]\n\
             socket = {socket}\n\
             vkey = {vkey}\n\
             \n\
             {hsm}\
             \n\
             [administration]\n\
             credentials = \"plaintext\"\n\
             folder = {administration}\n\
             \n\
             [user.certificates]\n\
             role = \"certificates\"\n\
             \n\
             [user.metrics]\n\
             role = \"metrics\"\n",
            domain = quote(DOMAIN),
            journal = quote(&self.journal().to_string_lossy()),
            state = quote(&self.path().join("state").to_string_lossy()),
            socket = quote(&log.socket().to_string_lossy()),
            vkey = quote(log.vkey()),
            hsm = hsm.tables(self),
            administration = quote(&self.administration().to_string_lossy()),
        );
        for (place, client) in clients.iter().enumerate() {
            let credential = hsm.credential(self, &client.name, place);
            text.push_str(&self.configuration_of(client, &credential));
        }
        Config::parse(&text)?;
        write(&self.configuration(), text.as_bytes(), 0o600)
    }

    /// The key of `client`, and what it may ask for.
    fn configuration_of(&self, client: &Client, credential: &str) -> String {
        let name = &client.name;
        let file = |path: PathBuf| quote(&path.to_string_lossy());
        let anchor = file(self.anchor(client));
        // What a key without a certificate signs, and what one with it does, is in
        // `docs/decisions/0008`.
        let certified = format!(
            "certificate = {anchor}\n\
             user-ids = [{}]",
            quote(&user_id(client))
        );
        let (public, outputs) = match client.purpose {
            Purpose::Packages => (certified, "[\"OpenPGPv4\"]"),
            Purpose::Everything => (
                format!(
                    "{certified}\n\
                     certificate-v6 = {sixth}\n\
                     ssh-namespace = {namespace}",
                    sixth = file(self.certificate_v6(name)),
                    namespace = quote(SSH_NAMESPACE),
                ),
                "[\"OpenPGPv4\", \"OpenPGPv4-text\", \"OpenPGPv6\", \"SSHSIG\"]",
            ),
            Purpose::Raw(mechanism) => (
                format!(
                    "public-key = {anchor}\n\
                     raw = {mechanism}",
                    mechanism = quote(match mechanism {
                        Mechanism::Pkcs1 => "pkcs1",
                        Mechanism::Pss => "pss",
                        Mechanism::Ecdsa => "ecdsa",
                        Mechanism::Ed25519 => "ed25519",
                    }),
                ),
                "[\"raw\"]",
            ),
        };
        format!(
            "\n\
             [key.{key}]\n\
             hsm = \"main\"\n\
             id = {key}\n\
             type = {key_type}\n\
             {credential}\
             {public}\n\
             \n\
             [client.{key}]\n\
             key = {key}\n\
             outputs = {outputs}\n",
            key = quote(name),
            key_type = quote(client.key_type.as_str()),
        )
    }
}

/// A TOML basic string. Paths here have no control characters.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Writes a file as a whole or not at all.
pub(crate) fn write(path: &Path, octets: &[u8], mode: u32) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .on("write in", folder)?;
    file.write_all(octets).on("write", path)?;
    file.as_file().sync_all().on("write", path)?;
    file.persist(path)
        .map_err(|error| error.error)
        .on("write", path)?;
    Ok(())
}
