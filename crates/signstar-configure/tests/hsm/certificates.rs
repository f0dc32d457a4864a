//! The TLS certificates of devices, made by an authority and renewed.

use std::{fs, time::Duration};

use nethsm::{
    client::{Client, Tls, Url},
    csr::DistinguishedName,
    passphrase::Credentials,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair,
};
use signstar_hsm::AdministrativeCredentials;

use super::Host;

/// Who vouches for the devices of a distribution.
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
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// A certificate for the TLS key of the device, with that of the authority behind it.
    fn vouch_for(&self, device: &Client) -> String {
        let name = DistinguishedName {
            common_name: "device".to_owned(),
            subject_alt_names: Some(vec!["IP:127.0.0.1".to_owned()]),
            ..DistinguishedName::default()
        };
        let request = device.tls_csr(&name).expect("a request");
        let request = CertificateSigningRequestParams::from_pem(&request).expect("a request");
        let certificate = request.signed_by(&self.issuer).expect("signed");
        format!("{}{}", certificate.pem(), self.pem)
    }
}

/// The administrator of the first device.
fn administrator(host: &Host) -> Client {
    let known = fs::read(host.path("administration/hsm-main")).expect("there");
    let mut known = AdministrativeCredentials::from_octets(&known).expect("whole");
    let admin = "admin".parse().expect("a name");
    let passphrase = known.administrators.remove(&admin).expect("known");
    let url: Url = host.devices[0].1.parse().expect("an address");
    let shown = Tls::shown(&url, Duration::from_secs(30)).expect("a certificate");
    let client = Client::new(&url, &shown).expect("a client");
    client.as_user(Credentials::new(admin, passphrase))
}

fn pin(pem: &str) -> String {
    Tls::pin_of_pem(pem.as_bytes()).expect("one").to_string()
}

#[test]
fn a_device_gets_the_certificate_that_its_authority_made() {
    let host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    let authority = Authority::new();
    let file = host.path("device.pem");
    let with_file = |tls: &str| format!("tls = {tls:?}, tls-certificate = {file:?}");
    host.configure(&with_file("pin:PIN"), "");
    let told = host.ends(&["hsm", "plan"], 1);
    assert!(told.contains("device.pem"), "{told}");
    fs::write(&file, "no certificate").expect("written");
    let told = host.ends(&["hsm", "plan"], 1);
    assert!(told.contains("no usable certificate"), "{told}");

    // Whoever signs has to know it before the device has it.
    let first = authority.vouch_for(&administrator(&host));
    fs::write(&file, &first).expect("written");
    let told = host.ends(&["hsm", "apply"], 1);
    let both = format!("pin:{},{}", host.devices[0].2, &pin(&first)[4..]);
    assert!(told.contains(&format!("tls = {both:?}")), "{told}");
    host.configure(&with_file(&both), "");
    host.signs();
    let told = host.ends(&["hsm", "plan"], 10);
    assert!(told.contains("give it the TLS certificate"), "{told}");
    host.ends(&["hsm", "apply"], 0);
    host.ends(&["hsm", "plan"], 0);
    host.signs();

    // From now on the authority is enough, and this host knows the device.
    let trusted = host.path("authority.pem");
    fs::write(&trusted, &authority.pem).expect("written");
    let by_authority = format!("ca:{}", trusted.display());
    host.configure(&format!("tls = {by_authority:?}"), "");
    host.ends(&["hsm", "plan"], 0);
    host.signs();

    // Renewed: by somebody who broke off before it was noted here.
    let second = authority.vouch_for(&administrator(&host));
    assert_ne!(pin(&second), pin(&first));
    fs::write(&file, &second).expect("written");
    administrator(&host)
        .set_tls_certificate(second)
        .expect("it fits");
    let told = host.ends(&["hsm", "plan"], 1);
    assert!(told.contains("is known by the certificate"), "{told}");
    host.configure(&with_file(&by_authority), "");
    host.ends(&["hsm", "plan"], 0);
    host.ends(&["hsm", "apply"], 0);
    host.configure(&format!("tls = {by_authority:?}"), "");
    host.ends(&["hsm", "plan"], 0);
    host.signs();
}
