//! What is done with hostile octets, one function for each fuzz target.
//!
//! A panic is a finding, and so is a broken promise: what is accepted can be written and read
//! again, and means the same.

use sha2::{Digest as _, Sha512};
use signstar::{
    request::{MAX_OCTETS, Request, Sha512State, Stream},
    response::{Answer, Code},
    sign::{Certificate, Detached},
};

/// One request.
pub fn request(octets: &[u8]) {
    let Ok(request) = Request::parse(octets) else {
        return;
    };
    assert!(octets.len() <= MAX_OCTETS);
    let again = Request::parse(request.to_json(1).as_bytes()).expect("an own request is one");
    assert_eq!(again.input().digest(), request.input().digest());
    assert_eq!(again.input().length(), request.input().length());
    assert_eq!(again.output(), request.output());
    assert_eq!(again.alleged_name(), request.alleged_name());
}

/// The state of a SHA-512, in either layout.
pub fn state(octets: &[u8]) {
    let Ok(state) = Sha512State::from_octets(octets) else {
        return;
    };
    assert!(state.length() < 1 << 50);
    let again = Sha512State::from_octets(&state.to_octets()).expect("an own state is one");
    assert_eq!(again.digest(), state.digest());
    let mut hasher = state.to_hasher();
    hasher.update([0x5a; 300]);
    if let Ok(longer) = Sha512State::from_hasher(&hasher) {
        assert_eq!(longer.length(), state.length() + 300);
    }
}

/// A session with any number of requests.
pub fn stream(octets: &[u8]) {
    let mut over = false;
    for next in Stream::new(octets) {
        assert!(!over, "nothing follows an error");
        match next {
            Ok(found) => {
                assert!((1..=MAX_OCTETS).contains(&found.as_slice().len()));
                request(found.as_slice());
            }
            Err(_) => over = true,
        }
    }
}

/// What an enclave answers.
pub fn response(octets: &[u8]) {
    match Answer::parse(octets) {
        Ok(Answer::Refusal { code, .. }) => {
            let known = Code::from_name(&code);
            assert!(known.is_none_or(|known| known.as_str() == code));
        }
        Ok(Answer::Signature(armored)) => signature(armored.as_bytes()),
        Err(_) => {}
    }
}

/// A detached signature, binary or in ASCII armor.
pub fn signature(octets: &[u8]) {
    let armored = str::from_utf8(octets).map(Detached::from_armored);
    let both = [Some(Detached::from_octets(octets)), armored.ok()];
    for detached in both.into_iter().flatten().flatten() {
        let _ = detached.check_without_certificate(&fixed());
        let _ = detached.created();
        let _ = detached.issuers();
        let _ = detached.to_armored();
        if let Ok(written) = detached.to_octets() {
            let again = Detached::from_octets(&written).expect("an own signature is one");
            assert_eq!(again.to_octets().expect("as before"), written);
        }
    }
}

/// A certificate, binary or in ASCII armor.
pub fn certificate(octets: &[u8]) {
    let Ok(certificate) = Certificate::parse(octets) else {
        return;
    };
    assert_eq!(certificate.fingerprint().len(), 40);
    let _ = certificate.user_ids().count();
    let written = certificate
        .to_octets()
        .expect("what was read can be written");
    let again = Certificate::parse(&written).expect("an own certificate is one");
    assert_eq!(again.fingerprint(), certificate.fingerprint());
    let _ = certificate.to_armored();
}

/// The state of the file that hostile signatures are held against.
fn fixed() -> Sha512State {
    Sha512State::from_hasher(&Sha512::new_with_prefix("a file")).expect("a short file")
}
