//! What is kept, and at which path: in the forms of the device, so that backups hold them as they
//! are.

use nethsm::backup::{StoredCertificate, StoredKey, StoredPrivate, StoredUser};
use nethsm::id::{KeyId, NamespaceId, UserId};
use nethsm::key::{KeyLabel, KeyMechanism, Restrictions};
use nethsm::octets::{Octets, SecretOctets};
use nethsm::user::UserRole;
use pkcs8::SecretDocument;
use pkcs8::der::pem::LineEnding;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keys::PrivateKey;
use crate::stretch::{PassphraseHash, Stretched};

/// The form of a value under its seal.
pub(crate) trait Record: Sized {
    /// Reads the form; nothing if it is none.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// The form.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>>;
}

/// A user, as kept at `/authentication/ID`.
pub(crate) struct UserRecord {
    pub(crate) name: String,
    pub(crate) role: UserRole,
    pub(crate) hash: PassphraseHash,
    pub(crate) tags: Vec<String>,
}

/// The members that a device knows; with a stretched passphrase, all of them are text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserForm {
    name: String,
    salt: String,
    digest: String,
    role: UserRole,
    tags: Vec<String>,
}

impl Record for UserRecord {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Ok(form) = serde_json::from_slice::<UserForm>(bytes)
            && let Some(own) = Stretched::from_texts(&form.salt, &form.digest)
        {
            return Some(Self {
                name: form.name,
                role: form.role,
                hash: PassphraseHash::Stretched(own),
                tags: form.tags,
            });
        }
        let user = StoredUser::from_bytes(bytes)?;
        Some(Self {
            name: user.real_name.clone(),
            role: user.role,
            tags: user.tags.clone(),
            hash: PassphraseHash::OfDevice(user),
        })
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match &self.hash {
            PassphraseHash::Stretched(own) => written(&UserForm {
                name: self.name.clone(),
                salt: own.salt().to_owned(),
                digest: own.to_text(),
                role: self.role,
                tags: self.tags.clone(),
            }),
            PassphraseHash::OfDevice(user) => {
                let form = user.to_bytes();
                // Read again, because a device's own form cannot be taken apart.
                let Some(mut user) = StoredUser::from_bytes(&form) else {
                    return form;
                };
                user.real_name.clone_from(&self.name);
                user.role = self.role;
                user.tags.clone_from(&self.tags);
                user.to_bytes()
            }
        }
    }
}

/// A namespace, as kept at `/namespace/ID`: its name.
pub(super) struct NamespaceRecord(pub(super) String);

impl Record for NamespaceRecord {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self)
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        written(&self.0)
    }
}

/// A number, as text.
impl Record for u64 {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok()?.parse().ok()
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.to_string().into_bytes())
    }
}

/// Any octets, as they are.
impl Record for SecretOctets {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self::new(bytes.to_vec()))
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.expose().to_vec())
    }
}

fn written(value: &impl Serialize) -> Zeroizing<Vec<u8>> {
    // Texts and lists of texts can always be written.
    Zeroizing::new(serde_json::to_vec(value).unwrap_or_default())
}

/// A key, as kept at `/key/ID` or `/key/.NAMESPACE/ID`.
pub(crate) struct KeyRecord {
    pub(crate) private: KeptPrivate,
    pub(crate) mechanisms: Vec<KeyMechanism>,
    pub(crate) certificate: Option<Octets>,
    pub(crate) operations: u64,
    pub(crate) restrictions: Restrictions,
    pub(crate) label: KeyLabel,
}

/// A private key, as kept.
pub(crate) enum KeptPrivate {
    /// PKCS #8, DER.
    Pkcs8(SecretOctets),
    /// The octets of a Generic key.
    Raw(SecretOctets),
}

const PEM_LABEL: &str = "PRIVATE KEY";
const MEDIA_TYPE: &str = "application/octet-stream";

impl Record for KeyRecord {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key = StoredKey::from_bytes(bytes)?;
        let private = match key.private {
            StoredPrivate::Raw(octets) => KeptPrivate::Raw(octets),
            StoredPrivate::Pem(pem) => {
                let pem = std::str::from_utf8(pem.expose()).ok()?;
                let (label, der) = SecretDocument::from_pem(pem).ok()?;
                let der = (label == PEM_LABEL).then(|| der.as_bytes().to_vec())?;
                KeptPrivate::Pkcs8(SecretOctets::new(der))
            }
        };
        Some(Self {
            private,
            mechanisms: key.mechanisms,
            certificate: key
                .certificate
                .map(|certificate| Octets(certificate.content)),
            operations: key.operations,
            restrictions: key.restrictions,
            label: key.label,
        })
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let private = match &self.private {
            KeptPrivate::Raw(octets) => {
                StoredPrivate::Raw(SecretOctets::new(octets.expose().to_vec()))
            }
            KeptPrivate::Pkcs8(der) => {
                let pem = SecretDocument::try_from(der.expose())
                    .and_then(|der| der.to_pem(PEM_LABEL, LineEnding::LF));
                let pem = pem.map(|pem| pem.as_bytes().to_vec()).unwrap_or_default();
                StoredPrivate::Pem(SecretOctets::new(pem))
            }
        };
        let certificate = self.certificate.as_ref().map(|octets| StoredCertificate {
            media_type: MEDIA_TYPE.to_owned(),
            content: octets.0.clone(),
        });
        StoredKey {
            mechanisms: self.mechanisms.clone(),
            private,
            certificate,
            operations: self.operations,
            restrictions: self.restrictions.clone(),
            label: self.label.clone(),
        }
        .to_bytes()
    }
}

/// A key that is ready to sign.
pub(crate) struct LoadedKey {
    pub(crate) private: PrivateKey,
    pub(crate) mechanisms: Vec<KeyMechanism>,
    pub(crate) restrictions: Restrictions,
}

/// Where a key is: its namespace, if any, and its name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct KeyPlace {
    pub(crate) namespace: Option<NamespaceId>,
    pub(crate) id: KeyId,
}

impl KeyPlace {
    pub(super) fn path(&self) -> String {
        format!("{}{}", key_prefix(self.namespace.as_ref()), self.id)
    }
}

/// No name starts with a dot, so namespaces and keys cannot be confused.
pub(super) fn key_prefix(namespace: Option<&NamespaceId>) -> String {
    namespace.map_or_else(
        || "/key/".to_owned(),
        |namespace| format!("/key/.{namespace}/"),
    )
}

pub(super) fn user_path(id: &UserId) -> String {
    format!("/authentication/{id}")
}

pub(super) fn namespace_path(id: &NamespaceId) -> String {
    format!("/namespace/{id}")
}
