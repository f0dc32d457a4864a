//! Octets on a token that everybody may read: data objects.

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use signstar_hsm::pkcs11::{Failure, wire::MAX_KEPT};

use crate::{failed::Failed, token::Session};

/// Whose data it is, as `pkcs11-tool --application-label` has it.
const APPLICATION: &[u8] = b"Signstar";

impl Session {
    /// Keeps `octets` under `label`, in place of those that are there.
    pub(crate) fn keep(&self, label: &str, octets: &[u8]) -> Result<(), Failed> {
        if octets.len() > MAX_KEPT {
            let detail = format!("{} octets are more than {MAX_KEPT}", octets.len());
            return Err(Failed(Failure::Refused, detail));
        }
        let before = self.kept(label)?;
        let mut made = described(label);
        made.extend([Attribute::Private(false), Attribute::Value(octets.to_vec())]);
        self.handle.create_object(&made)?;
        // Only now: whatever breaks off, one is there.
        for object in before {
            self.handle.destroy_object(object)?;
        }
        Ok(())
    }

    /// The octets under `label`; of several the longest, as one may have broken off.
    pub(crate) fn fetch(&self, label: &str) -> Result<Option<Vec<u8>>, Failed> {
        let mut found = Vec::new();
        for object in self.kept(label)? {
            let told = self
                .handle
                .get_attributes(object, &[AttributeType::Value])?;
            found.extend(told.into_iter().filter_map(|attribute| match attribute {
                Attribute::Value(octets) if octets.len() <= MAX_KEPT => Some(octets),
                _ => None,
            }));
        }
        Ok(found.into_iter().max_by_key(Vec::len))
    }

    fn kept(&self, label: &str) -> Result<Vec<ObjectHandle>, Failed> {
        Ok(self.handle.find_objects(&described(label))?)
    }
}

fn described(label: &str) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(true),
        Attribute::Application(APPLICATION.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}
