//! The HSM of an enclave, of whatever kind.

use std::{fmt, str::FromStr};

use signstar_hsm::state::ADMIN;

use crate::{
    Client, Error, Folder, HsmEntry, Login, SoftHsm2, SoftNetHsm, YubiHsmMock, error::While,
    folder::quote,
};

/// A kind of HSM in software.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum HsmKind {
    /// A NetHSM, `softnethsm`.
    #[default]
    SoftNetHsm,
    /// A token behind PKCS#11, SoftHSM 2.
    SoftHsm2,
    /// A YubiHSM2 behind a connector, `yubihsm-mock`.
    YubiHsmMock,
}

impl HsmKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::SoftNetHsm, Self::SoftHsm2, Self::YubiHsmMock];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SoftNetHsm => "softnethsm",
            Self::SoftHsm2 => "softhsm2",
            Self::YubiHsmMock => "yubihsm-mock",
        }
    }
}

impl fmt::Display for HsmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no kind of HSM.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an HSM is one of softnethsm, softhsm2, yubihsm-mock")]
pub struct UnknownHsmKind;

impl FromStr for HsmKind {
    type Err = UnknownHsmKind;

    fn from_str(text: &str) -> Result<Self, UnknownHsmKind> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.as_str() == text).ok_or(UnknownHsmKind)
    }
}

/// The HSM of an enclave.
#[derive(Debug)]
pub(crate) enum Device {
    NetHsm(SoftNetHsm),
    Token(SoftHsm2),
    YubiHsm(YubiHsmMock),
}

impl Device {
    /// Starts it. `arguments` are for `softnethsm`.
    pub(crate) fn start(kind: HsmKind, folder: &Folder, arguments: &[&str]) -> Result<Self, Error> {
        match kind {
            HsmKind::SoftNetHsm => SoftNetHsm::start(folder, arguments).map(Self::NetHsm),
            HsmKind::SoftHsm2 => SoftHsm2::start(folder).map(Self::Token),
            HsmKind::YubiHsmMock => YubiHsmMock::start(folder).map(Self::YubiHsm),
        }
    }

    /// Gives every client a key, and what the public knows of it. The configuration is there.
    pub(crate) fn set_up(&self, folder: &Folder, clients: &[Client]) -> Result<(), Error> {
        match self {
            Self::NetHsm(hsm) => hsm.set_up(folder, clients),
            Self::Token(hsm) => hsm.set_up(folder, clients),
            Self::YubiHsm(hsm) => hsm.set_up(folder, clients),
        }
    }

    pub(crate) fn check(&mut self) -> Result<(), Error> {
        match self {
            Self::NetHsm(hsm) => hsm.check(),
            Self::Token(_) => Ok(()),
            Self::YubiHsm(hsm) => hsm.check(),
        }
    }

    /// Its tables in the configuration of the enclave.
    pub(crate) fn tables(&self, folder: &Folder) -> String {
        let backups = |operator: &str| {
            format!(
                "\n\
                 [user.backup]\n\
                 role = \"backup\"\n\
                 hsm = \"main\"\n\
                 operator = \"{operator}\"\n\
                 passphrase = {{ file = {backup} }}\n",
                backup = quote(&folder.secret_file("backup").to_string_lossy()),
            )
        };
        match self {
            Self::NetHsm(hsm) => format!(
                "[hsm.main]\n\
                 kind = \"nethsm\"\n\
                 url = {url}\n\
                 tls = {tls}\n\
                 {backups}",
                url = quote(hsm.url()),
                tls = quote(hsm.tls()),
                backups = backups("backup"),
            ),
            // A token makes no backups over SSH.
            Self::Token(hsm) => hsm.table().to_owned(),
            Self::YubiHsm(hsm) => hsm.table() + &backups("50"),
        }
    }

    /// How the key of the client with this place among all is used, in the configuration of the enclave.
    pub(crate) fn credential(&self, folder: &Folder, client: &str, place: usize) -> String {
        match self {
            Self::NetHsm(_) => format!(
                "operator = {}\npassphrase = {{ file = {} }}\n",
                quote(client),
                quote(&folder.secret_file(client).to_string_lossy())
            ),
            Self::Token(hsm) => hsm.credential(),
            Self::YubiHsm(hsm) => hsm.credential(folder, client, place),
        }
    }

    /// What `DIR/enclave.json` tells of it.
    pub(crate) fn entry(&self, folder: &Folder) -> Result<HsmEntry, Error> {
        let login = |user: &str| {
            let known = folder.administrative()?;
            let mut admins = known.administrators.iter();
            let admin = admins.find(|(one, _)| one.as_str() == user);
            let (_, admin) = admin
                .ok_or("nobody knows it")
                .doing("reading the passphrase of its administrator")?;
            Ok::<_, Error>(Login {
                user: user.to_owned(),
                passphrase: admin.expose().to_owned(),
            })
        };
        Ok(match self {
            Self::NetHsm(hsm) => HsmEntry {
                url: hsm.url().to_owned(),
                admin: login(ADMIN)?,
                unlock: folder.administrative()?.unlock.expose().to_owned(),
                tls: hsm.tls().to_owned(),
            },
            Self::Token(hsm) => HsmEntry {
                url: hsm.uri(),
                admin: login("so")?,
                unlock: hsm.pin()?,
                tls: String::new(),
            },
            Self::YubiHsm(hsm) => HsmEntry {
                url: hsm.url(),
                admin: login(ADMIN)?,
                unlock: String::new(),
                tls: String::new(),
            },
        })
    }
}
