//! Stretched passphrases: scrypt for the unlock passphrase and for those of users.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use scrypt::Params;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::seal::SealKey;
use crate::{encoding, random};

/// One stretching at a time: each takes up to 32 MiB and a core, and strangers can ask for them.
static TURN: Mutex<()> = Mutex::new(());

/// Makes the unlock key of a passphrase: scrypt N=16384, r=8, p=16, as the device does.
pub(crate) fn unlock_key(passphrase: &str, salt: &[u8; 16]) -> Result<SealKey, SealError> {
    Ok(SealKey::new(*scrypt(
        passphrase,
        salt,
        Cost {
            log_n: 14,
            r: 8,
            p: 16,
        },
    )?))
}

/// What is kept of a user's passphrase: salt, cost and scrypt output.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PassphraseHash {
    salt: String,
    cost: Cost,
    digest: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    log_n: u8,
    r: u32,
    p: u32,
}

/// 32 MiB and about 100 ms. It is a second wall: the hashes are sealed under the domain key, so
/// whoever can guess at them has the unlock passphrase, or the device key of an unattended device.
const USER_COST: Cost = Cost {
    log_n: 15,
    r: 8,
    p: 1,
};

impl PassphraseHash {
    /// Hashes a passphrase with a fresh 16-byte salt.
    pub(crate) fn new(passphrase: &str) -> Result<Self, SealError> {
        let mut salt = [0; 16];
        random::fill(&mut salt)?;
        let digest = scrypt(passphrase, &salt, USER_COST)?;
        Ok(Self {
            salt: encoding::encode(&salt),
            cost: USER_COST,
            digest: encoding::encode(digest.as_slice()),
        })
    }

    /// What scrypt made of the passphrase, base64.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether this is the passphrase; compared in constant time.
    pub(crate) fn matches(&self, passphrase: &str) -> bool {
        let (Some(salt), Some(digest)) =
            (encoding::decode(&self.salt), encoding::decode(&self.digest))
        else {
            return false;
        };
        scrypt(passphrase, &salt, self.cost)
            .is_ok_and(|output| verify_slices_are_equal(output.as_slice(), &digest).is_ok())
    }

    /// Spends the time of a comparison, so that unknown users answer as slowly as known ones.
    pub(crate) fn pretend(passphrase: &str) {
        let _ = scrypt(passphrase, &[0; 16], USER_COST);
    }
}

fn scrypt(passphrase: &str, salt: &[u8], cost: Cost) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let params = Params::new(cost.log_n, cost.r, cost.p).map_err(|_| SealError::Broken)?;
    let mut output = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), salt, &params, output.as_mut_slice())
        .map_err(|_| SealError::Broken)?;
    Ok(output)
}
