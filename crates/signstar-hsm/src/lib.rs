//! Signing keys that stay in a Hardware Security Module.
//!
//! [`open`] turns what the configuration says about a key into a [`Signer`]; the path of a
//! signature sees nothing of what is behind it.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod credential;
#[cfg(feature = "nethsm")]
pub mod nethsm;
#[cfg(feature = "nethsm")]
mod operator;
mod patience;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
#[cfg(not(feature = "pkcs11"))]
#[path = "absent/pkcs11.rs"]
mod pkcs11;
#[cfg(feature = "nethsm")]
mod several;
#[cfg(not(feature = "nethsm"))]
#[path = "absent/several.rs"]
mod several;
#[cfg(feature = "nethsm")]
pub mod state;
#[cfg(feature = "yubihsm2")]
pub mod yubihsm2;
#[cfg(not(feature = "yubihsm2"))]
#[path = "absent/yubihsm2.rs"]
mod yubihsm2;

use std::{error::Error, fmt, path::PathBuf, sync::Arc, time::Duration};

use signstar::{
    config::{Hsm, Key},
    sign::{PublicKey, Signer, SignerError},
};

pub use credential::{
    Administration, AdministrativeCredentials, BadCredential, CredentialStore, For, Plain,
    SecretFile, SystemdCreds, Which, Wrapping, file as credential_file, made_up,
    open as passphrase_of, passphrase,
};
pub use patience::Hurry;

/// Why a key cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The credential of its operator cannot be had.
    #[error("cannot use the passphrase in {path}")]
    Credential {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        source: BadCredential,
    },
    /// A name or an address in the configuration is not one of the HSM's.
    #[error("the configuration has `{value}`")]
    Value {
        /// What it has.
        value: String,
        /// What it should be.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The certificate of the HSM cannot be checked.
    #[error("cannot tell whether the HSM is the right one")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
    /// The key has no operator, without which no NetHSM and no YubiHSM2 signs.
    #[error("the key has no `operator`")]
    NoOperator,
    /// This program cannot use HSMs of that kind.
    #[error("this program was built without HSMs of the kind `{0}`")]
    NotBuilt(&'static str),
}

/// How an HSM is dealt with.
#[derive(Clone, Debug)]
pub struct Conduct {
    /// What every signature is checked with before it is used. A device that makes one which does
    /// not verify is asked no more. Without it nothing is checked here.
    pub public_key: Option<PublicKey>,
    /// The longest time for one signature, all devices and attempts together.
    pub patience: Duration,
    /// The connections that are kept open to each device.
    pub connections: usize,
    /// Tells those who wait for an HSM to give up.
    pub hurry: Arc<Hurry>,
    /// The folder for what has to survive this process, of its user alone: that a token has called
    /// a PIN wrong. Without it that is known in this process only.
    pub state: Option<PathBuf>,
    /// Who is told of trouble.
    pub witness: Arc<dyn Witness>,
}

/// Who is told of the trouble with an HSM.
///
/// An implementation promises to be quick and not to fail: it is called in the middle of signing,
/// by several threads at once.
pub trait Witness: fmt::Debug + Send + Sync {
    /// Something went wrong, whether or not a signature is made in the end.
    fn tell(&self, event: &Event<'_>);
}

/// Trouble with an HSM.
#[derive(Debug)]
pub enum Event<'a> {
    /// An attempt failed; if there is time, another one follows.
    Failed {
        /// Why. Nothing in it is secret.
        error: &'a (dyn Error + Send + Sync + 'static),
    },
    /// The device made a signature that does not verify, and is not asked again.
    OutOfUse {
        /// Its address.
        device: String,
    },
}

/// Opens the key `key` of the HSM `hsm`. Nothing is sent to the HSM yet.
///
/// The signer of a NetHSM asks the devices of `hsm` in their order, and goes on to the next when one fails or
/// makes a wrong signature. When none can be reached, or a token is gone, it tries again, with growing pauses of up to
/// one second, until [`Conduct::patience`] is over. While the HSM has been away for that long, it is
/// asked once for each signature and nobody waits.
pub fn open(key: &Key, hsm: &Hsm, conduct: Conduct) -> Result<Box<dyn Signer>, OpenError> {
    match hsm {
        Hsm::NetHsm(hsm) => several::open(key, hsm, conduct),
        Hsm::Pkcs11(token) => pkcs11::open(key, token, conduct),
        Hsm::YubiHsm2(device) => yubihsm2::open(key, device, conduct),
    }
}

/// Asks the HSM `hsm` for the public half of the key `key`: the first device that answers.
///
/// Nothing if signatures over data cannot be made with it.
pub fn public_key(key: &Key, hsm: &Hsm) -> Result<Option<PublicKey>, CannotRead> {
    match hsm {
        Hsm::NetHsm(hsm) => several::public_key(key, hsm),
        Hsm::Pkcs11(token) => pkcs11::public_key(key, token),
        Hsm::YubiHsm2(device) => yubihsm2::public_key(key, device),
    }
}

/// Why a public key cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CannotRead {
    /// The key cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The HSM does not show it.
    #[error(transparent)]
    Signer(#[from] SignerError),
}
