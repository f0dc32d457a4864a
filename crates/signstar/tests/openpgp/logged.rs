//! A signature goes on record, and can be checked there without its file.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use signstar::{
    config::ClientName,
    log::{Entry, InvalidEntry, RecordedName, RequestId},
    policy::Grant,
    request::{AllegedName, Request},
    sign::{Certificate, DoesNotVerify, Signed},
};

use crate::{FILE, Software, certificate, client, enclave, now, state};

const NAME: &str = "größe-1.0-1-x86_64.pkg.tar.zst";

fn alleged() -> AllegedName {
    AllegedName::new(NAME).expect("a name")
}

fn signed(certificate: &Certificate, key: Software) -> Signed {
    let enclave = enclave(certificate.clone(), key);
    let id = RequestId::new("a-request.1").expect("an id");
    let request = Request::open_pgp_v4(state(FILE), Some(alleged())).with_id(id);
    let grant = Grant::decide(request, &client("builder"), &enclave.policy, now());
    Signed::make(grant.expect("allowed"), &enclave.keyring, &enclave.salts).expect("a signature")
}

fn record(signed: &Signed, name: &RecordedName) -> Entry {
    Entry::new(signed, &client("builder"), name).expect("an entry")
}

/// The entry with `from` replaced by `to`, which keeps it canonical.
fn altered(entry: &Entry, from: &str, to: &str) -> Result<Entry, InvalidEntry> {
    let text = String::from_utf8(entry.to_octets()).expect("JSON");
    assert!(text.contains(from), "{from}");
    Entry::parse(text.replace(from, to).as_bytes())
}

#[test]
fn signatures_of_every_kind_of_key_can_be_checked_without_the_file() {
    for (kind, key) in Software::all() {
        let certificate = certificate(&key);
        let signed = signed(&certificate, key);
        let entry = record(&signed, &RecordedName::Plain(alleged()));
        let again = Entry::parse(&entry.to_octets()).expect(kind);
        assert_eq!(again, entry, "{kind}");
        again
            .check()
            .unwrap_or_else(|error| panic!("{kind}: {error}"));
        again
            .verify(&certificate)
            .unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert!(again.is_of_product(signed.product()), "{kind}");
        assert_eq!(again.sha512(), Some(&state(FILE).digest()), "{kind}");
        assert_eq!(again.issuer(), certificate.fingerprint(), "{kind}");
        assert!(again.to_octets().len() < 2500, "{kind}");

        let other = self::certificate(&Software::ed25519());
        let refused = again.verify(&other).expect_err("another certificate");
        assert!(matches!(refused, DoesNotVerify::OtherKey(_)), "{kind}");
    }
}

#[test]
fn what_contradicts_the_signature_is_noticed() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    let entry = record(&signed(&certificate, key), &RecordedName::Absent);
    let digest = hex::encode(entry.sha512().expect("a digest"));
    let other = hex::encode(state(b"another file").digest());
    let refused = altered(&entry, &digest, &other).expect("an entry").check();
    assert!(matches!(refused, Err(DoesNotVerify::OtherDigest)));

    let issuer = entry.issuer().to_owned();
    let another = altered(&entry, &issuer, &"ab".repeat(20)).expect("an entry");
    assert!(matches!(another.check(), Err(DoesNotVerify::OtherKey(_))));

    let (time, later) = (entry.time(), entry.time() + 1);
    let late = altered(
        &entry,
        &format!("\"time\":{time}"),
        &format!("\"time\":{later}"),
    );
    assert!(matches!(
        late.expect("an entry").check(),
        Err(DoesNotVerify::Time)
    ));
}

#[test]
fn a_digest_that_begins_otherwise_is_noticed_without_a_certificate() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    let entry = record(&signed(&certificate, key), &RecordedName::Absent);
    let mut other = entry.hsm_input().to_vec();
    other[1] ^= 1;
    let (own, other) = (to_base64(entry.hsm_input()), to_base64(&other));
    let refused = altered(&entry, &own, &other).expect("an entry").check();
    assert!(matches!(refused, Err(DoesNotVerify::OtherDigest)));
}

#[test]
fn a_bit_flipped_in_the_signature_or_in_what_was_signed_is_noticed() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    let entry = record(&signed(&certificate, key), &RecordedName::Absent);
    let text = String::from_utf8(entry.to_octets()).expect("JSON");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for member in ["signature", "hsm-input"] {
        let base64 = value[member].as_str().expect("text");
        let octets = from_base64(base64);
        // At the end of the packet stand R and S with their lengths. What is before enters the
        // digest together with the file: only those who have that can tell.
        for at in octets.len() - 64..octets.len() {
            let mut forged = octets.clone();
            forged[at] ^= 1 << (at % 8);
            let forged = text.replace(base64, &to_base64(&forged));
            let entry = Entry::parse(forged.as_bytes()).expect("it is still an entry");
            entry.verify(&certificate).expect_err("not what was signed");
        }
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).expect("base64")
}

fn to_base64(octets: &[u8]) -> String {
    BASE64_STANDARD.encode(octets)
}

#[test]
fn a_pseudonym_and_a_commitment_tell_nothing() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    let signed = signed(&certificate, key);
    let salt = [7; 32];
    let name = RecordedName::commit(&alleged(), &salt);
    let pseudonym = ClientName::new("c-4711").expect("a name");
    let entry = Entry::new(&signed, &pseudonym, &name).expect("an entry");
    let text = String::from_utf8(entry.to_octets()).expect("JSON");
    assert!(!text.contains("builder") && !text.contains(NAME));
    assert_eq!(entry.client(), "c-4711");
    assert!(entry.name().is(&alleged(), &salt));
    assert!(!entry.name().is(&alleged(), &[8; 32]), "another salt");
    let other = AllegedName::new("x").expect("a name");
    assert!(!entry.name().is(&other, &salt), "another name");
}

#[test]
fn what_an_entry_says_can_be_read() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    let signed = signed(&certificate, key);
    let entry = record(&signed, &RecordedName::Plain(alleged()));
    assert_eq!(entry.key(), "packages");
    assert_eq!(entry.client(), "builder");
    assert_eq!(entry.length(), Some(state(FILE).length()));
    assert_eq!(entry.request_id(), Some("a-request.1"));
    assert_eq!(entry.name().plain(), Some(&alleged()));
    assert_eq!(
        entry.hsm_input(),
        signed.message().expect("it was made now").as_octets()
    );
    let since = Duration::from_secs(entry.time());
    assert_eq!(std::time::SystemTime::UNIX_EPOCH + since, now());
}
