//! One signature, in the form that is promised.

use cryptoki::{
    mechanism::{
        Mechanism, MechanismType,
        eddsa::{EddsaParams, EddsaSignatureScheme},
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    object::KeyType,
};
use der::{Encode, Sequence, asn1::UintRef};
use signstar::{request::Digest, sign::Message};
use signstar_hsm::pkcs11::Failure;

use crate::{failed::Failed, token::Session};

/// RFC 3279 §2.2.3.
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl Session {
    /// Signs with the key that was found.
    pub(crate) fn sign(&self, message: &Message) -> Result<Vec<u8>, Failed> {
        let (key, kind) = self.key.ok_or_else(Failed::out_of_turn)?;
        // Modules answer this as they like; SoftHSM 2 calls it a failure that may pass.
        if !fits(message, kind) {
            let detail = format!("the key is of the type {kind}");
            return Err(Failed(Failure::Refused, detail));
        }
        let signature = self
            .handle
            .sign(&mechanism(message), key, message.as_octets())?;
        match message {
            Message::Ecdsa(_) => in_der(&signature),
            _ => Ok(signature),
        }
    }
}

fn fits(message: &Message, kind: KeyType) -> bool {
    match message {
        Message::RsaPkcs1(_) | Message::RsaPss(_) => kind == KeyType::RSA,
        Message::Ecdsa(_) => kind == KeyType::EC,
        Message::Ed25519(_) => kind == KeyType::EC_EDWARDS,
    }
}

fn mechanism(message: &Message) -> Mechanism<'static> {
    match message {
        Message::RsaPkcs1(_) => Mechanism::RsaPkcs,
        Message::RsaPss(Digest::Sha256(_)) => Mechanism::RsaPkcsPss(PkcsPssParams {
            hash_alg: MechanismType::SHA256,
            mgf: PkcsMgfType::MGF1_SHA256,
            s_len: 32.into(),
        }),
        Message::RsaPss(Digest::Sha512(_)) => Mechanism::RsaPkcsPss(PkcsPssParams {
            hash_alg: MechanismType::SHA512,
            mgf: PkcsMgfType::MGF1_SHA512,
            s_len: 64.into(),
        }),
        Message::Ecdsa(_) => Mechanism::Ecdsa,
        // Without parameters: old tokens know no others.
        Message::Ed25519(_) => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure)),
    }
}

/// Both numbers of `signature`, each in one half of it (PKCS#11 2.40 §2.3.1), as DER.
fn in_der(signature: &[u8]) -> Result<Vec<u8>, Failed> {
    let bad = || {
        Failed(
            Failure::Lost,
            "an ECDSA signature of no two numbers".to_owned(),
        )
    };
    if signature.is_empty() || !signature.len().is_multiple_of(2) {
        return Err(bad());
    }
    let (r, s) = signature.split_at(signature.len() / 2);
    let value = EcdsaSigValue {
        r: UintRef::new(r).map_err(|_| bad())?,
        s: UintRef::new(s).map_err(|_| bad())?,
    };
    value.to_der().map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::in_der;

    #[test]
    fn two_numbers_become_der() {
        let der = in_der(&[0, 0x7f, 0x80, 1]).expect("good");
        assert_eq!(der, [0x30, 8, 0x02, 1, 0x7f, 0x02, 3, 0, 0x80, 1]);
        in_der(&[1, 2, 3]).expect_err("odd");
        in_der(&[]).expect_err("nothing");
    }
}
