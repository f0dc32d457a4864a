//! Stretched passphrases: scrypt for the unlock passphrase, the backup passphrase and users.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use nethsm::backup::{Salt, StoredUser};
use nethsm::passphrase::Passphrase;
use nethsm::user::UserRole;
use scrypt::Params;
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::seal::SealKey;
use crate::{encoding, random};

/// One stretching at a time: each takes up to 32 MiB and a core, and strangers can ask for them.
static TURN: Mutex<()> = Mutex::new(());

/// Makes the unlock or backup key of a passphrase: scrypt N=16384, r=8, p=16, as the device does.
pub(crate) fn unlock_key(passphrase: &str, salt: &Salt) -> Result<SealKey, SealError> {
    let cost = Cost {
        log_n: 14,
        r: 8,
        p: 16,
    };
    Ok(SealKey::new(*scrypt(passphrase, salt, cost)?))
}

/// What is kept of a user's passphrase.
pub(crate) enum PassphraseHash {
    /// Salt, cost and scrypt output.
    Stretched(Stretched),
    /// What a device keeps, found in a backup or asked for: one HMAC, fast to guess at.
    OfDevice(StoredUser),
}

/// Salt, cost and scrypt output.
#[derive(Clone)]
pub(crate) struct Stretched {
    salt: String,
    cost: Cost,
    digest: String,
}

#[derive(Clone, Copy)]
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

/// How the texts of stretched passphrases start.
const SCHEME: &str = "$scrypt$";

/// How the passphrases of users are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As [`PassphraseHash::Stretched`].
    Stretched,
    /// As [`PassphraseHash::OfDevice`], so that a device can check them.
    OfDevice,
}

impl PassphraseHash {
    /// Hashes a passphrase with a fresh 16-byte salt.
    pub(crate) fn new(passphrase: &str, form: Form) -> Result<Self, SealError> {
        let mut salt = [0; 16];
        random::fill(&mut salt)?;
        if form == Form::OfDevice {
            let passphrase = Passphrase::new(passphrase.to_owned());
            // Name, role and tags are those of the record around it.
            let role = UserRole::Operator;
            let user = StoredUser::new(String::new(), role, &passphrase, &salt);
            return Ok(Self::OfDevice(user));
        }
        let digest = scrypt(passphrase, &salt, USER_COST)?;
        Ok(Self::Stretched(Stretched {
            salt: encoding::encode(&salt),
            cost: USER_COST,
            digest: encoding::encode(digest.as_slice()),
        }))
    }

    /// The form in which the passphrase is kept.
    pub(crate) fn form(&self) -> Form {
        match self {
            Self::Stretched(_) => Form::Stretched,
            Self::OfDevice(_) => Form::OfDevice,
        }
    }

    /// What scrypt made of the passphrase, base64; nothing if it was not stretched.
    pub(crate) fn digest(&self) -> Option<&str> {
        match self {
            Self::Stretched(own) => Some(&own.digest),
            Self::OfDevice(_) => None,
        }
    }

    /// Whether this is the passphrase; compared in constant time.
    pub(crate) fn matches(&self, passphrase: &str) -> bool {
        match self {
            Self::Stretched(own) => own.matches(passphrase),
            Self::OfDevice(user) => user.has_passphrase(&Passphrase::new(passphrase.to_owned())),
        }
    }

    /// Spends the time of a comparison, so that unknown users answer as slowly as known ones.
    pub(crate) fn pretend(passphrase: &str) {
        let _ = scrypt(passphrase, &[0; 16], USER_COST);
    }
}

impl Stretched {
    /// The salt, base64.
    pub(crate) fn salt(&self) -> &str {
        &self.salt
    }

    /// Cost and digest as one text, which stands where a device has its digest.
    pub(crate) fn to_text(&self) -> String {
        let Cost { log_n, r, p } = self.cost;
        format!("{SCHEME}ln={log_n},r={r},p={p}${}", self.digest)
    }

    /// Reads the two texts back.
    pub(crate) fn from_texts(salt: &str, text: &str) -> Option<Self> {
        let (cost, digest) = text.strip_prefix(SCHEME)?.split_once('$')?;
        let (log_n, rest) = cost.strip_prefix("ln=")?.split_once(",r=")?;
        let (r, p) = rest.split_once(",p=")?;
        Some(Self {
            salt: salt.to_owned(),
            cost: Cost {
                log_n: log_n.parse().ok()?,
                r: r.parse().ok()?,
                p: p.parse().ok()?,
            },
            digest: digest.to_owned(),
        })
    }

    fn matches(&self, passphrase: &str) -> bool {
        let (Some(salt), Some(digest)) =
            (encoding::decode(&self.salt), encoding::decode(&self.digest))
        else {
            return false;
        };
        scrypt(passphrase, &salt, self.cost)
            .is_ok_and(|output| verify_slices_are_equal(output.as_slice(), &digest).is_ok())
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
