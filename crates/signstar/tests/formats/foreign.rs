//! Signatures that other programs made: `spec/vectors/signatures.json`, every one of them.

use std::path::Path;

use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha512};
use signstar::{
    config::{Mechanism, SshNamespace},
    request::{Digest, Sha512State},
    sign::{Certificate, Detached, DoesNotVerify, PublicKey, RawSignature, SshSignature},
};

#[derive(Deserialize)]
struct Vector {
    name: String,
    output: String,
    hash: Option<String>,
    namespace: Option<String>,
    mechanism: Option<Mechanism>,
    key: String,
    signature: String,
    file: String,
}

impl Vector {
    fn digest(&self, file: &[u8]) -> Digest {
        match self.hash.as_deref() {
            Some("sha256") => Digest::Sha256(Sha256::digest(file).into()),
            _ => Digest::Sha512(Sha512::digest(file).into()),
        }
    }

    fn verify(&self, file: &[u8]) -> Result<(), DoesNotVerify> {
        match &*self.output {
            "raw" => {
                let key = PublicKey::from_pem(&self.key).expect("a key");
                let signature = RawSignature::from_base64(&self.signature)?;
                let mechanism = self.mechanism.expect("a mechanism");
                signature.verify(&key, mechanism, &self.digest(file))
            }
            "SSHSIG" => {
                let key = PublicKey::from_openssh(&self.key).expect("a key");
                let namespace = self.namespace.clone().expect("a namespace");
                let namespace = SshNamespace::new(namespace).expect("a namespace");
                let signature = SshSignature::from_armored(&self.signature)?;
                signature.verify(&key, &namespace, &self.digest(file))
            }
            _ => {
                let certificate = Certificate::parse(self.key.as_bytes()).expect("a certificate");
                assert_eq!(certificate.is_v6(), self.output == "OpenPGPv6");
                let detached = Detached::from_armored(&self.signature)?;
                let mut hasher = Sha512::new();
                if let Some(salt) = detached.salt() {
                    hasher.update(salt.as_octets());
                }
                hasher.update(file);
                let state = Sha512State::from_hasher(&hasher).expect("short");
                detached.verify(&certificate, &state)
            }
        }
    }
}

#[test]
fn every_foreign_signature_verifies_for_its_file_and_for_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/signatures.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let vectors: Vec<Vector> = serde_json::from_slice(&text).expect("vectors");
    for output in ["OpenPGPv4", "OpenPGPv6", "SSHSIG", "raw"] {
        assert!(vectors.iter().any(|vector| vector.output == output));
    }
    for vector in &vectors {
        vector
            .verify(vector.file.as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error:?}", vector.name));
        let other = format!("{}x", vector.file);
        assert!(vector.verify(other.as_bytes()).is_err(), "{}", vector.name);
    }
}

#[test]
fn no_foreign_signature_verifies_with_the_key_of_another() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/signatures.json");
    let text = std::fs::read(&path).expect("vectors");
    let vectors: Vec<Vector> = serde_json::from_slice(&text).expect("vectors");
    for one in &vectors {
        for other in &vectors {
            if one.output == other.output && one.key != other.key {
                let mixed = Vector {
                    key: other.key.clone(),
                    name: String::new(),
                    output: one.output.clone(),
                    hash: one.hash.clone(),
                    namespace: one.namespace.clone(),
                    mechanism: one.mechanism,
                    signature: one.signature.clone(),
                    file: String::new(),
                };
                let verdict = mixed.verify(one.file.as_bytes());
                assert!(verdict.is_err(), "{} by {}", one.name, other.name);
            }
        }
    }
}
