//! SSH and raw signatures by every type of key in the HSM.

use nethsm::{
    client::Client as Device,
    id::{KeyId, Tag, UserId},
    key::{GenerateKey, KeyMechanism, KeyType, Restrictions},
    passphrase::{Credentials, Passphrase},
    user::{NewUser, UserRole},
};
use sha2::{Digest as _, Sha256, Sha512};
use signstar::{
    Enclave, answer,
    config::{ClientName, ClientRules, Domain, KeyName, Log, Mechanism, SshNamespace},
    policy::Policy,
    request::{Digest, Input, Output, OutputType, Request, Salts},
    response::Answer,
    sign::{Keyring, PublicKey, RawSignature, SigningKey, SshSignature},
};
use signstar_hsm::nethsm::{NetHsmKey, public_key};

use crate::story::Story;

const FILE: &[u8] = b"what a build host has built";

/// A type of key, its length, what it may do in the HSM, and how it signs digests.
type Kind = (
    KeyType,
    Option<u32>,
    &'static [KeyMechanism],
    &'static [Mechanism],
);

const KINDS: [Kind; 5] = [
    (
        KeyType::Rsa,
        Some(2048),
        &[
            KeyMechanism::RsaSignaturePkcs1,
            KeyMechanism::RsaSignaturePssSha256,
            KeyMechanism::RsaSignaturePssSha512,
        ],
        &[Mechanism::Pkcs1, Mechanism::Pss],
    ),
    (
        KeyType::EcP256,
        None,
        &[KeyMechanism::EcdsaSignature],
        &[Mechanism::Ecdsa],
    ),
    (
        KeyType::EcP384,
        None,
        &[KeyMechanism::EcdsaSignature],
        &[Mechanism::Ecdsa],
    ),
    (
        KeyType::EcP521,
        None,
        &[KeyMechanism::EcdsaSignature],
        &[Mechanism::Ecdsa],
    ),
    (
        KeyType::Curve25519,
        None,
        &[KeyMechanism::EdDsaSignature],
        &[Mechanism::Ed25519],
    ),
];

/// The key `name` in the HSM, and the operator that may use it.
fn key(admin: &Device, name: &str, kind: &Kind) -> (PublicKey, NetHsmKey) {
    let (key_type, length, mechanisms, _) = *kind;
    let id: KeyId = name.parse().expect("an identifier");
    let user: UserId = name.parse().expect("a user");
    let tag: Tag = name.parse().expect("a tag");
    let passphrase = || Passphrase::new("a long passphrase".to_owned());
    let operator = NewUser {
        real_name: name.to_owned(),
        role: UserRole::Operator,
        passphrase: passphrase(),
    };
    admin.put_user(&user, &operator).expect("an operator");
    admin.put_user_tag(&user, &tag).expect("a tag");
    let generate = GenerateKey {
        length,
        id: Some(id.clone()),
        restrictions: Restrictions {
            tags: vec![name.to_owned()],
        },
        ..GenerateKey::new(key_type, mechanisms.to_vec())
    };
    admin.generate_key(&generate).expect("a key");
    let operator = admin.as_user(Credentials::new(user, passphrase()));
    let public = public_key(operator.key(&id).expect("a key")).expect("a public key");
    (public, NetHsmKey::new(operator, id))
}

/// What a client gets from an enclave with nothing but `key`.
fn sign(key: SigningKey, digest: Digest, output: Output) -> String {
    let client = ClientName::new("builder").expect("a name");
    let name = KeyName::new("key").expect("a name");
    let rules = ClientRules::new(name.clone(), [OutputType::Ssh, OutputType::Raw]);
    let enclave = Enclave {
        policy: Policy::new([(client.clone(), rules)].into()),
        keyring: Keyring::from([(name, key)]),
        log: Log::Unlogged,
        salts: Salts::default(),
    };
    let request = Request::new(Input::Digest(digest), output, None).expect("makes sense");
    let now = std::time::SystemTime::now();
    let response = answer(request.to_json(1).as_bytes(), &client, &enclave, now)
        .unwrap_or_else(|refused| panic!("{:?}", refused.cause()));
    let Ok(Answer::Signature { text, .. }) = Answer::parse(response.to_json().as_bytes()) else {
        panic!("in place of a signature: {response:?}");
    };
    text
}

#[test]
fn keys_in_the_hsm_make_ssh_and_raw_signatures() {
    let mut story = Story::begin();
    let folder = story.enclave().folder().clone();
    let admin = story.enclave().hsm().make_operational(&folder);
    let admin = admin.expect("operational");
    let domain = Domain::new("signstar.example.org").expect("a domain");
    let namespace = SshNamespace::new("packages@example.org").expect("a namespace");
    let digests = [
        Digest::Sha256(Sha256::digest(FILE).into()),
        Digest::Sha512(Sha512::digest(FILE).into()),
    ];
    for (index, kind) in KINDS.iter().enumerate() {
        let (public, signer) = key(&admin, &format!("mechanism{index}"), kind);
        let bare = |signer: &NetHsmKey| {
            let signer = Box::new(signer.clone());
            SigningKey::without_certificate(public.clone(), signer, domain.clone())
        };
        for digest in digests {
            let ssh = bare(&signer).with_ssh_namespace(namespace.clone());
            let text = sign(ssh.expect("a known kind"), digest, Output::Ssh);
            SshSignature::from_armored(&text)
                .and_then(|signature| signature.verify(&public, &namespace, &digest))
                .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            for &mechanism in kind.3 {
                let raw = bare(&signer).with_raw(mechanism).expect("for this kind");
                let text = sign(raw, digest, Output::Raw);
                RawSignature::from_base64(&text)
                    .and_then(|signature| signature.verify(&public, mechanism, &digest))
                    .unwrap_or_else(|error| panic!("{kind:?} {mechanism:?}: {error}"));
            }
        }
    }
}
