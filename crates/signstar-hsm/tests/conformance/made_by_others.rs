//! Tokens and keys that we make, used by others.

use std::{fs, time::Duration};

use nethsm::passphrase::Passphrase;
use signstar::config::Hsm;
use signstar_hsm::pkcs11::{Failure, KeyKind, Setup, TokenError, wire::Name};

use crate::{
    openssl,
    suite::{self, Bench, messages},
    token::{LABEL, PIN, SoftHsm2},
};

fn pin(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

#[test]
fn what_we_make_on_a_token_others_use() {
    let Some(bench) = SoftHsm2::without_token() else {
        return;
    };
    let Hsm::Pkcs11(token) = bench.hsm(30) else {
        panic!("a token");
    };
    let setup = Setup::new(&token, Duration::from_secs(300));
    setup
        .initialise(LABEL, pin("12345678"), pin(PIN))
        .expect("initialised");
    let again = setup.initialise(LABEL, pin("12345678"), pin(PIN));
    assert!(matches!(
        again,
        Err(TokenError::Failed {
            failure: Failure::Refused,
            ..
        })
    ));

    let kinds = [
        ("p256", KeyKind::P256),
        ("p384", KeyKind::P384),
        ("p521", KeyKind::P521),
        ("ed25519", KeyKind::Ed25519),
        ("rsa", KeyKind::Rsa { bits: 2048 }),
    ];
    for (number, (label, kind)) in (1..).zip(kinds) {
        let name = Name {
            label: label.to_owned(),
            id: vec![number],
        };
        let public = setup.generate(pin(PIN), &name, kind).expect(label);
        setup
            .generate(pin(PIN), &name, kind)
            .expect_err("there is one");

        // We use it as any other.
        let signer = suite::signer(&bench, label, Some(public.clone()));
        let message = messages(&public, "text").remove(0);
        let signature = signer.sign(&message).expect(label);
        openssl::accepts(&public, &message, &signature).expect(label);

        // So does somebody else.
        let at = |name: &str| bench.path().join(name).display().to_string();
        fs::write(at("in"), message.as_octets()).expect("written");
        let mechanism = match label {
            "rsa" => "RSA-PKCS",
            "ed25519" => "EDDSA",
            _ => "ECDSA",
        };
        let (id, input, output) = (format!("{number:02x}"), at("in"), at("out"));
        let mut sign = vec![
            "--sign", "--id", &id, "-m", mechanism, "-i", &input, "-o", &output,
        ];
        if mechanism == "ECDSA" {
            sign.extend(["--signature-format", "openssl"]);
        }
        bench.tool(&sign);
        let theirs = fs::read(&output).expect("a signature");
        openssl::accepts(&public, &message, &theirs).expect(label);
    }
}
