//! SSH signatures, held against `ssh-keygen`.

use signstar::{
    config::SshNamespace,
    refusal::Code,
    request::{Output, OutputType},
    sign::{DoesNotVerify, Message, PublicKey, Signer, SignerError, SigningKey, SshSignature},
};

use crate::{FILE, domain, enclave, inputs, programs::Room, sign, software::Software};

const NAMESPACE: &str = "packages@example.org";

fn namespace() -> SshNamespace {
    SshNamespace::new(NAMESPACE).expect("a namespace")
}

fn key(public: PublicKey, signer: impl Signer + 'static) -> SigningKey {
    SigningKey::without_certificate(public, Box::new(signer), domain())
        .with_ssh_namespace(namespace())
        .expect("a known kind")
}

#[test]
fn every_kind_of_key_makes_ssh_signatures() {
    for (kind, software) in Software::all() {
        let public = software.public();
        let enclave = enclave(key(public.clone(), software), OutputType::Ssh);
        for (input, digest) in inputs(FILE) {
            let text = sign(&enclave, input, Output::Ssh)
                .unwrap_or_else(|refused| panic!("{kind}: {:?}", refused.cause()));
            let signature = SshSignature::from_armored(&text).expect("a signature");
            signature
                .verify(&public, &namespace(), &digest)
                .unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!(signature.to_armored(), text, "{kind}");
            assert_eq!(signature.hash_name(), digest.hash_name());
            let line = signature.key().to_openssh();
            assert_eq!(PublicKey::from_openssh(&line).expect("own line"), public);
        }
    }
}

#[test]
fn ssh_keygen_accepts_every_kind() {
    let Some(room) = Room::with("ssh-keygen") else {
        return;
    };
    for (index, (kind, software)) in Software::all().into_iter().enumerate() {
        let line = software.public().to_openssh();
        let enclave = enclave(key(software.public(), software), OutputType::Ssh);
        let allowed = format!("packages@example.org namespaces=\"{NAMESPACE}\" {line}\n");
        room.write("allowed", allowed.as_bytes());
        for (input, _) in inputs(FILE) {
            let text = sign(&enclave, input, Output::Ssh).expect("a signature");
            room.write(&format!("{index}.sig"), text.as_bytes());
            let verify = |file: &[u8], namespace: &str| {
                let file = room.write("file", file);
                let command = format!(
                    "ssh-keygen -Y verify -f allowed -I packages@example.org -n {namespace} \
                     -s {index}.sig < {}",
                    file.display()
                );
                room.run("sh", ["-c", &command]).status.success()
            };
            assert!(verify(FILE, NAMESPACE), "{kind}");
            assert!(!verify(b"another file", NAMESPACE), "{kind}");
            assert!(!verify(FILE, "git"), "{kind}");
        }
    }
}

#[test]
fn a_signature_of_ssh_keygen_verifies_here() {
    let Some(room) = Room::with("ssh-keygen") else {
        return;
    };
    for (kind, bits) in [
        ("ed25519", "256"),
        ("rsa", "2048"),
        ("ecdsa", "256"),
        ("ecdsa", "384"),
        ("ecdsa", "521"),
    ] {
        let name = format!("{kind}{bits}");
        let made = [
            "-q", "-t", kind, "-b", bits, "-N", "", "-C", "x", "-f", &name,
        ];
        assert!(room.run("ssh-keygen", made).status.success(), "{name}");
        room.write("file", FILE);
        let _ = std::fs::remove_file(room.path().join("file.sig"));
        let signed = ["-Y", "sign", "-q", "-f", &name, "-n", NAMESPACE, "file"];
        assert!(room.run("ssh-keygen", signed).status.success(), "{name}");
        let line = String::from_utf8(room.read(&format!("{name}.pub"))).expect("UTF-8");
        let public = PublicKey::from_openssh(&line).expect("a key");
        let text = String::from_utf8(room.read("file.sig")).expect("UTF-8");
        let signature = SshSignature::from_armored(&text).expect("a signature");
        assert_eq!(signature.to_armored(), text, "{name}");
        let [_, (_, sha512), (_, sha256)] = inputs(FILE);
        signature
            .verify(&public, &namespace(), &sha512)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(signature.verify(&public, &namespace(), &sha256).is_err());
        let git = SshNamespace::new("git").expect("a namespace");
        assert!(matches!(
            signature.verify(&public, &git, &sha512),
            Err(DoesNotVerify::OtherNamespace(_))
        ));
        let other = Software::ed25519().public();
        assert!(matches!(
            signature.verify(&other, &namespace(), &sha512),
            Err(DoesNotVerify::OtherKey(_))
        ));
    }
}

/// Signs with a key that is not the one that it should be.
#[derive(Debug)]
struct Wrong(Software);

impl Signer for Wrong {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        self.0.sign(message)
    }
}

#[test]
fn an_ssh_signature_of_another_key_stays_inside() {
    for ((kind, one), (_, other)) in Software::all().into_iter().zip(Software::all()) {
        let enclave = enclave(key(one.public(), Wrong(other)), OutputType::Ssh);
        let [(input, _), ..] = inputs(FILE);
        let refused = sign(&enclave, input, Output::Ssh).expect_err(kind);
        assert_eq!(refused.code(), Code::SignatureInvalid, "{kind}");
        assert_eq!(
            refused.id().map(ToString::to_string).as_deref(),
            Some("request-1")
        );
    }
}

#[test]
fn what_is_no_ssh_signature_is_refused() {
    let software = Software::ed25519();
    let enclave = enclave(key(software.public(), software), OutputType::Ssh);
    let [(input, _), ..] = inputs(FILE);
    let good = sign(&enclave, input, Output::Ssh).expect("a signature");
    for bad in [
        String::new(),
        good.repeat(2),
        format!("x{good}"),
        good.replace("SSH SIGNATURE", "PGP SIGNATURE"),
        good.replace("U1NIU0lH", "U1NIU0lI"),
        good.replacen("AAAAAQ", "AAAAAg", 1),
        good.replace("-----END", "AAAA\n-----END"),
        "x".repeat(20_000),
    ] {
        assert!(SshSignature::from_armored(&bad).is_err(), "{bad}");
    }
}
