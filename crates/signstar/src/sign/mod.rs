//! The signature itself: prepared here, made in the HSM, assembled and verified here.

mod armor;
mod bare;
mod certificate;
mod continued;
mod openpgp;
mod product;
mod public_key;
mod raw;
mod secret_key;
mod signing_key;
mod spki;
mod ssh;
mod ssh_wire;
mod verify;

use std::collections::BTreeMap;

pub use bare::RawSignature;
pub use certificate::{
    Certificate, FileTree, InvalidCertificate, InvalidRevocation, InvalidUserId, NoTree, Reason,
    Renewal, Revocation, Terms, mail,
};
pub use openpgp::{Detached, DoesNotVerify};
pub use product::Product;
pub use public_key::{InvalidPublicKey, PublicKey};
pub use raw::{Message, Signer, SignerError};
pub use secret_key::{InvalidSecretKey, PrivateKey, SecretKey, Subkeys};
pub use signing_key::{Mismatch, SigningKey};
pub use ssh::SshSignature;
pub use verify::NotByThisKey;

use crate::{
    config::KeyName,
    policy::Grant,
    refusal::{Code, Refused},
    request::Salts,
};

/// The keys that an enclave can sign with.
pub type Keyring = BTreeMap<KeyName, SigningKey>;

/// A signature that verifies with the certificate of its key, over what a grant allows.
///
/// Only [`Signed::make`] makes one:
///
/// ```compile_fail,E0451
/// # use signstar::{policy::Grant, sign::{Product, Signed}};
/// # fn skip(grant: Grant, product: Product) -> Signed {
/// Signed { grant, product, text: String::new() }
/// # }
/// ```
///
/// and not without a grant:
///
/// ```compile_fail,E0308
/// # use signstar::{request::{Request, Salts}, refusal::Refused, sign::{Keyring, Signed}};
/// # fn skip(request: Request, keyring: &Keyring, salts: &Salts) -> Result<Signed, Refused> {
/// Signed::make(request, keyring, salts)
/// # }
/// ```
#[derive(Debug)]
pub struct Signed {
    grant: Grant,
    product: Product,
    text: String,
}

impl Signed {
    /// Has the granted signature made, with one operation of the HSM, and verifies it.
    pub fn make(grant: Grant, keyring: &Keyring, salts: &Salts) -> Result<Self, Refused> {
        let (product, text) =
            make(&grant, keyring, salts).map_err(|refused| refused.of(grant.request().id()))?;
        Ok(Self {
            grant,
            product,
            text,
        })
    }

    /// What allowed it.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// What was made.
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// What was made as the text that a response carries.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn make(grant: &Grant, keyring: &Keyring, salts: &Salts) -> Result<(Product, String), Refused> {
    let misconfigured = || Refused::new(Code::Misconfigured);
    let key = keyring
        .get(grant.key())
        .ok_or_else(|| misconfigured().because(format!("key {} is not open", grant.key())))?;
    let product = Product::make(grant, key, salts)?;
    let text = product
        .to_text()
        .map_err(|cause| misconfigured().because(cause))?;
    Ok((product, text))
}
