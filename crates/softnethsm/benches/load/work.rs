//! What is asked of the server, and whether the answers are right.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    VerificationAlgorithm,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nethsm::passphrase::{Credentials, Passphrase};
use nethsm::system::{Provision, Switch};
use nethsm::user::{NewUser, UserRole};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;

use crate::Failed;
use crate::server::Running;

/// User and passphrase of the throw-away device.
pub(crate) type Login = (&'static str, &'static str);

pub(crate) const ADMIN: Login = ("admin", "a passphrase of the benchmark");
pub(crate) const OPERATOR: Login = ("operator", "another one of the benchmark");

/// What is signed.
pub(crate) const MESSAGE: &[u8] = b"thirty-two octets to be signed!!";

/// `DigestInfo` before a SHA-256 digest (RFC 8017 §9.2, note 1).
const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// Which of the library's keys signs.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Ed25519,
    P256,
    Rsa4096,
}

/// One kind of signature.
pub(crate) struct Work {
    pub(crate) kind: Kind,
    /// Of the line in the table, and of the key.
    pub(crate) name: &'static str,
    /// What `openssl speed` calls it.
    pub(crate) openssl: &'static str,
    key: &'static str,
    mode: &'static str,
    verification: &'static dyn VerificationAlgorithm,
}

impl Work {
    pub(crate) fn all() -> [Self; 3] {
        [
            Self {
                kind: Kind::Ed25519,
                name: "Curve25519",
                openssl: "ed25519",
                key: r#""type": "Curve25519", "mechanisms": ["EdDSA_Signature"]"#,
                mode: "EdDSA",
                verification: &ED25519,
            },
            Self {
                kind: Kind::P256,
                name: "EC_P256",
                openssl: "ecdsap256",
                key: r#""type": "EC_P256", "mechanisms": ["ECDSA_Signature"]"#,
                mode: "ECDSA",
                verification: &ECDSA_P256_SHA256_ASN1,
            },
            Self {
                kind: Kind::Rsa4096,
                name: "RSA4096",
                openssl: "rsa4096",
                key: r#""type": "RSA", "length": 4096, "mechanisms": ["RSA_Signature_PKCS1"]"#,
                mode: "PKCS1",
                verification: &RSA_PKCS1_2048_8192_SHA256,
            },
        ]
    }

    /// Makes the key, with the name of the work as its name; gives the public part.
    pub(crate) fn make(&self, running: &Running) -> Result<ParsedPublicKey, Failed> {
        let wish = format!("{{{}, \"id\": \"{}\"}}", self.key, self.name);
        let admin = login(running, ADMIN)?;
        admin.generate_key(&serde_json::from_str(&wish)?)?;
        let pem = admin.public_pem(&self.name.parse()?)?;
        let public = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes())?;
        Ok(ParsedPublicKey::new(self.verification, &*public)?)
    }

    /// The request that has the key `id` sign.
    pub(crate) fn request(&self, id: &str) -> Request {
        let hash = digest(&SHA256, MESSAGE);
        let message = match self.kind {
            Kind::Ed25519 => MESSAGE.to_vec(),
            Kind::P256 => hash.as_ref().to_vec(),
            Kind::Rsa4096 => [&SHA256_INFO, hash.as_ref()].concat(),
        };
        Request {
            line: format!("POST /api/v1/keys/{id}/sign"),
            body: serde_json::json!({
                "mode": self.mode,
                "message": BASE64_STANDARD.encode(message),
            })
            .to_string(),
        }
    }

    /// Fails unless the answer holds a signature of the key.
    pub(crate) fn verify(&self, key: &ParsedPublicKey, answer: &[u8]) -> Result<(), Failed> {
        let answer: serde_json::Value = serde_json::from_slice(answer)?;
        let signature = answer["signature"]
            .as_str()
            .ok_or("an answer has no signature")?;
        let signature = BASE64_STANDARD.decode(signature)?;
        key.verify_sig(MESSAGE, &signature)
            .map_err(|_| "a signature is wrong".into())
    }
}

/// A request without its login.
pub(crate) struct Request {
    line: String,
    body: String,
}

impl Request {
    /// A user reads what is known of themselves.
    pub(crate) fn own_user((user, _): Login) -> Self {
        Self {
            line: format!("GET /api/v1/users/{user}"),
            body: String::new(),
        }
    }

    /// The request as it goes over the wire.
    pub(crate) fn octets(&self, (user, passphrase): Login) -> Vec<u8> {
        let Self { line, body } = self;
        let login = BASE64_STANDARD.encode(format!("{user}:{passphrase}"));
        let length = body.len();
        format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {login}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// Makes one of many keys.
pub(crate) fn generation(number: u64) -> Request {
    Request {
        line: "POST /api/v1/keys/generate".to_owned(),
        body: format!(
            r#"{{"type": "Curve25519", "mechanisms": ["EdDSA_Signature"], "id": "k{number}"}}"#
        ),
    }
}

/// Has one of many keys sign.
pub(crate) fn one_of_many(number: u64) -> Request {
    let [work, ..] = Work::all();
    work.request(&format!("k{number}"))
}

/// Provisions a device that starts unattended, with one operator.
pub(crate) fn set_up(running: &Running) -> Result<(), Failed> {
    let passphrase = |(_, text): Login| Passphrase::new(text.to_owned());
    running.client()?.provision(&Provision {
        unlock_passphrase: Passphrase::new("to unlock the benchmark".to_owned()),
        admin_passphrase: passphrase(ADMIN),
        system_time: "2026-01-31T12:00:00Z".parse()?,
    })?;
    let admin = login(running, ADMIN)?;
    admin.set_unattended_boot(Switch::On)?;
    let (name, _) = OPERATOR;
    let operator = NewUser {
        real_name: name.to_owned(),
        role: UserRole::Operator,
        passphrase: passphrase(OPERATOR),
    };
    Ok(admin.put_user(&name.parse()?, &operator)?)
}

fn login(running: &Running, (user, passphrase): Login) -> Result<nethsm::client::Client, Failed> {
    let credentials = Credentials::new(user.parse()?, Passphrase::new(passphrase.to_owned()));
    Ok(running.client()?.as_user(credentials))
}
