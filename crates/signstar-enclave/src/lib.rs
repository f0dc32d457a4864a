//! A whole signing enclave on one machine, unprivileged: a software HSM over TLS, a transparency
//! log, an `sshd` of its own on a loopback port, `signstar-sign` as its forced command, and
//! `signstar-configure`, which sets up the HSM and is the forced command of users that sign nothing.
//!
//! It takes the same path as a real one: the same programs, the same protocols, real SSH. What
//! it lacks is what makes a real one safe: separate Unix users, separate machines, hardware. Its
//! folder holds every credential, so it is for trying and testing only.
//!
//! ```no_run
//! use signstar_enclave::{Client, Enclave, KeyType, Options};
//!
//! # fn main() -> Result<(), signstar_enclave::Error> {
//! let enclave = Enclave::start(&Options {
//!     folder: "target/try".into(),
//!     clients: vec![Client::new("client1", KeyType::Curve25519)],
//! })?;
//! println!("{}", enclave.description().ssh.port);
//! # Ok(())
//! # }
//! ```

mod child;
mod client;
mod configure;
mod configured;
mod description;
mod device;
mod error;
mod folder;
mod hsm;
mod key_type;
mod keys;
mod leftover;
mod log;
mod processes;
mod programs;
mod signals;
mod softhsm2;
mod sshd;
mod yubihsm_mock;

use std::path::PathBuf;

pub use client::{Client, Purpose, SSH_NAMESPACE};
pub use description::{ClientEntry, Description, HsmEntry, LogEntry, Login, SshEntry};
pub use device::{HsmKind, UnknownHsmKind};
pub use error::Error;
pub use folder::Folder;
pub use hsm::SoftNetHsm;
pub use key_type::KeyType;
pub use log::TransparencyLog;
pub use processes::processes;
pub use programs::program;
pub use signals::{end_with_signals, leave_it_to_the_signal};
pub use softhsm2::SoftHsm2;
pub use sshd::Sshd;
pub use yubihsm_mock::YubiHsmMock;

use crate::{device::Device, leftover::Leftover};

/// The users of every enclave that sign nothing, each with the role that its name says, an SSH key
/// called the same, and one forced command.
pub const ROLES: [&str; 3] = ["certificates", "metrics", "backup"];

/// What an enclave is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything is kept. An enclave that is already there is started again.
    pub folder: PathBuf,
    /// Who may ask for signatures, each with a key of its own.
    pub clients: Vec<Client>,
}

/// A running enclave. It ends when this is dropped.
#[derive(Debug)]
pub struct Enclave {
    folder: Folder,
    description: Description,
    sshd: Sshd,
    // Ended after the last session.
    log: TransparencyLog,
    hsm: Device,
    _lock: folder::Lock,
}

impl Enclave {
    /// Starts an enclave and returns when it answers. `DIR/enclave.json` then describes it.
    ///
    /// Fails if another process runs an enclave in the same folder.
    pub fn start(options: &Options) -> Result<Self, Error> {
        Self::start_with(options, &[])
    }

    /// The same with an HSM of another kind.
    pub fn start_on(kind: HsmKind, options: &Options) -> Result<Self, Error> {
        Self::start_of(kind, options, &[])
    }

    /// The same with further arguments for `softnethsm serve`, for tests of what happens when an
    /// HSM misbehaves.
    pub fn start_with(options: &Options, hsm_arguments: &[&str]) -> Result<Self, Error> {
        Self::start_of(HsmKind::SoftNetHsm, options, hsm_arguments)
    }

    fn start_of(kind: HsmKind, options: &Options, arguments: &[&str]) -> Result<Self, Error> {
        let folder = Folder::create(&options.folder)?;
        let lock = folder.lock()?;
        folder.forget_description()?;
        // An enclave that was killed did not end what it had started.
        for leftover in Leftover::all(&folder) {
            leftover.end();
        }

        let hsm = Device::start(kind, &folder, arguments)?;
        let log = TransparencyLog::start(&folder)?;
        folder.write_configuration(&options.clients, &hsm, &log)?;
        hsm.set_up(&folder, &options.clients)?;
        for client in &options.clients {
            sshd::ensure_client(&folder, &client.name)?;
        }
        for role in ROLES {
            sshd::ensure_client(&folder, role)?;
        }
        let sshd = Sshd::start(&folder, &options.clients)?;

        let description = Description::new(&folder, &options.clients, &log, &hsm, &sshd)?;
        folder.write_description(&description)?;
        Ok(Self {
            folder,
            description,
            sshd,
            log,
            hsm,
            _lock: lock,
        })
    }

    /// Where everything is, as it stands in `DIR/enclave.json`.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The folder with everything.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The HSM, to be stopped and started while the enclave runs.
    ///
    /// # Panics
    ///
    /// If it is of another kind than [`HsmKind::SoftNetHsm`].
    pub fn hsm(&mut self) -> &mut SoftNetHsm {
        match &mut self.hsm {
            Device::NetHsm(hsm) => hsm,
            _ => panic!("the HSM of this enclave is no softnethsm"),
        }
    }

    /// The connector of its YubiHSM2, to be killed and started while the enclave runs.
    ///
    /// # Panics
    ///
    /// If it is of another kind than [`HsmKind::YubiHsmMock`].
    pub fn yubihsm_mock(&mut self) -> &mut YubiHsmMock {
        match &mut self.hsm {
            Device::YubiHsm(hsm) => hsm,
            _ => panic!("the HSM of this enclave is no YubiHSM2"),
        }
    }

    /// The transparency log, to be stopped and started while the enclave runs.
    pub fn log(&mut self) -> &mut TransparencyLog {
        &mut self.log
    }

    /// The SSH server, to be killed and started while the enclave runs.
    pub fn sshd(&mut self) -> &mut Sshd {
        &mut self.sshd
    }

    /// Fails if one of the programs has ended by itself.
    pub fn check(&mut self) -> Result<(), Error> {
        self.hsm.check()?;
        self.log.check()?;
        self.sshd.check()
    }
}

impl Drop for Enclave {
    fn drop(&mut self) {
        // Nobody should find the way to an enclave that is gone; failing to remove the file
        // only means that they will find the door closed.
        let _ = self.folder.forget_description();
    }
}
