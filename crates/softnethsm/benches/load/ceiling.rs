//! What the cores could do with no server around: the library that the server signs with, and OpenSSL.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};

use crate::Failed;
use crate::connections::CONNECTIONS;
use crate::server::busy;
use crate::work::{Kind, MESSAGE, Work};

/// Signatures per second of the library on all cores, and the time on cores that each takes.
///
/// There are as many threads as connections, so that on a machine with other work the operating
/// system gives the library no smaller share of the cores than the server.
pub(crate) fn library(work: &Work, time: Duration) -> Result<(f64, Duration), Failed> {
    let hash = digest(&SHA256, MESSAGE);
    match work.kind {
        Kind::Ed25519 => {
            let key = Ed25519KeyPair::generate()?;
            rate(time, || key.try_sign(MESSAGE).is_ok())
        }
        Kind::P256 => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
            rate(time, || key.sign_digest(&hash).is_ok())
        }
        Kind::Rsa4096 => {
            let key = RsaKeyPair::generate(KeySize::Rsa4096)?;
            rate(time, || {
                let mut signature = [0; 512];
                key.sign_digest(&RSA_PKCS1_SHA256, &hash, &mut signature)
                    .is_ok()
            })
        }
    }
}

fn rate(time: Duration, sign: impl Fn() -> bool + Sync) -> Result<(f64, Duration), Failed> {
    let (start, before) = (Instant::now(), busy("self")?);
    let made: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut made = 0;
                    while start.elapsed() < time && sign() {
                        made += 1;
                    }
                    made
                })
            })
            .collect();
        let made = threads.into_iter().map(thread::ScopedJoinHandle::join);
        made.map(Result::unwrap_or_default).sum()
    });
    let took = busy("self")?.saturating_sub(before);
    let rate = f64::from(made) / start.elapsed().as_secs_f64();
    Ok((rate, took.checked_div(made).ok_or("no signature was made")?))
}

/// Signatures per second according to `openssl speed` on all cores, as if it had them to itself, or why there is no figure.
pub(crate) fn openssl(name: &str, cores: usize, time: Duration) -> Result<f64, String> {
    let output = Command::new("openssl")
        .args(["speed", "-seconds", &time.as_secs().to_string()])
        .args(["-multi", &cores.to_string(), name])
        .stderr(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    // The line of figures ends with signatures and verifications per second.
    let figures = text.lines().filter(|line| line.contains(" bits "));
    let mut rates = figures.filter_map(|line| line.split_whitespace().nth_back(1)?.parse().ok());
    rates
        .next()
        .ok_or_else(|| "`openssl speed` printed no figure".to_owned())
}
