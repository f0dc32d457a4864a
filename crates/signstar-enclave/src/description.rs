//! `DIR/enclave.json`: where everything of a running enclave is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Client, Error, Folder, Sshd, TransparencyLog, device::Device};

/// Where everything of a running enclave is, credentials included.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Description {
    /// How to reach it.
    pub ssh: SshEntry,
    /// Who may ask for signatures.
    pub clients: Vec<ClientEntry>,
    /// The transparency log, in which every signature is.
    pub log: LogEntry,
    /// The HSM behind it.
    pub hsm: HsmEntry,
    /// The configuration of `signstar-sign`.
    pub config: PathBuf,
}

/// How to reach an enclave over SSH.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SshEntry {
    /// The address of `sshd`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The Unix user to log in as.
    pub user: String,
    /// The file with its host key.
    pub known_hosts: PathBuf,
}

/// Somebody who may ask for signatures.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClientEntry {
    /// The name in the configuration.
    pub name: String,
    /// The file with the private SSH key.
    pub key: PathBuf,
    /// The file with the OpenPGP certificate, in binary form; with the public key, in PEM, for a
    /// client that may ask for raw signatures only.
    pub certificate: PathBuf,
}

/// The transparency log of an enclave.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LogEntry {
    /// The folder that anybody may read: a C2SP `tlog-tiles` tree.
    pub dir: PathBuf,
    /// Its verifier key.
    pub vkey: String,
}

/// The HSM of an enclave.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HsmEntry {
    /// Its REST API. Of a token its URI (RFC 7512).
    pub url: String,
    /// Its administrator. Of a token its security officer, `so`.
    pub admin: Login,
    /// What unlocks it. Of a token the PIN of its user.
    pub unlock: String,
    /// How to recognise it: `pin:` and the SHA-256 of its certificate. Empty for a token.
    pub tls: String,
}

/// A user with a passphrase that may be known: the enclave is a sandbox.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The passphrase.
    pub passphrase: String,
}

impl Description {
    pub(crate) fn new(
        folder: &Folder,
        clients: &[Client],
        log: &TransparencyLog,
        hsm: &Device,
        sshd: &Sshd,
    ) -> Result<Self, Error> {
        Ok(Self {
            ssh: SshEntry {
                host: sshd.host().to_owned(),
                port: sshd.port(),
                user: sshd.user().to_owned(),
                known_hosts: folder.known_hosts(),
            },
            clients: clients
                .iter()
                .map(|client| ClientEntry {
                    name: client.name.clone(),
                    key: folder.ssh_key(&client.name),
                    certificate: folder.anchor(client),
                })
                .collect(),
            log: LogEntry {
                dir: log.dir().to_owned(),
                vkey: log.vkey().to_owned(),
            },
            hsm: hsm.entry(folder)?,
            config: folder.configuration(),
        })
    }
}
