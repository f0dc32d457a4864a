//! A key on a token: found by its name, and its public half.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use der::{
    Decode,
    asn1::{BitStringRef, OctetStringRef},
};
use signstar::sign::PublicKey;
use signstar_hsm::pkcs11::{Failure, wire::Name};

use crate::{failed::Failed, token::Session};

/// `CKA_EC_PARAMS` of curves: object identifiers (RFC 5480 §2.1.1.1, RFC 8410 §3) and, for Ed25519,
/// what else tokens write.
const P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x06, 5, 0x2b, 0x81, 4, 0, 0x22];
const P521: &[u8] = &[0x06, 5, 0x2b, 0x81, 4, 0, 0x23];
const ED25519: [&[u8]; 3] = [
    &[0x06, 3, 0x2b, 0x65, 0x70],
    &[0x06, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1],
    b"\x13\x0cedwards25519",
];

impl Session {
    /// Finds the one private key with this name.
    pub(crate) fn find(&mut self, name: &Name) -> Result<(), Failed> {
        let key = match self.named(ObjectClass::PRIVATE_KEY, name)?[..] {
            [key] => key,
            [] => return Err(Failed(Failure::NoKey, format!("label {:?}", name.label))),
            _ => {
                return Err(Failed(
                    Failure::SeveralKeys,
                    format!("label {:?}", name.label),
                ));
            }
        };
        if self.flag(key, AttributeType::AlwaysAuthenticate)? {
            let detail = "the key wants its PIN for each signature (CKA_ALWAYS_AUTHENTICATE)";
            return Err(Failed(Failure::Refused, detail.to_owned()));
        }
        let told = self.handle.get_attributes(key, &[AttributeType::KeyType])?;
        let [Attribute::KeyType(kind)] = told[..] else {
            let detail = "the key has no type (CKA_KEY_TYPE)";
            return Err(Failed(Failure::Refused, detail.to_owned()));
        };
        self.key = Some((key, kind));
        Ok(())
    }

    /// All objects of this class with this name.
    pub(crate) fn named(
        &self,
        class: ObjectClass,
        Name { label, id }: &Name,
    ) -> Result<Vec<ObjectHandle>, Failed> {
        let mut wanted = vec![
            Attribute::Class(class),
            Attribute::Token(true),
            Attribute::Label(label.as_bytes().to_vec()),
        ];
        if !id.is_empty() {
            wanted.push(Attribute::Id(id.clone()));
        }
        Ok(self.handle.find_objects(&wanted)?)
    }

    /// The public half of the key that was found, if the token shows one of a kind that signs here.
    ///
    /// It is in an object of its own, which has the identifier of the private one, or its label.
    pub(crate) fn public_key(&self) -> Result<Option<PublicKey>, Failed> {
        let (key, _) = self.key.ok_or_else(Failed::out_of_turn)?;
        let wanted = [
            AttributeType::Id,
            AttributeType::Label,
            AttributeType::KeyType,
        ];
        let told = self.handle.get_attributes(key, &wanted)?;
        let named = |attribute: &&Attribute| match attribute {
            Attribute::Id(id) => !id.is_empty(),
            Attribute::KeyType(_) => true,
            _ => false,
        };
        let mut wanted: Vec<_> = told.iter().filter(named).cloned().collect();
        if !wanted.iter().any(|one| matches!(one, Attribute::Id(_))) {
            let label = |one: &&Attribute| matches!(one, Attribute::Label(_));
            wanted.extend(told.iter().find(label).cloned());
        }
        wanted.push(Attribute::Class(ObjectClass::PUBLIC_KEY));
        match self.handle.find_objects(&wanted)?[..] {
            [public] => self.shown(public),
            _ => Ok(None),
        }
    }

    /// The public key in an object.
    pub(crate) fn shown(&self, object: ObjectHandle) -> Result<Option<PublicKey>, Failed> {
        let (mut kind, mut curve, mut point) = (None, Vec::new(), Vec::new());
        let (mut modulus, mut exponent) = (Vec::new(), Vec::new());
        let kinds = self
            .handle
            .get_attributes(object, &[AttributeType::KeyType])?;
        if let [Attribute::KeyType(found)] = kinds[..] {
            kind = Some(found);
        }
        let wanted = match kind {
            Some(KeyType::RSA) => [AttributeType::Modulus, AttributeType::PublicExponent],
            Some(_) => [AttributeType::EcParams, AttributeType::EcPoint],
            None => return Ok(None),
        };
        for attribute in self.handle.get_attributes(object, &wanted)? {
            match attribute {
                Attribute::Modulus(octets) => modulus = octets,
                Attribute::PublicExponent(octets) => exponent = octets,
                Attribute::EcParams(octets) => curve = octets,
                Attribute::EcPoint(octets) => point = octets,
                _ => {}
            }
        }
        if kind == Some(KeyType::RSA) {
            return Ok(Some(PublicKey::Rsa { modulus, exponent }));
        }
        Ok(match &curve[..] {
            P256 => bare(&point, 65).map(PublicKey::P256),
            P384 => bare(&point, 97).map(PublicKey::P384),
            P521 => bare(&point, 133).map(PublicKey::P521),
            curve if ED25519.contains(&curve) => bare(&point, 32).map(PublicKey::Ed25519),
            _ => None,
        })
    }

    fn flag(&self, object: ObjectHandle, flag: AttributeType) -> Result<bool, Failed> {
        let told = self.handle.get_attributes(object, &[flag])?;
        Ok(matches!(told[..], [Attribute::AlwaysAuthenticate(true)]))
    }
}

/// A point of `length` octets: PKCS#11 wants it in a DER OCTET STRING, and tokens write it bare or in a
/// BIT STRING as well. The length tells.
fn bare(point: &[u8], length: usize) -> Option<Vec<u8>> {
    let in_octets = || Some(<&OctetStringRef>::from_der(point).ok()?.as_bytes());
    let in_bits = || BitStringRef::from_der(point).ok()?.as_bytes();
    let fits = |octets: &&[u8]| octets.len() == length;
    (Some(point).filter(fits))
        .or_else(|| in_octets().filter(fits))
        .or_else(|| in_bits().filter(fits))
        .map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_point_is_found_in_every_wrapping() {
        let point = vec![7; 32];
        let octets = [&[0x04, 32][..], &point].concat();
        let bits = [&[0x03, 33, 0][..], &point].concat();
        for written in [&point, &octets, &bits] {
            assert_eq!(bare(written, 32), Some(point.clone()));
        }
        assert_eq!(bare(&octets, 33), None);
        assert_eq!(bare(&[], 32), None);
        // 0x04 begins a point that is not compressed, and an OCTET STRING.
        let ambiguous = [&[0x04, 63][..], &[9; 63]].concat();
        assert_eq!(bare(&ambiguous, 65), Some(ambiguous));
    }
}
