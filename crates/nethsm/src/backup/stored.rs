//! Users and keys, in the forms in which devices store them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Salt;
use super::text::{self, Bytes};
use crate::key::{KeyLabel, KeyMechanism, Restrictions};
use crate::octets::SecretOctets;
use crate::passphrase::Passphrase;
use crate::user::UserRole;

/// A user as stored: JSON of name, salt, digest, role and tags.
#[derive(Debug)]
pub struct StoredUser {
    /// The real name, any text.
    pub real_name: String,
    /// What belongs to the passphrase.
    pub salt: Vec<u8>,
    /// HMAC-SHA256 of the passphrase, with the salt as key. It is fast to guess: keep it
    /// like a passphrase.
    digest: Zeroizing<Vec<u8>>,
    /// What they may do.
    pub role: UserRole,
    /// Their tags, if an operator.
    pub tags: Vec<String>,
}

#[derive(Deserialize)]
struct UserForm {
    name: String,
    salt: Bytes,
    digest: Bytes,
    role: UserRole,
    #[serde(default)]
    tags: Vec<String>,
}

impl StoredUser {
    /// A user with this passphrase.
    pub fn new(real_name: String, role: UserRole, passphrase: &Passphrase, salt: &Salt) -> Self {
        let tag = hmac::sign(&hmac_key(salt), passphrase.expose().as_bytes());
        Self {
            real_name,
            salt: salt.to_vec(),
            digest: Zeroizing::new(tag.as_ref().to_vec()),
            role,
            tags: Vec::new(),
        }
    }

    /// Whether this is their passphrase.
    pub fn has_passphrase(&self, passphrase: &Passphrase) -> bool {
        let tag = hmac::sign(&hmac_key(&self.salt), passphrase.expose().as_bytes());
        verify_slices_are_equal(tag.as_ref(), &self.digest).is_ok()
    }

    /// Reads the stored form; nothing if it is none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let form: UserForm = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            real_name: form.name,
            salt: form.salt.0.to_vec(),
            digest: form.digest.0,
            role: form.role,
            tags: form.tags,
        })
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut form = Zeroizing::new(Vec::with_capacity(4096));
        form.extend_from_slice(b"{\"name\":");
        text::write(self.real_name.as_bytes(), &mut form);
        form.extend_from_slice(b",\"salt\":");
        text::write(&self.salt, &mut form);
        form.extend_from_slice(b",\"digest\":");
        text::write(&self.digest, &mut form);
        form.extend_from_slice(b",\"role\":");
        text::write(self.role.as_str().as_bytes(), &mut form);
        form.extend_from_slice(b",\"tags\":");
        texts(&self.tags, &mut form);
        form.push(b'}');
        form
    }
}

fn hmac_key(salt: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, salt)
}

fn texts<T: AsRef<str>>(texts: &[T], form: &mut Vec<u8>) {
    form.push(b'[');
    for (place, text) in texts.iter().enumerate() {
        if place > 0 {
            form.push(b',');
        }
        text::write(text.as_ref().as_bytes(), form);
    }
    form.push(b']');
}

/// A key as stored: JSON of mechanisms, private key, certificate, operations, restrictions and
/// label.
#[derive(Debug)]
pub struct StoredKey {
    /// What it may be used for.
    pub mechanisms: Vec<KeyMechanism>,
    /// The private key.
    pub private: StoredPrivate,
    /// The certificate.
    pub certificate: Option<StoredCertificate>,
    /// How often it was used, less what was not yet stored.
    pub operations: u64,
    /// Who may use it.
    pub restrictions: Restrictions,
    /// A note.
    pub label: KeyLabel,
}

/// A private key as stored.
#[derive(Debug)]
pub enum StoredPrivate {
    /// PKCS #8, PEM.
    Pem(SecretOctets),
    /// A Generic key.
    Raw(SecretOctets),
}

/// A certificate as stored: its media type, and any bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredCertificate {
    /// `application/octet-stream`; older firmware knew others.
    pub media_type: String,
    /// The bytes.
    pub content: Vec<u8>,
}

#[derive(Deserialize)]
struct KeyForm {
    mechanisms: Vec<KeyMechanism>,
    #[serde(rename = "priv")]
    private: PrivateForm,
    #[serde(default)]
    cert: Option<(String, Bytes)>,
    #[serde(default)]
    operations: u64,
    #[serde(default)]
    restrictions: Restrictions,
    #[serde(default)]
    label: Option<KeyLabel>,
}

#[derive(Deserialize)]
enum PrivateForm {
    #[serde(rename = "PEM")]
    Pem(Bytes),
    #[serde(rename = "raw")]
    Raw(SecretOctets),
}

impl StoredKey {
    /// Reads the stored form; nothing if it is none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let form: KeyForm = serde_json::from_slice(bytes).ok()?;
        let private = match form.private {
            PrivateForm::Pem(mut pem) => {
                StoredPrivate::Pem(SecretOctets::new(std::mem::take(&mut *pem.0)))
            }
            PrivateForm::Raw(octets) => StoredPrivate::Raw(octets),
        };
        Some(Self {
            mechanisms: form.mechanisms,
            private,
            certificate: form.cert.map(|(media_type, content)| StoredCertificate {
                media_type,
                content: content.0.to_vec(),
            }),
            operations: form.operations,
            restrictions: form.restrictions,
            label: form.label.unwrap_or_default(),
        })
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let certificate = self.certificate.as_ref();
        let room = 16 * 1024 + certificate.map_or(0, |certificate| 6 * certificate.content.len());
        let mut form = Zeroizing::new(Vec::with_capacity(room));
        form.extend_from_slice(b"{\"mechanisms\":");
        let mechanisms: Vec<_> = self.mechanisms.iter().map(|one| one.as_str()).collect();
        texts(&mechanisms, &mut form);
        form.extend_from_slice(b",\"priv\":");
        self.private.write(&mut form);
        form.extend_from_slice(b",\"cert\":");
        match certificate {
            Some(certificate) => {
                form.push(b'[');
                text::write(certificate.media_type.as_bytes(), &mut form);
                form.push(b',');
                text::write(&certificate.content, &mut form);
                form.push(b']');
            }
            None => form.extend_from_slice(b"null"),
        }
        let operations = format!(",\"operations\":{},\"restrictions\":{{", self.operations);
        form.extend_from_slice(operations.as_bytes());
        if !self.restrictions.is_empty() {
            form.extend_from_slice(b"\"tags\":");
            texts(&self.restrictions.tags, &mut form);
        }
        form.push(b'}');
        if !self.label.is_empty() {
            form.extend_from_slice(b",\"label\":");
            text::write(self.label.as_str().as_bytes(), &mut form);
        }
        form.push(b'}');
        form
    }
}

impl StoredPrivate {
    fn write(&self, form: &mut Vec<u8>) {
        use base64::Engine;
        use base64::prelude::BASE64_STANDARD;

        match self {
            Self::Pem(pem) => {
                form.extend_from_slice(b"{\"PEM\":");
                text::write(pem.expose(), form);
            }
            Self::Raw(octets) => {
                form.extend_from_slice(b"{\"raw\":");
                let base64 = Zeroizing::new(BASE64_STANDARD.encode(octets.expose()));
                text::write(base64.as_bytes(), form);
            }
        }
        form.push(b'}');
    }
}
