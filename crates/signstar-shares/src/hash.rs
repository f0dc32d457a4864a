//! SHA-256, and the MAC made with it.

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

/// The first `N` octets of the SHA-256 of `parts`, one after the other. `N` is at most 32.
pub(crate) fn sha256<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    first(context.finish().as_ref())
}

/// The first `N` octets of the HMAC-SHA256 of `parts`. `N` is at most 32.
pub(crate) fn hmac_sha256<const N: usize>(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(part);
    }
    Zeroizing::new(first(context.sign().as_ref()))
}

fn first<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(octets) {
        *to = *from;
    }
    out
}
