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
use crate::table;

/// Keys.
///
/// ```no_run
/// use nethsm::key::{GenerateKey, KeyMechanism, KeyType};
/// use nethsm::query::KeyFilter;
///
/// # fn example(administrator: nethsm::client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut question = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
/// question.id = Some("packages-2026".parse()?);
/// let key = administrator.generate_key(&question)?;
/// administrator.put_key_tag(&key, &"builders".parse()?)?;
/// println!("{}", administrator.public_pem(&key)?);
/// for key in administrator.keys_from(&"packages".parse()?, &KeyFilter::default())? {
///     println!("{key}");
/// }
/// # Ok(())
/// # }
/// ```
impl Client {
    /// The keys of the caller's namespace, sorted.
    pub fn keys(&self) -> Result<Vec<KeyId>, Error> {
        let items = self.call::<table::ListKeys>(&(), &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// The keys of the caller's namespace that fit the filter, sorted.
    pub fn keys_like(&self, filter: &KeyFilter) -> Result<Vec<KeyId>, Error> {
        let items = self.call_with::<table::ListKeys>(&(), filter, &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// The keys of the caller's namespace whose names start with `prefix` and that fit the
    /// filter, sorted.
    pub fn keys_from(&self, prefix: &KeyPrefix, filter: &KeyFilter) -> Result<Vec<KeyId>, Error> {
        let items = self.call_with::<table::ListKeysFrom>(prefix, filter, &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// Makes a key inside the device. A name that exists is [`Error::BadRequest`].
    pub fn generate_key(&self, question: &GenerateKey) -> Result<KeyId, Error> {
        Ok(self.call::<table::MakeKey>(&(), question)?.id)
    }

    /// Brings a key into the device, which makes up a name for it.
    pub fn add_key(&self, question: &ImportKey) -> Result<KeyId, Error> {
        Ok(self.call::<table::AddKey>(&(), question)?.id)
    }

    /// Brings a key into the device. A name that exists is [`Error::BadRequest`].
    pub fn put_key(&self, key: &KeyId, question: &ImportKey) -> Result<(), Error> {
        self.call::<table::PutKey>(key, question)
    }

    /// Brings a key in PEM into the device, which makes up a name for it.
    pub fn add_key_pem(&self, question: &ImportPem) -> Result<KeyId, Error> {
        Ok(self.call_alternatively::<table::AddKey>(&(), question)?.id)
    }

    /// Brings a key in PEM into the device. A name that exists is [`Error::BadRequest`].
    pub fn put_key_pem(&self, key: &KeyId, question: &ImportPem) -> Result<(), Error> {
        self.call_alternatively::<table::PutKey>(key, question)
    }

    /// What the device shows of a key.
    pub fn key(&self, key: &KeyId) -> Result<PublicKey, Error> {
        self.call::<table::GetKey>(key, &())
    }

    /// The public key as PEM, a `SubjectPublicKeyInfo`.
    pub fn public_pem(&self, key: &KeyId) -> Result<String, Error> {
        Ok(self.call::<table::GetPublicPem>(key, &())?.0)
    }

    /// Deletes a key.
    pub fn delete_key(&self, key: &KeyId) -> Result<(), Error> {
        self.call::<table::DeleteKey>(key, &())
    }

    /// Signs; the form of the signature is that of the [mode](crate::key::SignMode).
    ///
    /// The device is not to be trusted blindly: verify the signature.
    pub fn sign(&self, key: &KeyId, question: &SignRequest) -> Result<Vec<u8>, Error> {
        Ok(self.call::<table::Sign>(key, question)?.signature.0)
    }

    /// The certificate of a key, any bytes; [`Error::NotFound`] if it has none.
    pub fn certificate(&self, key: &KeyId) -> Result<Vec<u8>, Error> {
        Ok(self.call::<table::GetCertificate>(key, &())?.0)
    }

    /// Sets the certificate of a key, any bytes up to 1 MiB. [`Error::Conflict`] if it has
    /// one: delete that first.
    pub fn put_certificate(&self, key: &KeyId, certificate: Vec<u8>) -> Result<(), Error> {
        self.call::<table::PutCertificate>(key, &crate::body::Binary(certificate))
    }

    /// Deletes the certificate of a key.
    pub fn delete_certificate(&self, key: &KeyId) -> Result<(), Error> {
        self.call::<table::DeleteCertificate>(key, &())
    }

    /// Restricts a key to operators with this tag (or another that the key has). Succeeds if
    /// it is so already.
    pub fn put_key_tag(&self, key: &KeyId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::PutKeyTag>(&(key.clone(), tag.clone()), &())
    }

    /// Takes a tag from a key.
    pub fn delete_key_tag(&self, key: &KeyId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::DeleteKeyTag>(&(key.clone(), tag.clone()), &())
    }

    /// Gives a key a label. Succeeds if it is so already.
    pub fn set_label(&self, key: &KeyId, label: KeyLabel) -> Result<(), Error> {
        self.call::<table::SetLabel>(key, &NewLabel { label })
    }

    /// Takes the label from a key. Succeeds if it has none.
    pub fn delete_label(&self, key: &KeyId) -> Result<(), Error> {
        self.call::<table::DeleteLabel>(key, &())
    }

    /// Gives a key another name. [`Error::Conflict`] if there is one of that name.
    pub fn rename_key(&self, key: &KeyId, new_id: KeyId) -> Result<KeyId, Error> {
        Ok(self.call::<table::RenameKey>(key, &MoveKey { new_id })?.id)
    }

    /// A certificate signing request for a key: PEM, PKCS #10.
    pub fn key_csr(&self, key: &KeyId, subject: &DistinguishedName) -> Result<String, Error> {
        Ok(self.call::<table::MakeKeyCsr>(key, subject)?.0)
    }

    /// Encrypts with a Generic key.
    pub fn encrypt(&self, key: &KeyId, question: &EncryptRequest) -> Result<Encrypted, Error> {
        self.call::<table::Encrypt>(key, question)
    }

    /// Decrypts. Whatever is wrong with what was encrypted is [`Error::BadRequest`].
    pub fn decrypt(&self, key: &KeyId, question: &DecryptRequest) -> Result<SecretOctets, Error> {
        Ok(self.call::<table::Decrypt>(key, question)?.decrypted)
    }
}
