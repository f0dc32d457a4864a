//! The HSM of an enclave, of whatever kind.

use std::{fmt, str::FromStr};

use crate::{
    Client, Error, Folder, HsmEntry, Login, SoftHsm2, SoftNetHsm, YubiHsmMock, folder::quote, keys,
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
    /// Starts it and gives every client a key and a certificate. `arguments` are for `softnethsm`.
    pub(crate) fn start(
        kind: HsmKind,
        folder: &Folder,
        clients: &[Client],
        arguments: &[&str],
    ) -> Result<Self, Error> {
        match kind {
            HsmKind::SoftNetHsm => {
                let hsm = SoftNetHsm::start(folder, arguments)?;
                let device = hsm.set_up(folder, clients)?;
                for client in clients {
                    keys::ensure_public(folder, client, || keys::key_of(&device, folder, client))?;
                }
                Ok(Self::NetHsm(hsm))
            }
            HsmKind::SoftHsm2 => {
                let hsm = SoftHsm2::start(folder)?;
                for client in clients {
                    hsm.ensure_client(folder, client)?;
                }
                Ok(Self::Token(hsm))
            }
            HsmKind::YubiHsmMock => Ok(Self::YubiHsm(YubiHsmMock::start(folder, clients)?)),
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
        match self {
            Self::NetHsm(hsm) => format!(
                "[hsm.main]\n\
                 kind = \"nethsm\"\n\
                 url = {url}\n\
                 tls = {tls}\n\
                 \n\
                 [user.backup]\n\
                 role = \"backup\"\n\
                 hsm = \"main\"\n\
                 operator = \"backup\"\n\
                 passphrase = {{ file = {backup} }}\n",
                url = quote(hsm.url()),
                tls = quote(hsm.tls()),
                backup = quote(&folder.secret_file("backup").to_string_lossy()),
            ),
            // These make no backups over SSH.
            Self::Token(hsm) => hsm.table().to_owned(),
            Self::YubiHsm(hsm) => hsm.table(),
        }
    }

    /// How the key of a client is used, in the configuration of the enclave.
    pub(crate) fn credential(&self, folder: &Folder, client: &str) -> Result<String, Error> {
        Ok(match self {
            Self::NetHsm(_) => format!(
                "operator = {}\npassphrase = {{ file = {} }}\n",
                quote(client),
                quote(&folder.secret_file(client).to_string_lossy())
            ),
            Self::Token(hsm) => hsm.credential(),
            Self::YubiHsm(hsm) => hsm.credential(folder, client)?,
        })
    }

    /// What `DIR/enclave.json` tells of it.
    pub(crate) fn entry(&self, folder: &Folder) -> Result<HsmEntry, Error> {
        let admin = |user: &str| {
            Ok::<_, Error>(Login {
                user: user.to_owned(),
                passphrase: folder.secret("admin")?,
            })
        };
        Ok(match self {
            Self::NetHsm(hsm) => HsmEntry {
                url: hsm.url().to_owned(),
                admin: admin("admin")?,
                unlock: folder.secret("unlock")?,
                tls: hsm.tls().to_owned(),
            },
            Self::Token(hsm) => HsmEntry {
                url: hsm.uri(),
                admin: admin("so")?,
                unlock: folder.secret("pin")?,
                tls: String::new(),
            },
            // Its objects are in a file: nobody administers it.
            Self::YubiHsm(hsm) => HsmEntry {
                url: hsm.url(),
                admin: Login {
                    user: String::new(),
                    passphrase: String::new(),
                },
                unlock: String::new(),
                tls: String::new(),
            },
        })
    }
}
