//! Requests for certificates, read and verified by `openssl`.

use nethsm::csr::DistinguishedName;
use nethsm::key::{GenerateKey, KeyMechanism, KeyType};

use super::generate;
use super::openssl::OpenSsl;
use crate::device::Desk;

const TYPES: [(KeyType, KeyMechanism, Option<u32>); 11] = [
    (KeyType::Rsa, KeyMechanism::RsaSignaturePkcs1, Some(1024)),
    (KeyType::Rsa, KeyMechanism::RsaSignaturePkcs1, Some(2048)),
    (KeyType::Rsa, KeyMechanism::RsaDecryptionRaw, Some(3000)),
    (KeyType::Curve25519, KeyMechanism::EdDsaSignature, None),
    (KeyType::EcP256, KeyMechanism::EcdsaSignature, None),
    (KeyType::EcP384, KeyMechanism::EcdsaSignature, None),
    (KeyType::EcP521, KeyMechanism::EcdsaSignature, None),
    (KeyType::EcP256K1, KeyMechanism::Bip340Signature, None),
    (KeyType::BrainpoolP256, KeyMechanism::EcdsaSignature, None),
    (KeyType::BrainpoolP384, KeyMechanism::EcdsaSignature, None),
    (KeyType::BrainpoolP512, KeyMechanism::EcdsaSignature, None),
];

#[test]
fn every_type_makes_requests_that_openssl_verifies() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    let name = DistinguishedName {
        common_name: "packages.example.org".to_owned(),
        ..DistinguishedName::default()
    };
    for (key_type, mechanism, bits) in TYPES {
        let key = generate(&desk.admin(), key_type, mechanism, bits);
        openssl.put("csr.pem", desk.admin().key_csr(&key, &name).expect("made"));
        openssl.run("req -verify -noout -in csr.pem");
        let public = openssl.text("req -pubkey -noout -in csr.pem");
        assert_eq!(public, desk.admin().public_pem(&key).expect("PEM"));
        let text = openssl.text("req -text -noout -in csr.pem");
        assert!(text.contains("DNS:packages.example.org"), "{text}");
        let algorithm = match key_type {
            KeyType::Rsa => "sha256WithRSAEncryption",
            KeyType::Curve25519 => "ED25519",
            _ => "ecdsa-with-SHA256",
        };
        assert!(
            text.contains(&format!("Signature Algorithm: {algorithm}")),
            "{text}"
        );
    }
}

#[test]
fn the_name_is_in_the_order_of_the_device() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    let key = generate(
        &desk.admin(),
        KeyType::EcP256,
        KeyMechanism::EcdsaSignature,
        None,
    );
    let mut name = DistinguishedName {
        country_name: "DE".to_owned(),
        state_or_province_name: "Berlin".to_owned(),
        locality_name: "Berlin-Mitte".to_owned(),
        organization_name: "Example Packaging".to_owned(),
        organizational_unit_name: "Signing".to_owned(),
        common_name: "host.example.org".to_owned(),
        email_address: "packages@example.org".to_owned(),
        subject_alt_names: Some(
            ["a.example.org", "IP:192.0.2.1", "IP:2001:db8::1"]
                .map(str::to_owned)
                .to_vec(),
        ),
    };
    openssl.put(
        "csr.pem",
        desk.operator().key_csr(&key, &name).expect("made"),
    );
    let subject =
        openssl.text("req -subject -noout -in csr.pem -nameopt esc_ctrl,sep_comma_plus,sname");
    assert_eq!(
        subject.trim(),
        "subject=CN=host.example.org,C=DE,L=Berlin-Mitte,ST=Berlin,O=Example Packaging,\
         OU=Signing,emailAddress=packages@example.org"
    );
    let text = openssl.text("req -text -noout -in csr.pem");
    let names = "DNS:a.example.org, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1";
    assert!(text.contains(names), "{text}");

    name.subject_alt_names = Some(Vec::new());
    openssl.put(
        "csr.pem",
        desk.operator().key_csr(&key, &name).expect("made"),
    );
    openssl.run("req -verify -noout -in csr.pem");
    let text = openssl.text("req -text -noout -in csr.pem");
    assert!(!text.contains("Alternative"), "{text}");

    name.subject_alt_names = Some(vec!["IP:nowhere".to_owned()]);
    desk.operator().key_csr(&key, &name).expect_err("refused");
}

#[test]
fn generic_keys_have_no_certificates() {
    let desk = Desk::at_work();
    let mut wish = GenerateKey::new(KeyType::Generic, vec![KeyMechanism::AesEncryptionCbc]);
    wish.length = Some(128);
    let key = desk.admin().generate_key(&wish).expect("made");
    let refusal = desk.admin().key_csr(&key, &DistinguishedName::default());
    let refusal = refusal.expect_err("refused").to_string();
    assert!(refusal.contains("Generic keys can't create certificates"));
}
