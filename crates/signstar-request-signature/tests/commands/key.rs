//! A key in memory, and the enclave that signs with it.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::SystemTime};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use signstar::{
    Enclave, answer,
    config::{ClientName, ClientRules, Domain, KeyName, Mechanism, SshNamespace},
    log::Log,
    policy::Policy,
    request::{OutputType, Salt, Salts},
    sign::{Certificate, Message, PublicKey, Signer, SignerError, SigningKey},
};

/// A key that stays in the memory of the test.
#[derive(Debug)]
struct InMemory(Arc<Ed25519KeyPair>);

impl Signer for InMemory {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        match message {
            Message::Ed25519(message) => Ok(self.0.sign(message).as_ref().to_vec()),
            other => Err(SignerError::Denied(format!("{other:?}").into())),
        }
    }
}

/// A key of an enclave and its certificates.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) certificate: Certificate,
    public: PublicKey,
    enclave: Arc<Enclave>,
    /// A key that makes raw signatures makes nothing else.
    bare: Arc<Enclave>,
}

impl Key {
    pub(crate) fn generate() -> Self {
        let pair = Arc::new(Ed25519KeyPair::generate().expect("a key"));
        let public = PublicKey::Ed25519(pair.public_key().as_ref().to_vec());
        let signer = || Box::new(InMemory(Arc::clone(&pair)));
        let users = ["Example Packaging <packages@example.org>"];
        let now = SystemTime::now();
        let certificate =
            Certificate::issue(&public, &users, now, &*signer()).expect("a certificate");
        let salt = &mut || Salt::new(random());
        let sixth = Certificate::issue_v6(&public, &users, now, salt, &*signer());
        let domain = || Domain::new("signstar.example.org").expect("a domain");
        let key = SigningKey::new(certificate.clone(), signer(), domain(), BTreeMap::new())
            .with_certificate(sixth.expect("a certificate"))
            .and_then(|key| key.with_ssh_namespace(namespace()))
            .expect("one key");
        let bare = SigningKey::without_certificate(public.clone(), signer(), domain())
            .with_raw(Mechanism::Ed25519)
            .expect("one key");
        Self {
            certificate,
            public,
            enclave: Arc::new(enclave(key)),
            bare: Arc::new(enclave(bare)),
        }
    }

    pub(crate) fn write_certificate(&self, path: &Path) {
        fs::write(path, self.certificate.to_octets().expect("octets")).expect("written");
    }

    /// The certificate of version 6.
    pub(crate) fn write_certificate_v6(&self, path: &Path) {
        let key = self.enclave.keyring.values().next().expect("a key");
        let certificate = key.certificates().find(|certificate| certificate.is_v6());
        let octets = certificate.expect("one").to_octets();
        fs::write(path, octets.expect("octets")).expect("written");
    }

    /// The key as OpenSSH writes it.
    pub(crate) fn to_openssh(&self) -> String {
        self.public.to_openssh()
    }

    /// The response to one request of an enclave with this key.
    pub(crate) fn respond(&self, request: &[u8]) -> String {
        let client = ClientName::new("client").expect("a name");
        let is_raw = String::from_utf8_lossy(request).contains("\"raw\"");
        let enclave = if is_raw { &self.bare } else { &self.enclave };
        match answer(request, &client, enclave, SystemTime::now()) {
            Ok(response) => response.to_json(),
            Err(refused) => signstar::response::refusal_to_json(&refused),
        }
    }
}

/// What SSH signatures of the stand-in are for.
pub(crate) fn namespace() -> SshNamespace {
    SshNamespace::new("packages@example.org").expect("a namespace")
}

fn random() -> [u8; Salt::OCTETS] {
    let mut octets = [0; Salt::OCTETS];
    aws_lc_rs::rand::fill(&mut octets).expect("random octets");
    octets
}

fn enclave(key: SigningKey) -> Enclave {
    let client = ClientName::new("client").expect("a name");
    let name = KeyName::new("packages").expect("a name");
    let outputs = [
        OutputType::OpenPgpV4,
        OutputType::OpenPgpV6,
        OutputType::Ssh,
        OutputType::Raw,
    ];
    let rules = ClientRules::new(name.clone(), outputs);
    Enclave {
        policy: Policy::new(BTreeMap::from([(client, rules)])),
        keyring: BTreeMap::from([(name, key)]),
        log: Log::Unlogged,
        salts: Salts::drawn_from(|| Ok(random())),
    }
}
