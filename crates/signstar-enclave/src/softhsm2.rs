//! The software token of an enclave, behind PKCS#11.

use std::{fs, path::PathBuf, time::Duration};

use nethsm::passphrase::Passphrase;
use signstar::{
    config::{Hsm, Pkcs11},
    sign::PublicKey,
};
use signstar_hsm::pkcs11::{Failure, KeyKind, Setup, TokenError, wire::Name};

use crate::{
    Client, Error, Folder, KeyType, configured,
    error::{OnPath, While},
    folder::{self, quote},
    wanted,
};

/// Where distributions put the module.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];
const LABEL: &str = "signstar";
/// RSA keys take their time on a slow machine.
const KEY_GENERATION: Duration = Duration::from_secs(300);

/// A token of SoftHSM 2 in the folder of an enclave. Nothing runs for it between signatures.
#[derive(Clone, Debug)]
pub struct SoftHsm2 {
    table: String,
    token: Pkcs11,
    module: PathBuf,
    pin: PathBuf,
}

impl SoftHsm2 {
    /// Makes the token if it is not there.
    pub(crate) fn start(folder: &Folder) -> Result<Self, Error> {
        let modules = MODULES.iter().map(PathBuf::from);
        let module = modules.into_iter().find(|path| path.is_file());
        let module = module.ok_or(Error::Missing("softhsm2"))?;
        let tokens = folder.hsm().join("tokens");
        fs::create_dir_all(&tokens).on("create", &tokens)?;
        let settings = folder.hsm().join("softhsm2.conf");
        let text = format!(
            "directories.tokendir = {}\nlog.level = ERROR\n",
            tokens.display()
        );
        folder::write(&settings, text.as_bytes(), 0o600)?;
        let table = format!(
            "[hsm.main]\n\
             kind = \"pkcs11\"\n\
             module = {module}\n\
             token = \"{LABEL}\"\n\
             environment = {{ SOFTHSM2_CONF = {settings} }}\n",
            module = quote(&module.to_string_lossy()),
            settings = quote(&settings.to_string_lossy()),
        );
        let config = configured::parse(&table)?;
        let Some(Hsm::Pkcs11(token)) = config.hsms.into_values().next() else {
            return Err("no token").doing("reading its configuration");
        };
        let hsm = Self {
            table,
            token,
            module,
            pin: folder.secret_file("pin"),
        };
        let has_token = fs::read_dir(&tokens).on("read", &tokens)?.next().is_some();
        if !has_token {
            let passphrase = |name| folder.secret(name).map(Passphrase::new);
            let (officer, pin) = (passphrase("admin")?, passphrase("pin")?);
            (hsm.setup().initialise(LABEL, officer, pin)).doing("being initialised")?;
        }
        Ok(hsm)
    }

    /// The token in the configuration of the enclave.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// What the configuration says about the use of a key.
    pub(crate) fn credential(&self) -> String {
        format!(
            "passphrase = {{ file = {} }}\n",
            quote(&self.pin.to_string_lossy())
        )
    }

    /// Where it is (RFC 7512).
    pub(crate) fn uri(&self) -> String {
        format!("pkcs11:token={LABEL}?module-path={}", self.module.display())
    }

    fn setup(&self) -> Setup<'_> {
        Setup::new(&self.token, KEY_GENERATION)
    }

    /// Gives `client` a key, and what the public knows of it.
    ///
    /// What was begun and not finished is finished.
    pub(crate) fn ensure_client(&self, folder: &Folder, client: &Client) -> Result<(), Error> {
        wanted::check_type(folder, client)?;
        configured::ensure_certified(folder, client, || {
            let public = self.ensure_key(folder, client)?;
            let signer = configured::signer(&self.table, &self.credential(), &client.name)?;
            Ok((public, signer))
        })
    }

    fn ensure_key(&self, folder: &Folder, client: &Client) -> Result<PublicKey, Error> {
        let pin = || folder.secret("pin").map(Passphrase::new);
        let name = Name {
            label: client.name.clone(),
            id: client.name.clone().into_bytes(),
        };
        match self.setup().public_key(pin()?, &name) {
            Err(TokenError::Failed {
                failure: Failure::NoKey,
                ..
            }) => {}
            found => return found.doing("reading a key"),
        }
        let kind = match client.key_type {
            KeyType::Curve25519 => KeyKind::Ed25519,
            KeyType::EcP256 => KeyKind::P256,
            KeyType::EcP384 => KeyKind::P384,
            KeyType::EcP521 => KeyKind::P521,
            KeyType::Rsa2048 => KeyKind::Rsa { bits: 2048 },
            KeyType::Rsa3072 => KeyKind::Rsa { bits: 3072 },
            KeyType::Rsa4096 => KeyKind::Rsa { bits: 4096 },
        };
        self.setup()
            .generate(pin()?, &name, kind)
            .doing("making a key")
    }
}
