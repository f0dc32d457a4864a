//! The signature itself: prepared here, made in the HSM, assembled and verified here.

mod armor;
mod bare;
mod certificate;
mod continued;
mod openpgp;
mod product;
mod public_key;
mod raw;
mod recorded;
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
pub use openpgp::{Detached, Document, DoesNotVerify};
pub use product::Product;
pub use public_key::{InvalidPublicKey, PublicKey};
pub use raw::{Message, Signer, SignerError};
pub(crate) use recorded::Facts;
pub use secret_key::{InvalidSecretKey, PrivateKey, SecretKey, Subkeys};
pub use signing_key::{Mismatch, SigningKey};
pub use ssh::SshSignature;
pub use verify::NotByThisKey;

use crate::{
    config::{KeyName, Mechanism},
    log::Recorded,
    policy::Grant,
    refusal::{Code, Refused},
    request::Salts,
};

/// The keys that an enclave can sign with.
pub type Keyring = BTreeMap<KeyName, SigningKey>;

/// A signature that verifies with the certificate of its key, over what a grant allows.
///
/// Only [`Signed::make`] and [`Signed::recall`] make one:
///
/// ```compile_fail,E0451
/// # use signstar::sign::Signed;
/// # fn skip(signed: Signed) -> Signed {
/// Signed { text: String::new(), ..signed }
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
    origin: Origin,
}

/// Where a product comes from.
#[derive(Debug)]
enum Origin {
    /// Made now.
    Made(Option<Evidence>),
    /// Made for an earlier request of the same client with the same id.
    Recalled(Box<Recorded>),
}

/// What shows how a signature was made, beside itself.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// What the HSM was given.
    pub(crate) message: Message,
    /// The fingerprint of the key.
    pub(crate) issuer: String,
    /// How a raw signature was made.
    pub(crate) mechanism: Option<Mechanism>,
}

impl Signed {
    /// Has the granted signature made, with one operation of the HSM, and verifies it.
    pub fn make(grant: Grant, keyring: &Keyring, salts: &Salts) -> Result<Self, Refused> {
        match make(&grant, keyring, salts) {
            Ok((product, text, evidence)) => Ok(Self {
                grant,
                product,
                text,
                origin: Origin::Made(evidence),
            }),
            Err(refused) => Err(refused.of(grant.request().id())),
        }
    }

    /// Takes the signature that is on record for an earlier request of the same client with the
    /// same id, and verifies it anew. The HSM is not asked.
    ///
    /// Refuses with `id-reused` if that was a request for anything else.
    pub fn recall(grant: Grant, earlier: Recorded, keyring: &Keyring) -> Result<Self, Refused> {
        match recall(&grant, &earlier, keyring) {
            Ok((product, text)) => Ok(Self {
                grant,
                product,
                text,
                origin: Origin::Recalled(Box::new(earlier)),
            }),
            Err(refused) => Err(refused.of(grant.request().id())),
        }
    }

    /// The same, saying in OpenPGP where it stands in the log.
    pub(crate) fn with_place(self, keyring: &Keyring, place: &Recorded) -> Result<Self, Refused> {
        let misconfigured = |cause| Refused::new(Code::Misconfigured).because(cause);
        let key = open(keyring, &self.grant)?;
        let (origin, index) = (place.origin(), place.index());
        let product = self.product;
        let product = product.with_place(&key.statements.domain, origin, index);
        let product = product.map_err(misconfigured)?;
        let text = product.to_text().map_err(misconfigured)?;
        Ok(Self {
            product,
            text,
            ..self
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

    /// What the HSM was given to sign. Nothing for a salt, and for what is on record already.
    pub fn message(&self) -> Option<&Message> {
        self.evidence().map(|evidence| &evidence.message)
    }

    pub(crate) fn evidence(&self) -> Option<&Evidence> {
        match &self.origin {
            Origin::Made(evidence) => evidence.as_ref(),
            Origin::Recalled(_) => None,
        }
    }

    /// The record of the earlier request that this is taken from.
    pub(crate) fn earlier(&self) -> Option<&Recorded> {
        match &self.origin {
            Origin::Made(_) => None,
            Origin::Recalled(earlier) => Some(earlier),
        }
    }

    /// Lets go of what was made: leave to take in its place what is on record.
    pub(crate) fn into_grant(self) -> Grant {
        self.grant
    }
}

fn open<'a>(keyring: &'a Keyring, grant: &Grant) -> Result<&'a SigningKey, Refused> {
    keyring.get(grant.key()).ok_or_else(|| {
        Refused::new(Code::Misconfigured).because(format!("key {} is not open", grant.key()))
    })
}

fn make(
    grant: &Grant,
    keyring: &Keyring,
    salts: &Salts,
) -> Result<(Product, String, Option<Evidence>), Refused> {
    let (product, evidence) = Product::make(grant, open(keyring, grant)?, salts)?;
    let text = text(&product)?;
    Ok((product, text, evidence))
}

fn recall(
    grant: &Grant,
    earlier: &Recorded,
    keyring: &Keyring,
) -> Result<(Product, String), Refused> {
    let entry = earlier.entry();
    if !entry.answers(grant) {
        return Err(Refused::new(Code::IdReused));
    }
    let product = Product::recall(grant, open(keyring, grant)?, entry.signature())?;
    let text = text(&product)?;
    Ok((product, text))
}

fn text(product: &Product) -> Result<String, Refused> {
    (product.to_text()).map_err(|cause| Refused::new(Code::Misconfigured).because(cause))
}
