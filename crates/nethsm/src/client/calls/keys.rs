//! Methods for keys.

use crate::client::{Client, Error};
use crate::csr::DistinguishedName;
use crate::id::{KeyId, KeyPrefix, Tag};
use crate::key::{
    DecryptRequest, EncryptRequest, Encrypted, GenerateKey, ImportKey, ImportPem, KeyLabel,
    MoveKey, NewLabel, PublicKey, SignRequest,
};
use crate::octets::SecretOctets;
use crate::query::KeyFilter;
use crate::table::{self, facts};

/// Keys.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
/// # let it = example::operational();
/// # let administrator = it.user("admin");
/// use nethsm::key::{GenerateKey, KeyMechanism, KeyType};
/// use nethsm::query::KeyFilter;
///
/// let mut question = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
/// question.id = Some("packages-2026".parse()?);
/// let key = administrator.generate_key(&question)?;
/// administrator.put_key_tag(&key, &"builders".parse()?)?;
///
/// let found = administrator.keys_from(&"packages".parse()?, &KeyFilter::default())?;
/// assert_eq!(found, [key.clone()]);
/// assert!(administrator.public_pem(&key)?.starts_with("-----BEGIN PUBLIC KEY-----"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Client {
    /// The keys of the caller's namespace, sorted.
    #[doc = facts!(ListKeys)]
    pub fn keys(&self) -> Result<Vec<KeyId>, Error> {
        let items = self.call::<table::ListKeys>(&(), &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// The keys of the caller's namespace that fit the filter, sorted.
    #[doc = facts!(ListKeys)]
    pub fn keys_like(&self, filter: &KeyFilter) -> Result<Vec<KeyId>, Error> {
        let items = self.call_with::<table::ListKeys>(&(), filter, &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// The keys of the caller's namespace whose names start with `prefix` and that fit the
    /// filter, sorted.
    #[doc = facts!(ListKeysFrom)]
    pub fn keys_from(&self, prefix: &KeyPrefix, filter: &KeyFilter) -> Result<Vec<KeyId>, Error> {
        let items = self.call_with::<table::ListKeysFrom>(prefix, filter, &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// Makes a key inside the device. A name that exists is [`Error::BadRequest`].
    #[doc = facts!(MakeKey)]
    pub fn generate_key(&self, question: &GenerateKey) -> Result<KeyId, Error> {
        Ok(self.call::<table::MakeKey>(&(), question)?.id)
    }

    /// Brings a key into the device, which makes up a name for it.
    #[doc = facts!(AddKey)]
    pub fn add_key(&self, question: &ImportKey) -> Result<KeyId, Error> {
        Ok(self.call::<table::AddKey>(&(), question)?.id)
    }

    /// Brings a key into the device. A name that exists is [`Error::BadRequest`].
    #[doc = facts!(PutKey)]
    pub fn put_key(&self, key: &KeyId, question: &ImportKey) -> Result<(), Error> {
        self.call::<table::PutKey>(key, question)
    }

    /// Brings a key in PEM into the device, which makes up a name for it.
    #[doc = facts!(AddKey)]
    pub fn add_key_pem(&self, question: &ImportPem) -> Result<KeyId, Error> {
        Ok(self.call_alternatively::<table::AddKey>(&(), question)?.id)
    }

    /// Brings a key in PEM into the device. A name that exists is [`Error::BadRequest`].
    #[doc = facts!(PutKey)]
    pub fn put_key_pem(&self, key: &KeyId, question: &ImportPem) -> Result<(), Error> {
        self.call_alternatively::<table::PutKey>(key, question)
    }

    /// What the device shows of a key.
    #[doc = facts!(GetKey)]
    pub fn key(&self, key: &KeyId) -> Result<PublicKey, Error> {
        self.call::<table::GetKey>(key, &())
    }

    /// The public key as PEM, a `SubjectPublicKeyInfo`.
    #[doc = facts!(GetPublicPem)]
    pub fn public_pem(&self, key: &KeyId) -> Result<String, Error> {
        Ok(self.call::<table::GetPublicPem>(key, &())?.0)
    }

    /// Deletes a key.
    #[doc = facts!(DeleteKey)]
    pub fn delete_key(&self, key: &KeyId) -> Result<(), Error> {
        self.call::<table::DeleteKey>(key, &())
    }

    /// Signs; the form of the signature is that of the [mode](crate::key::SignMode).
    ///
    /// The device is not to be trusted blindly: verify the signature.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
    /// # let it = example::operational().with_key("packages");
    /// # let operator = it.user("operator");
    /// use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    /// use nethsm::key::{PublicKeyData, SignMode, SignRequest};
    ///
    /// let key = "packages".parse()?;
    /// let question = SignRequest { mode: SignMode::EdDsa, message: b"hello".to_vec().into() };
    /// let signature = operator.sign(&key, &question)?;
    ///
    /// let Some(PublicKeyData::Point { data }) = operator.key(&key)?.public else {
    ///     panic!("this is no key for Ed25519");
    /// };
    /// UnparsedPublicKey::new(&ED25519, data).verify(b"hello", &signature)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc = facts!(Sign)]
    pub fn sign(&self, key: &KeyId, question: &SignRequest) -> Result<Vec<u8>, Error> {
        Ok(self.call::<table::Sign>(key, question)?.signature.0)
    }

    /// The certificate of a key, any bytes; [`Error::NotFound`] if it has none.
    #[doc = facts!(GetCertificate)]
    pub fn certificate(&self, key: &KeyId) -> Result<Vec<u8>, Error> {
        Ok(self.call::<table::GetCertificate>(key, &())?.0)
    }

    /// Sets the certificate of a key, any bytes. [`Error::Conflict`] if it has one: delete that
    /// first.
    #[doc = facts!(PutCertificate)]
    pub fn put_certificate(&self, key: &KeyId, certificate: Vec<u8>) -> Result<(), Error> {
        self.call::<table::PutCertificate>(key, &crate::body::Binary(certificate))
    }

    /// Deletes the certificate of a key.
    #[doc = facts!(DeleteCertificate)]
    pub fn delete_certificate(&self, key: &KeyId) -> Result<(), Error> {
        self.call::<table::DeleteCertificate>(key, &())
    }

    /// Restricts a key to operators with this tag (or another that the key has). Succeeds if
    /// it is so already.
    #[doc = facts!(PutKeyTag)]
    pub fn put_key_tag(&self, key: &KeyId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::PutKeyTag>(&(key.clone(), tag.clone()), &())
    }

    /// Takes a tag from a key.
    #[doc = facts!(DeleteKeyTag)]
    pub fn delete_key_tag(&self, key: &KeyId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::DeleteKeyTag>(&(key.clone(), tag.clone()), &())
    }

    /// Gives a key a label. Succeeds if it is so already.
    #[doc = facts!(SetLabel)]
    pub fn set_label(&self, key: &KeyId, label: KeyLabel) -> Result<(), Error> {
        self.call::<table::SetLabel>(key, &NewLabel { label })
    }

    /// Takes the label from a key. Succeeds if it has none.
    #[doc = facts!(DeleteLabel)]
    pub fn delete_label(&self, key: &KeyId) -> Result<(), Error> {
        self.call::<table::DeleteLabel>(key, &())
    }

    /// Gives a key another name. [`Error::Conflict`] if there is one of that name.
    #[doc = facts!(RenameKey)]
    pub fn rename_key(&self, key: &KeyId, new_id: KeyId) -> Result<KeyId, Error> {
        Ok(self.call::<table::RenameKey>(key, &MoveKey { new_id })?.id)
    }

    /// A certificate signing request for a key: PEM, PKCS #10.
    #[doc = facts!(MakeKeyCsr)]
    pub fn key_csr(&self, key: &KeyId, subject: &DistinguishedName) -> Result<String, Error> {
        Ok(self.call::<table::MakeKeyCsr>(key, subject)?.0)
    }

    /// Encrypts with a Generic key.
    #[doc = facts!(Encrypt)]
    pub fn encrypt(&self, key: &KeyId, question: &EncryptRequest) -> Result<Encrypted, Error> {
        self.call::<table::Encrypt>(key, question)
    }

    /// Decrypts. Whatever is wrong with what was encrypted is [`Error::BadRequest`].
    #[doc = facts!(Decrypt)]
    pub fn decrypt(&self, key: &KeyId, question: &DecryptRequest) -> Result<SecretOctets, Error> {
        Ok(self.call::<table::Decrypt>(key, question)?.decrypted)
    }
}
