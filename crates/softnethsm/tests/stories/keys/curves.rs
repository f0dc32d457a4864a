//! Every curve, checked by `openssl`.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use nethsm::key::{ImportPem, KeyMechanism, KeyType, PemArguments, SignMode, SignRequest};
use nethsm::octets::SecretOctets;

use super::openssl::OpenSsl;
use super::{generate, import, point, secret, sign};
use crate::device::Desk;
use nethsm::key::PrivateKeyData;

/// Type, OpenSSL's name, bytes of a coordinate, bytes of a digest.
const CURVES: [(KeyType, &str, usize, usize); 7] = [
    (KeyType::EcP256, "P-256", 32, 32),
    (KeyType::EcP384, "P-384", 48, 48),
    (KeyType::EcP521, "P-521", 66, 64),
    (KeyType::EcP256K1, "secp256k1", 32, 32),
    (KeyType::BrainpoolP256, "brainpoolP256r1", 32, 32),
    (KeyType::BrainpoolP384, "brainpoolP384r1", 48, 48),
    (KeyType::BrainpoolP512, "brainpoolP512r1", 64, 64),
];

#[test]
fn every_curve_signs_what_openssl_verifies() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    let openssl = OpenSsl::new();
    for (key_type, name, size, digest) in CURVES {
        let key = generate(&admin, key_type, KeyMechanism::EcdsaSignature, None);
        assert_eq!(desk.operator().key(&key).expect("shown").key_type, key_type);
        assert_eq!(point(&desk, &key).len(), 1 + 2 * size, "{name}");
        openssl.put("public.pem", desk.operator().public_pem(&key).expect("PEM"));
        // A small number, a large one, and one in between.
        for octet in [0x00, 0xff, 0x5a] {
            let digest = vec![octet; digest];
            let signature = sign(&desk, &key, SignMode::Ecdsa, &digest);
            openssl.put("digest", &digest).put("signature", &signature);
            openssl.run("pkeyutl -verify -pubin -inkey public.pem -sigfile signature -in digest");
            let again = sign(&desk, &key, SignMode::Ecdsa, &digest);
            assert_ne!(signature, again, "{name}: another nonce each time");
        }
        for length in [0, digest - 1, digest + 1] {
            let wish = SignRequest {
                mode: SignMode::Ecdsa,
                message: vec![7; length].into(),
            };
            let refusal = desk.operator().sign(&key, &wish).expect_err("refused");
            assert!(
                refusal
                    .to_string()
                    .contains("digested data of invalid size")
            );
        }
    }
}

#[test]
fn keys_that_openssl_made_stay_the_same_keys() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    let mechanism = KeyMechanism::EcdsaSignature;
    for (key_type, name, size, digest) in CURVES {
        openssl.run(&format!(
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{name} -out key.pem"
        ));
        let public = openssl.text("pkey -in key.pem -pubout");
        openssl.put("public.pem", &public);
        let scalar = scalar(&openssl.text("pkey -in key.pem -text -noout"), size);
        let plain = PrivateKeyData::plain(SecretOctets::new(scalar));
        let forms = [
            openssl.run("pkey -in key.pem"),
            openssl.run("ec -in key.pem"),
            openssl.run("ec -in key.pem -no_public"),
        ];
        let keys = forms.map(|pem| {
            let wish = ImportPem {
                arguments: PemArguments {
                    mechanisms: vec![mechanism],
                    ..PemArguments::default()
                },
                key: SecretOctets::new(pem),
            };
            desk.admin().add_key_pem(&wish).expect("imported")
        });
        let raw = import(&desk, key_type, mechanism, plain);
        for key in keys.iter().chain([&raw]) {
            let shown = desk.operator().key(key).expect("shown");
            assert_eq!(shown.key_type, key_type);
            assert_eq!(desk.operator().public_pem(key).expect("PEM"), public);
            let digest = vec![0x77; digest];
            openssl
                .put("digest", &digest)
                .put("signature", sign(&desk, key, SignMode::Ecdsa, &digest));
            openssl.run("pkeyutl -verify -pubin -inkey public.pem -sigfile signature -in digest");
        }
    }
}

/// The private number in what `openssl pkey -text` shows, as long as it is kept.
fn scalar(text: &str, size: usize) -> Vec<u8> {
    let (_, digits) = text.split_once("priv:").expect("a private number");
    let (digits, _) = digits.split_once("pub:").expect("a public point");
    let digits: String = digits.chars().filter(char::is_ascii_hexdigit).collect();
    let octets = hex::decode(digits).expect("digits");
    let start = octets.len().saturating_sub(size);
    let octets = &octets[start..];
    [vec![0; size - octets.len()].as_slice(), octets].concat()
}

