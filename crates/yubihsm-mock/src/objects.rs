//! What is in the device, in a file.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use signstar_hsm::yubihsm2::{
    administration::{FACTORY_KEY, FACTORY_PASSWORD},
    channel::AuthenticationKey,
    command::{Algorithm, label},
    log::{BEGINNING, Entry},
    object::{Capabilities, Description, Domains, Info, ObjectType},
};

use crate::Kind;

/// The label of the authentication key that every new device has.
const FACTORY_LABEL: &str = "DEFAULT AUTHKEY CHANGE THIS ASAP";
/// An object was made in the device.
pub(crate) const GENERATED: u8 = 1;
/// An object was put into the device.
pub(crate) const IMPORTED: u8 = 2;
/// An object was imported under a wrap key.
pub(crate) const WRAPPED: u8 = 0x10;

/// An object.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Object {
    /// Its number.
    pub id: u16,
    #[serde(rename = "type")]
    pub(crate) of_type: u8,
    pub(crate) algorithm: u8,
    /// Its label, of 1 to 40 octets.
    pub label: String,
    /// The domains that it is in, as bits.
    pub domains: u16,
    /// What may be done with it, or by who logs in with it, as bits.
    pub capabilities: u64,
    /// What it may hand on, as bits.
    pub delegated: u64,
    pub(crate) origin: u8,
    pub(crate) sequence: u8,
    /// A private key as PKCS#8 in DER, two keys of AES-128, or one of AES-256; in hexadecimal.
    pub(crate) secret: String,
}

/// All that a device keeps while it is switched off.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Objects {
    /// The serial number.
    pub serial: u32,
    pub(crate) objects: Vec<Object>,
    /// 1 if it does nothing more while its log is full.
    #[serde(default)]
    pub(crate) force_audit: u8,
    /// The commands that are logged, by their codes.
    #[serde(default)]
    pub(crate) audit: BTreeMap<u8, u8>,
    #[serde(default)]
    pub(crate) log: Vec<Entry>,
    #[serde(default)]
    pub(crate) unlogged_logins: u16,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("id", &self.id)
            .field("type", &self.of_type)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// What can go wrong with the file, or with the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A key in it is none.
    #[error("the key {0:?} cannot be made or read")]
    Key(String),
    /// The address cannot be listened on.
    #[error("cannot listen")]
    Listen(#[source] io::Error),
}

impl Object {
    /// One that is described so. Nothing if its label is no text.
    pub(crate) fn new(
        of_type: ObjectType,
        description: &Description,
        delegated: Capabilities,
        secret: &[u8],
    ) -> Option<Self> {
        let label = description.label.split(|octet| *octet == 0).next()?;
        Some(Self {
            id: description.id,
            of_type: of_type.0,
            algorithm: description.algorithm.0,
            label: String::from_utf8(label.to_vec()).ok()?,
            domains: description.domains.0,
            capabilities: description.capabilities.0,
            delegated: delegated.0,
            origin: IMPORTED,
            sequence: 0,
            secret: hex::encode(secret),
        })
    }

    /// What is told of it.
    pub(crate) fn info(&self) -> Info {
        Info {
            description: Description {
                id: self.id,
                label: label(&self.label).unwrap_or([0; 40]),
                domains: Domains(self.domains),
                capabilities: Capabilities(self.capabilities),
                algorithm: Algorithm(self.algorithm),
            },
            of_type: ObjectType(self.of_type),
            length: u16::try_from(self.secret.len() / 2).unwrap_or(u16::MAX),
            sequence: self.sequence,
            origin: self.origin,
            delegated: Capabilities(self.delegated),
        }
    }

    pub(crate) fn may(&self, what: Capabilities) -> bool {
        Capabilities(self.capabilities).contain(what)
    }

    pub(crate) fn secret(&self) -> Vec<u8> {
        hex::decode(&self.secret).unwrap_or_default()
    }
}

