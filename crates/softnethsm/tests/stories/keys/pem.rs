//! Keys as PEM, in all the forms in which people have them.

use nethsm::key::{ImportPem, KeyMechanism, KeyType, PemArguments, Restrictions, SignMode};
use nethsm::octets::SecretOctets;

use super::openssl::OpenSsl;
use super::{MESSAGE, sign};
use crate::device::{ADMIN, Desk};

fn wish(pem: Vec<u8>, mechanism: KeyMechanism) -> ImportPem {
    ImportPem {
        arguments: PemArguments {
            mechanisms: vec![mechanism],
            ..PemArguments::default()
        },
        key: SecretOctets::new(pem),
    }
}

#[test]
fn rsa_comes_as_pkcs1_and_pkcs8() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    for bits in [1024, 2048, 3000] {
        openssl.run(&format!(
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits} -out key.pem"
        ));
        let public = openssl.text("pkey -in key.pem -pubout");
        openssl.put("public.pem", &public).put("message", MESSAGE);
        for pem in [
            openssl.run("pkey -in key.pem -traditional"),
            openssl.run("pkey -in key.pem"),
        ] {
            let wish = wish(pem, KeyMechanism::RsaSignaturePkcs1);
            let key = desk.admin().add_key_pem(&wish).expect("imported");
            assert_eq!(desk.operator().public_pem(&key).expect("PEM"), public);
            openssl.put("signature", sign(&desk, &key, SignMode::Pkcs1, MESSAGE));
            openssl.run(
                "pkeyutl -verify -pubin -inkey public.pem -sigfile signature -in message \
                 -pkeyopt rsa_padding_mode:pkcs1",
            );
        }
    }
}

#[test]
fn ed25519_comes_with_all_that_goes_with_it() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    openssl.run("genpkey -algorithm ED25519 -out key.pem");
    let pem = [
        b"Key of a build host\n\n".as_slice(),
        &openssl.run("pkey -in key.pem"),
    ]
    .concat();
    let mut wish = wish(pem, KeyMechanism::EdDsaSignature);
    wish.arguments.restrictions = Restrictions {
        tags: vec!["b".to_owned(), "a".to_owned(), "b".to_owned()],
    };
    wish.arguments.label = "a label".parse().expect("a label");
    let id = "packages".parse().expect("a name");
    desk.admin().put_key_pem(&id, &wish).expect("imported");
    let shown = desk.admin().key(&id).expect("shown");
    assert_eq!(shown.key_type, KeyType::Curve25519);
    assert_eq!(shown.restrictions.tags, ["a", "b"]);
    assert_eq!(shown.label.as_str(), "a label");
    let public = openssl.text("pkey -in key.pem -pubout");
    assert_eq!(desk.admin().public_pem(&id).expect("PEM"), public);
    let again = desk.admin().put_key_pem(&id, &wish).expect_err("refused");
    assert!(
        again
            .to_string()
            .contains("Key with id packages already exists")
    );
}

#[test]
fn what_is_no_private_key_is_refused() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    let refused = |pem: Vec<u8>| {
        let wish = wish(pem, KeyMechanism::EdDsaSignature);
        let refusal = desk.admin().add_key_pem(&wish).expect_err("refused");
        refusal.to_string()
    };
    openssl.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out key.pem");
    let encrypted = [
        "pkey -in key.pem -aes256 -passout pass:secret",
        "pkey -in key.pem -traditional -aes256 -passout pass:secret",
        "pkey -in key.pem -pubout",
    ];
    for arguments in encrypted {
        assert!(refused(openssl.run(arguments)).contains("No private key"));
    }
    assert!(refused(b"nonsense".to_vec()).contains("No private key"));
    assert!(refused(Vec::new()).contains("No private key"));
    for other in ["X25519", "ED448"] {
        let pem = openssl.run(&format!("genpkey -algorithm {other}"));
        assert!(refused(pem).contains("key type not supported"));
    }
    let pem = openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp224r1");
    assert!(refused(pem).contains("key type not supported"));
    assert!(desk.admin().keys().expect("listed").is_empty());
}

#[test]
fn a_key_whose_numbers_do_not_fit_is_refused() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    openssl.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out key.pem");
    let mut der = openssl.run("rsa -in key.pem -traditional -outform DER");
    // In the middle of the modulus.
    der[40] ^= 1;
    let pem = openssl.put("key.der", &der).run("base64 -in key.der");
    let pem = [
        b"-----BEGIN RSA PRIVATE KEY-----\n".as_slice(),
        &pem,
        b"-----END RSA PRIVATE KEY-----\n",
    ]
    .concat();
    let wish = wish(pem, KeyMechanism::RsaSignaturePkcs1);
    desk.admin().add_key_pem(&wish).expect_err("refused");
}

const SEED: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIANHUt8Wdzp/UsnG1T8bsLADq0qPao/lDnJ4H7/bXAZN\n\
    -----END PRIVATE KEY-----\n";
const ARGUMENTS: &str = "{ /* lenient */ mechanisms: [\"EdDSA_Signature\"] }";

fn put(desk: &Desk, id: &str, parts: &[(&str, &str)]) -> (u16, String) {
    let mut body = String::new();
    for (name, content) in parts {
        body.push_str(&format!(
            "--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--cut--\r\n");
    let reply = desk
        .ask("PUT", &format!("/api/v1/keys/{id}"))
        .by(&format!("admin:{ADMIN}"))
        .header("Content-Type", "multipart/form-data; boundary=cut")
        .send(body.as_bytes());
    (reply.status, reply.body)
}

#[test]
fn the_names_of_the_parts_say_which_is_which() {
    let desk = Desk::at_work();
    let (json, pem) = (("arguments", ARGUMENTS), ("key_file", SEED));
    assert_eq!(put(&desk, "a", &[json, pem]).0, 204);
    assert_eq!(put(&desk, "b", &[pem, json]).0, 204, "in any order");
    let renamed = [("z", SEED), ("y", ARGUMENTS)];
    assert_eq!(put(&desk, "c", &renamed).0, 204, "of any name");
    let swapped = [("y", SEED), ("z", ARGUMENTS)];
    assert_eq!(put(&desk, "d", &swapped).0, 400, "the smaller is the JSON");
    let count = r#"{"message":"Invalid multipart request, must have exactly two parts: json parameters and pem file."}"#;
    for parts in [&[json][..], &[json, pem, ("x", "")], &[]] {
        assert_eq!(put(&desk, "e", parts), (400, count.to_owned()));
    }
}
