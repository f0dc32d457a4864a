//! From shares and their box back to the secret.

use crate::{Scheme, SealedBox, Secret, SetId, Share, key::Key, set::Set, shamir};

/// A box that was opened: its secret, and the key to seal another one with.
///
/// Only [`SealedBox::open`] makes one.
#[expect(
    missing_debug_implementations,
    reason = "a secret has no way to be printed"
)]
pub struct Opened<'a> {
    sealed: &'a SealedBox,
    key: Key,
    secret: Secret,
}

impl Opened<'_> {
    /// What was in the box.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What was in the box, to be kept. The key is erased.
    pub fn into_secret(self) -> Secret {
        self.secret
    }

    /// A box with another secret that the same shares open.
    ///
    /// The old box stays what it is: who keeps it and a threshold of shares opens it.
    ///
    /// # Errors
    ///
    /// That of `random`, which fills what it is given with uniformly random octets.
    pub fn reseal<E>(
        &self,
        secret: &Secret,
        mut random: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<SealedBox, E> {
        let mut salt = [0; 32];
        random(&mut salt)?;
        Ok(self.sealed.seal_again(&self.key, salt, secret))
    }
}

impl SealedBox {
    /// Opens the box with at least a threshold of its shares. More are welcome: all are used, and
    /// one that is wrong is found.
    ///
    /// # Errors
    ///
    /// The first of [`CannotOpen`], in the order in which they stand there.
    pub fn open<'a>(
        &self,
        shares: impl IntoIterator<Item = &'a Share>,
    ) -> Result<Opened<'_>, CannotOpen> {
        let shares: Vec<&Share> = shares.into_iter().collect();
        let set = agreed(&shares, self.set())?;
        if set.id != self.set_id() {
            return Err(CannotOpen::OtherBox {
                shares: set.id,
                sealed: self.set_id(),
            });
        }
        all_differ(&shares)?;
        let given = shares.len();
        if given < usize::from(set.scheme.threshold()) {
            return Err(CannotOpen::TooFew {
                given,
                needed: set.scheme.threshold(),
            });
        }
        let points = shares.iter().map(|share| (share.index, &share.value));
        let key = shamir::interpolate(points)
            .map(Key::new)
            .filter(|key| key.set_id(set.scheme) == set.id);
        let Some(key) = key else {
            let forged = shares.iter().find(|share| !self.knows(share));
            return Err(
                forged.map_or(CannotOpen::DamagedBox, |share| CannotOpen::Forged {
                    index: share.index,
                }),
            );
        };
        let secret = self.unseal(&key).ok_or(CannotOpen::DamagedBox)?;
        Ok(Opened {
            sealed: self,
            key,
            secret,
        })
    }

    /// Asks whether `share` is one of those that were made with this box.
    ///
    /// # Errors
    ///
    /// [`CannotOpen::OtherBox`] or [`CannotOpen::Forged`].
    pub fn check(&self, share: &Share) -> Result<(), CannotOpen> {
        let sealed = self.set();
        if share.set.id != sealed.id {
            return Err(CannotOpen::OtherBox {
                shares: share.set.id,
                sealed: sealed.id,
            });
        }
        if self.knows(share) {
            Ok(())
        } else {
            Err(CannotOpen::Forged { index: share.index })
        }
    }
}

/// The set of all shares, if it is the same.
fn agreed(shares: &[&Share], sealed: Set) -> Result<Set, CannotOpen> {
    let first = shares.first().ok_or(CannotOpen::NoShares)?.set;
    // If any is of this box, the others are the strangers.
    let sets = || shares.iter().map(|share| share.set);
    let of_box = sets().find(|set| *set == sealed);
    let nearly = || sets().find(|set| set.id == sealed.id);
    let expected = of_box.or_else(nearly).unwrap_or(first);
    for share in shares {
        let (index, found) = (share.index, share.set);
        if found.id != expected.id {
            return Err(CannotOpen::OtherSet {
                index,
                found: found.id,
                expected: expected.id,
            });
        }
    }
    for share in shares {
        let (index, found) = (share.index, share.set);
        if found.scheme != expected.scheme {
            return Err(CannotOpen::OtherScheme {
                index,
                found: found.scheme,
                expected: expected.scheme,
            });
        }
    }
    Ok(expected)
}

fn all_differ(shares: &[&Share]) -> Result<(), CannotOpen> {
    let pairs = shares
        .iter()
        .enumerate()
        .flat_map(|(i, one)| shares.iter().skip(i + 1).map(move |two| (one, two)));
    for (one, two) in pairs {
        let index = one.index;
        if one.is(two) {
            return Err(CannotOpen::Twice { index });
        }
        if index == two.index {
            return Err(CannotOpen::Conflict { index });
        }
    }
    Ok(())
}

/// Why shares do not open a box. Nothing in it is secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CannotOpen {
    /// There is no share.
    #[error("no shares")]
    NoShares,
    /// Shares of different sets.
    #[error("share {index} is of the set {found}, the others of {expected}")]
    OtherSet {
        /// The number of a share that does not belong.
        index: u8,
        /// Its set.
        found: SetId,
        /// That of the box, if one of the shares is of that; else that of the first share.
        expected: SetId,
    },
    /// Shares that call themselves of one set, and contradict each other.
    #[error("share {index} says {found}, the others {expected}")]
    OtherScheme {
        /// The number of a share that does not belong.
        index: u8,
        /// Its scheme.
        found: Scheme,
        /// That of the box, if one of the shares has that; else that of the first share.
        expected: Scheme,
    },
    /// Shares of one set, but the box is of another.
    #[error("the shares are of the set {shares}, the box is of {sealed}")]
    OtherBox {
        /// The set of the shares.
        shares: SetId,
        /// That of the box.
        sealed: SetId,
    },
    /// The same share more than once.
    #[error("share {index} is there twice")]
    Twice {
        /// Its number.
        index: u8,
    },
    /// Different shares with the same number: at least one of them was changed.
    #[error("there are two different shares {index}")]
    Conflict {
        /// Their number.
        index: u8,
    },
    /// Fewer shares than the threshold.
    #[error("{given} shares, and {needed} are needed")]
    TooFew {
        /// How many there are.
        given: usize,
        /// How many there must be.
        needed: u8,
    },
    /// A share that was changed after it was made, checksum and all.
    #[error("share {index} is not the one that was made with this box")]
    Forged {
        /// Its number.
        index: u8,
    },
    /// The shares are right, and the box is not as it was made.
    #[error("the box is damaged, or was changed")]
    DamagedBox,
}

impl CannotOpen {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoShares | Self::TooFew { .. } => "ask more holders for their shares",
            Self::OtherSet { .. } => {
                "its holder handed in an old share, or one for something else: ask for the other one"
            }
            Self::OtherBox { .. } => {
                "these are shares of an older set, or for something else: use the box that was made with them"
            }
            Self::Twice { .. } => "leave one of them out, and ask another holder",
            Self::OtherScheme { .. } | Self::Conflict { .. } | Self::Forged { .. } => {
                "somebody changed a share: ask its holder why, and another holder for theirs"
            }
            Self::DamagedBox => "take the box from a backup",
        }
    }
}