impl Objects {
    /// A device as it comes from its maker: with one authentication key that everybody knows.
    pub fn new(serial: u32) -> Self {
        let mut objects = Self::none(serial);
        objects.put_operator(
            FACTORY_KEY,
            FACTORY_PASSWORD,
            Domains::ALL.0,
            Capabilities::ALL,
        );
        for factory in &mut objects.objects {
            FACTORY_LABEL.clone_into(&mut factory.label);
            factory.delegated = Capabilities::ALL.0;
        }
        objects
    }

    /// A device with nothing in it.
    pub fn none(serial: u32) -> Self {
        let mut digest = [0; 16];
        // A beginning that could be guessed would do for what this device is for.
        let _ = getrandom::fill(&mut digest);
        let beginning = Entry {
            number: 1,
            command: BEGINNING,
            length: u16::MAX,
            session_key: u16::MAX,
            target: u16::MAX,
            second: u16::MAX,
            result: u8::MAX,
            tick: u32::MAX,
            digest,
        };
        Self {
            serial,
            objects: Vec::new(),
            force_audit: 0,
            audit: BTreeMap::new(),
            log: vec![beginning],
            unlogged_logins: 0,
        }
    }

    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let read = fs::read(path).and_then(|text| Ok(serde_json::from_slice(&text)?));
        read.map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes the file at `path`, as a whole and for its owner alone.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let write = || {
            let folder = path.parent().unwrap_or(Path::new("."));
            let mut file = tempfile::Builder::new()
                .permissions(Permissions::from_mode(0o600))
                .tempfile_in(folder)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })
    }

    /// Makes a key that may sign and be exported, in the first domain, with the next number.
    pub fn generate(&mut self, text: &str, kind: Kind) -> Result<u16, Error> {
        let bad = || Error::Key(text.to_owned());
        let pkcs8 = kind.generate().map_err(|_| bad())?;
        let last = self.keys().map(|key| key.id).max();
        let algorithm = kind.algorithm();
        let description = Description {
            id: last.unwrap_or(0x0fff).saturating_add(1),
            label: label(text).ok_or_else(bad)?,
            domains: Domains(1),
            capabilities: Capabilities::to_sign_with(algorithm)
                .and(Capabilities::EXPORTABLE_UNDER_WRAP),
            algorithm,
        };
        let none = Capabilities::NONE;
        let made = Object::new(ObjectType::ASYMMETRIC_KEY, &description, none, &pkcs8);
        let mut made = made.ok_or_else(bad)?;
        made.origin = GENERATED;
        self.objects.push(made);
        Ok(description.id)
    }

    /// Puts an authentication key into it.
    pub fn put_operator(
        &mut self,
        id: u16,
        password: &str,
        domains: u16,
        capabilities: Capabilities,
    ) {
        let key = AuthenticationKey::of_password(password.as_bytes());
        self.objects.push(Object {
            id,
            of_type: ObjectType::AUTHENTICATION_KEY.0,
            algorithm: Algorithm::AES128_AUTHENTICATION.0,
            label: format!("operator {id}"),
            domains,
            capabilities: capabilities.0,
            delegated: 0,
            origin: IMPORTED,
            sequence: 0,
            secret: hex::encode(*key.to_octets()),
        });
    }

    /// The asymmetric keys.
    pub fn keys(&self) -> impl Iterator<Item = &Object> {
        self.of_type(ObjectType::ASYMMETRIC_KEY)
    }

    /// The authentication keys.
    pub fn operators(&self) -> impl Iterator<Item = &Object> {
        self.of_type(ObjectType::AUTHENTICATION_KEY)
    }

    fn of_type(&self, of_type: ObjectType) -> impl Iterator<Item = &Object> {
        let all = self.objects.iter();
        all.filter(move |object| object.of_type == of_type.0)
    }

    /// The object of this type with this number.
    pub fn get(&self, of_type: ObjectType, id: u16) -> Option<&Object> {
        self.of_type(of_type).find(|object| object.id == id)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, of_type: ObjectType, id: u16) -> Option<&mut Object> {
        let mut all = self.objects.iter_mut();
        all.find(|object| object.of_type == of_type.0 && object.id == id)
    }

    /// The number of the key called `label`, if it is there.
    pub fn number_of(&self, label: &str) -> Option<u16> {
        Some(self.keys().find(|key| key.label == label)?.id)
    }
}
