//! PSS with every hash, checked by `openssl`.

use nethsm::key::{KeyMechanism, KeyType, SignMode, SignRequest};

use super::openssl::OpenSsl;
use super::{generate, sign};
use crate::device::Desk;

const MODES: [(SignMode, KeyMechanism, &str, usize); 6] = [
    (
        SignMode::PssMd5,
        KeyMechanism::RsaSignaturePssMd5,
        "md5",
        16,
    ),
    (
        SignMode::PssSha1,
        KeyMechanism::RsaSignaturePssSha1,
        "sha1",
        20,
    ),
    (
        SignMode::PssSha224,
        KeyMechanism::RsaSignaturePssSha224,
        "sha224",
        28,
    ),
    (
        SignMode::PssSha256,
        KeyMechanism::RsaSignaturePssSha256,
        "sha256",
        32,
    ),
    (
        SignMode::PssSha384,
        KeyMechanism::RsaSignaturePssSha384,
        "sha384",
        48,
    ),
    (
        SignMode::PssSha512,
        KeyMechanism::RsaSignaturePssSha512,
        "sha512",
        64,
    ),
];

#[test]
fn pss_with_every_hash_is_what_openssl_verifies() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    let openssl = OpenSsl::new();
    for bits in [1024, 1031, 2048, 2049] {
        for (mode, mechanism, name, size) in MODES {
            let key = generate(&admin, KeyType::Rsa, mechanism, Some(bits));
            openssl.put("public.pem", desk.operator().public_pem(&key).expect("PEM"));
            let wish = |length: usize| SignRequest {
                mode,
                message: vec![0x42; length].into(),
            };
            // RFC 8017 §9.1.1: a digest and a salt of its length must fit.
            if usize::try_from(bits).expect("small") < 8 * (2 * size + 2) + 1 {
                let refusal = desk
                    .operator()
                    .sign(&key, &wish(size))
                    .expect_err("refused");
                assert!(
                    refusal.to_string().contains("message too long"),
                    "{refusal}"
                );
                continue;
            }
            let digest = vec![0x42; size];
            openssl
                .put("digest", &digest)
                .put("signature", sign(&desk, &key, mode, &digest));
            openssl.run(&format!(
                "pkeyutl -verify -pubin -inkey public.pem -sigfile signature -in digest \
                 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest \
                 -pkeyopt digest:{name}"
            ));
            let refusal = desk.operator().sign(&key, &wish(size - 1));
            let refusal = refusal.expect_err("refused").to_string();
            assert!(refusal.contains("digested data of invalid size"));
        }
    }
}
