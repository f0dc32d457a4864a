//! What `openssl` says about signatures that `nethsm key sign` makes.

use std::process::Command;

use crate::device::{Place, Start};

fn place() -> Option<Place> {
    if Command::new("openssl").arg("version").output().is_err() {
        // A test has no other way to say this.
        #[expect(clippy::print_stderr, reason = "the reason why nothing was tested")]
        {
            eprintln!("skipped: there is no openssl");
        }
        return None;
    }
    Place::start("signatures", Start::Ready)
}

impl Place {
    fn openssl(&self, arguments: &str) {
        let done = self.run("openssl", arguments);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments}: {said}");
    }
}

#[test]
fn a_file_is_hashed_as_the_curve_of_the_key_wants() {
    let Some(place) = place() else {
        return;
    };
    for (key_type, hash) in [
        ("EC_P256", "sha256"),
        ("EC_P384", "sha384"),
        ("EC_P521", "sha512"),
        ("BrainpoolP256", "sha256"),
        ("BrainpoolP384", "sha384"),
        ("BrainpoolP512", "sha512"),
    ] {
        place.nethsm(&format!("key generate {key_type} --type {key_type}"));
        place.nethsm(&format!("key public {key_type} --out public.pem"));
        place.nethsm(&format!("key sign {key_type} package.zst --out signature"));
        place.openssl(&format!(
            "dgst -{hash} -verify public.pem -signature signature package.zst"
        ));
    }
}

#[test]
fn rsa_signs_with_every_hash() {
    let Some(place) = place() else {
        return;
    };
    place.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem");
    place.nethsm("key import rsa --pem private.pem --mechanism RSA_Signature_PKCS1 --mechanism RSA_Signature_PSS_SHA256 --mechanism RSA_Decryption_OAEP_SHA256");
    place.nethsm("key public rsa --out public.pem");
    for hash in ["sha1", "sha224", "sha256", "sha384", "sha512"] {
        place.nethsm(&format!(
            "key sign rsa package.zst --mode PKCS1 --hash {hash} --out signature"
        ));
        place.openssl(&format!(
            "dgst -{hash} -verify public.pem -signature signature package.zst"
        ));
    }
    place.nethsm("key sign rsa package.zst --mode PSS_SHA256 --out signature");
    place.openssl("dgst -sha256 -sigopt rsa_padding_mode:pss -verify public.pem -signature signature package.zst");
}

#[test]
fn what_openssl_encrypts_the_device_decrypts() {
    let Some(place) = place() else {
        return;
    };
    place
        .nethsm("key generate rsa --type RSA --length 2048 --mechanism RSA_Decryption_OAEP_SHA256");
    place.nethsm("key public rsa --out public.pem");
    place.openssl("pkeyutl -encrypt -pubin -inkey public.pem -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -in package.zst -out encrypted");
    place.nethsm("key decrypt rsa encrypted --mode OAEP_SHA256 --out decrypted");
    let read = |name| std::fs::read(place.files.join(name)).expect("there");
    assert_eq!(read("decrypted"), read("package.zst"));
}
