//! The certificate of the device: shown, replaced, made anew.

use std::fs;

use nethsm::client::{Client, Error, Tls};
use nethsm::config::GenerateTlsKey;
use nethsm::csr::DistinguishedName;
use nethsm::key::TlsKeyType;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair,
};

use crate::device::{ADMIN, Desk, login};

/// An authority that signs requests.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("a name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    fn sign(&self, csr: &str) -> String {
        let request = CertificateSigningRequestParams::from_pem(csr).expect("a request");
        let certificate = request.signed_by(&self.issuer).expect("signed");
        certificate.pem()
    }
}

fn trusting(desk: &Desk, pem: &str) -> Client {
    let file = desk.folder.path().join("trusted.pem");
    fs::write(&file, pem).expect("written");
    let url = format!("https://127.0.0.1:{}", desk.server.address().port());
    let tls: Tls = format!("ca:{}", file.display()).parse().expect("a mode");
    let client = Client::new(&url.parse().expect("a URL"), &tls).expect("a client");
    login(&client, "admin", ADMIN)
}

fn name() -> DistinguishedName {
    DistinguishedName {
        common_name: "device".to_owned(),
        subject_alt_names: Some(vec!["IP:127.0.0.1".to_owned()]),
        ..DistinguishedName::default()
    }
}

#[test]
fn an_authority_vouches_for_the_device() {
    let desk = Desk::at_work();
    let old = desk.admin();
    let authority = Authority::new();
    let leaf = authority.sign(&old.tls_csr(&name()).expect("a request"));
    assert!(matches!(old.cluster_ca(), Err(Error::NotFound { .. })));
    assert!(old.set_cluster_ca(authority.pem.clone()).is_err());

    let chain = format!("{leaf}{}", authority.pem);
    let before = old.tls_public_pem().expect("shown");
    old.set_tls_certificate(chain.clone()).expect("set");
    // Who is connected stays so; who connects sees the new one.
    old.keys().expect("still connected");
    let new = trusting(&desk, &authority.pem);
    assert_eq!(new.tls_certificate().expect("shown"), chain);
    assert_eq!(new.tls_public_pem().expect("shown"), before);
    new.set_cluster_ca(authority.pem.clone()).expect("set");
    assert_eq!(new.cluster_ca().expect("shown"), authority.pem);

    let desk = desk.restarted();
    trusting(&desk, &authority.pem).alive().expect("kept");
}

#[test]
fn what_does_not_fit_is_refused() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    let own = admin.tls_certificate().expect("shown");
    let authority = Authority::new();
    let leaf = authority.sign(&admin.tls_csr(&name()).expect("a request"));
    let refused = |pem: String| match admin.set_tls_certificate(pem) {
        Err(Error::BadRequest { message }) => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(String::new()), "empty certificate chain");
    assert_eq!(
        refused(authority.pem.clone()),
        "public key in certificate does not match private key."
    );
    let other = Authority::new().pem;
    assert!(refused(format!("{leaf}{other}")).starts_with("invalid certificate chain"));
    assert_eq!(
        refused(format!("{}{leaf}", authority.pem)),
        "public key in certificate does not match private key."
    );
    assert_eq!(admin.tls_certificate().expect("shown"), own);
    admin.set_tls_certificate(own).expect("its own again");
}

#[test]
fn keys_of_every_type_that_tls_knows_are_made() {
    let desk = Desk::at_work();
    let wish = |key_type, length| GenerateTlsKey { key_type, length };
    for (key_type, length) in [
        (TlsKeyType::Rsa, Some(2048)),
        (TlsKeyType::Curve25519, None),
        (TlsKeyType::EcP256, None),
        (TlsKeyType::EcP384, None),
        (TlsKeyType::EcP521, None),
    ] {
        let before = desk.admin().tls_public_pem().expect("shown");
        desk.admin()
            .generate_tls_key(&wish(key_type, length))
            .expect("made");
        // The new certificate is where the old one was.
        let admin = desk.admin();
        assert_ne!(admin.tls_public_pem().expect("shown"), before);
        admin.tls_csr(&name()).expect("a request");
    }
    let admin = desk.admin();
    for (key_type, length) in [
        (TlsKeyType::BrainpoolP256, None),
        (TlsKeyType::Rsa, None),
        (TlsKeyType::Rsa, Some(1024)),
        (TlsKeyType::Rsa, Some(9000)),
    ] {
        let refused = admin.generate_tls_key(&wish(key_type, length));
        assert!(
            matches!(refused, Err(Error::BadRequest { .. })),
            "{key_type}"
        );
    }
    desk.restarted().client().alive().expect("kept");
}
