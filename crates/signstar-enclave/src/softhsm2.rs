//! The software token of an enclave, behind PKCS#11.

use std::{fs, path::PathBuf};

use crate::{
    Client, Error, Folder, configure, configured,
    error::{OnPath, While},
    folder::{self, quote},
    key_type, keys,
};

/// Where distributions put the module.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];
const LABEL: &str = "signstar";

/// A token of SoftHSM 2 in the folder of an enclave. Nothing runs for it between signatures.
#[derive(Clone, Debug)]
pub struct SoftHsm2 {
    table: String,
    module: PathBuf,
    pin: PathBuf,
}

impl SoftHsm2 {
    /// Finds the module, and says where its tokens are.
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
        Ok(Self {
            table,
            module,
            pin: folder.secret_file("pin"),
        })
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

    /// The PIN of its user.
    pub(crate) fn pin(&self) -> Result<String, Error> {
        let pin = signstar_hsm::passphrase(&self.pin).doing("reading its PIN")?;
        Ok(pin.expose().to_owned())
    }

    /// Where it is (RFC 7512).
    pub(crate) fn uri(&self) -> String {
        format!("pkcs11:token={LABEL}?module-path={}", self.module.display())
    }

    /// Has the token made with what the configuration says, and writes what the public knows of its keys.
    pub(crate) fn set_up(&self, folder: &Folder, clients: &[Client]) -> Result<(), Error> {
        for client in clients {
            key_type::check(folder, client)?;
        }
        configure::apply_to_hsm(folder)?;
        for client in clients {
            key_type::note(folder, client)?;
            keys::ensure_public(folder, client, || {
                configured::open(&self.table, &self.credential(), &client.name)
            })?;
        }
        Ok(())
    }
}