#[test]
fn scalars_out_of_range_are_refused() {
    let desk = Desk::at_work();
    for (key_type, _, size, _) in CURVES {
        let refused = |octets: Vec<u8>| {
            let wish = nethsm::key::ImportKey {
                mechanisms: vec![KeyMechanism::EcdsaSignature],
                key_type,
                private: PrivateKeyData::plain(SecretOctets::new(octets)),
                restrictions: nethsm::key::Restrictions::default(),
                label: nethsm::key::KeyLabel::default(),
            };
            let refusal = desk.admin().add_key(&wish).expect_err("refused");
            refusal.to_string()
        };
        assert!(refused(vec![0; size]).contains("Cannot parse point: invalid range"));
        assert!(refused(vec![0xff; size]).contains("Cannot parse point: invalid range"));
        assert!(refused(vec![1; size - 1]).contains("Cannot parse point: invalid length"));
        assert!(refused(vec![1; size + 1]).contains("Cannot parse point: invalid length"));
    }
}

#[test]
fn bip340_signs_messages_of_any_length() {
    let desk = Desk::at_work();
    // BIP 340, test vector 1.
    let scalar = secret("b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef");
    let key = import(
        &desk,
        KeyType::EcP256K1,
        KeyMechanism::Bip340Signature,
        PrivateKeyData::plain(scalar),
    );
    let x = "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659";
    let public = point(&desk, &key);
    assert_eq!(hex::encode(&public[1..33]), x);
    for length in [0, 1, 32, 100] {
        let message = vec![0x33; length];
        let signature = sign(&desk, &key, SignMode::Bip340, &message);
        assert_eq!(signature.len(), 64);
        assert!(is_bip340(&public[1..33], &message, &signature), "{length}");
        let other = [message.as_slice(), b"."].concat();
        assert!(!is_bip340(&public[1..33], &other, &signature));
    }
    for _ in 0..8 {
        let key = generate(
            &desk.admin(),
            KeyType::EcP256K1,
            KeyMechanism::Bip340Signature,
            None,
        );
        let signature = sign(&desk, &key, SignMode::Bip340, b"a message");
        let public = point(&desk, &key);
        assert!(is_bip340(&public[1..33], b"a message", &signature));
    }
}

/// A point of secp256k1; nothing is the one at infinity.
type Point = Option<(BoxedMontyForm, BoxedMontyForm)>;

/// BIP 340, verification, as it is written there, with the textbook's formulas.
fn is_bip340(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let prime = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
    let g = (
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    );
    let number =
        |digits: &str| BoxedUint::from_be_slice_vartime(&hex::decode(digits).expect("digits"));
    let field = BoxedMontyParams::new_vartime(Odd::new(number(prime)).expect("odd"));
    let element = |number: BoxedUint| BoxedMontyForm::new(number, &field);
    let octets = |octets: &[u8]| element(BoxedUint::from_be_slice_vartime(octets));
    let add = |p: &Point, q: &Point| -> Point {
        let ((px, py), (qx, qy)) = match (p, q) {
            (None, other) | (other, None) => return other.clone(),
            (Some(p), Some(q)) => (p, q),
        };
        let slope = if px == qx {
            if py != qy {
                return None;
            }
            let square = px.square();
            let triple = square.add(&square).add(&square);
            triple.mul(&py.add(py).invert().expect("not zero"))
        } else {
            qy.sub(py).mul(&qx.sub(px).invert().expect("not zero"))
        };
        let x = slope.square().sub(px).sub(qx);
        let y = slope.mul(&px.sub(&x)).sub(py);
        Some((x, y))
    };
    let times = |scalar: &[u8], p: &Point| {
        let mut sum: Point = None;
        for octet in scalar {
            for bit in (0..8).rev() {
                sum = add(&sum, &sum);
                if octet >> bit & 1 == 1 {
                    sum = add(&sum, p);
                }
            }
        }
        sum
    };
    let is_odd = |y: &BoxedMontyForm| y.retrieve().bit_vartime(0);

    // lift_x: a square root is the power (p + 1) / 4.
    let x = octets(public);
    let right = x
        .square()
        .mul(&x)
        .add(&element(number(&format!("{:064x}", 7))));
    let quarter = number("3fffffffffffffffffffffffffffffffffffffffffffffffffffffffbfffff0c");
    let y = right.pow(&quarter);
    let y = if is_odd(&y) { y.neg() } else { y };
    let tag = hash(&[b"BIP0340/challenge"]);
    let (r, s) = signature.split_at(32);
    let e = hash(&[&tag, &tag, r, public, message]);
    // R = sG - eP
    let minus: Point = Some((x, y.neg()));
    let base: Point = Some((
        octets(&hex::decode(g.0).expect("digits")),
        octets(&hex::decode(g.1).expect("digits")),
    ));
    match add(&times(s, &base), &times(&e, &minus)) {
        Some((x, y)) => !is_odd(&y) && x == octets(r),
        None => false,
    }
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let octets = parts.concat();
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &octets)
        .as_ref()
        .to_vec()
}
