//! The box: the secret, sealed with the key that the shares make.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    MAX_SECRET, Receipt, Scheme, Secret, SetId, Share, key::Key, receipt::Fingerprint, set::Set,
};

const MAGIC: &str = "signstar-box ";
const VERSION: &str = "1";

/// A sealed secret, and what is public of the shares that open it. Nothing in it is secret.
///
/// A text (spec/shares.md, Box): `Display` writes the one spelling of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedBox {
    set: Set,
    /// That of share 1, and so on.
    fingerprints: Vec<Fingerprint>,
    salt: [u8; 32],
    sealed: Vec<u8>,
}

impl SealedBox {
    /// No box is longer than this, in octets.
    pub const MAX_OCTETS: usize = 98_304;

    /// Reads a box.
    ///
    /// # Errors
    ///
    /// [`BadBox`] for anything but the one spelling of a box.
    pub fn parse(text: &str) -> Result<Self, BadBox> {
        let rest = text.strip_prefix(MAGIC).ok_or(BadBox::NotABox)?;
        let (version, rest) = rest.split_once('\n').ok_or(BadBox::NotABox)?;
        if version != VERSION {
            let newer = version.parse().ok().filter(|version| *version > 1);
            return Err(newer.map_or(BadBox::NotABox, BadBox::NewerVersion));
        }
        if text.len() > Self::MAX_OCTETS {
            return Err(BadBox::TooLong);
        }
        let mut lines = Lines { rest, number: 1 };
        let id = lines.field("set ", |value| unhex(value).map(SetId))?;
        let scheme: Scheme = lines.field("scheme ", |value| value.parse().ok())?;
        let fingerprints = (1..=scheme.count())
            .map(|index| lines.field(&format!("share {index} "), |it| unhex(it).map(Fingerprint)))
            .collect::<Result<_, _>>()?;
        let salt = lines.field("salt ", unhex)?;
        let sealed = lines.field("sealed ", |value| BASE64_STANDARD.decode(value).ok())?;
        let parsed = Self {
            set: Set { id, scheme },
            fingerprints,
            salt,
            sealed,
        };
        let room = Key::TAG + 1..=Key::TAG + MAX_SECRET;
        if lines.rest.is_empty() && room.contains(&parsed.sealed.len()) {
            Ok(parsed)
        } else {
            Err(BadBox::Line(lines.number))
        }
    }

    /// The set whose shares open it.
    pub fn set_id(&self) -> SetId {
        self.set.id
    }

    /// How many of how many open it.
    pub fn scheme(&self) -> Scheme {
        self.set.scheme
    }

    /// The number of the share that `receipt` is of, if it is one that was made with this box.
    pub fn confirms(&self, receipt: &Receipt) -> Option<u8> {
        let fingerprint = receipt.fingerprint();
        (1..)
            .zip(&self.fingerprints)
            .find_map(|(index, known)| (*known == fingerprint).then_some(index))
    }
}

impl SealedBox {
    pub(crate) fn seal(
        key: &Key,
        set: Set,
        fingerprints: Vec<Fingerprint>,
        salt: [u8; 32],
        secret: &Secret,
    ) -> Self {
        let mut sealed = Self {
            set,
            fingerprints,
            salt,
            sealed: Vec::new(),
        };
        sealed.sealed = key.seal(sealed.header().as_bytes(), secret);
        sealed
    }

    /// The same box with another salt and secret.
    pub(crate) fn seal_again(&self, key: &Key, salt: [u8; 32], secret: &Secret) -> Self {
        Self::seal(key, self.set, self.fingerprints.clone(), salt, secret)
    }

    pub(crate) fn unseal(&self, key: &Key) -> Option<Secret> {
        key.open(self.header().as_bytes(), &self.sealed)
    }

    pub(crate) fn set(&self) -> Set {
        self.set
    }

    pub(crate) fn knows(&self, share: &Share) -> bool {
        self.confirms(&share.receipt()) == Some(share.index)
    }

    /// What is authenticated: all before the last line.
    fn header(&self) -> String {
        let Set { id, scheme } = self.set;
        let mut header = format!("{MAGIC}{VERSION}\nset {id}\nscheme {scheme}\n");
        for (index, fingerprint) in (1..).zip(&self.fingerprints) {
            let index: u8 = index;
            header += &format!("share {index} {}\n", hex::encode(fingerprint.0));
        }
        header + &format!("salt {}\n", hex::encode(self.salt))
    }
}

impl fmt::Display for SealedBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sealed = BASE64_STANDARD.encode(&self.sealed);
        writeln!(f, "{}sealed {sealed}", self.header())
    }
}

/// What is left of a text, and the number of the line before.
struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line: `name`, and then what `read` takes.
    fn field<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, BadBox> {
        self.number += 1;
        let (line, rest) = self
            .rest
            .split_once('\n')
            .ok_or(BadBox::Line(self.number))?;
        self.rest = rest;
        line.strip_prefix(name)
            .and_then(read)
            .ok_or(BadBox::Line(self.number))
    }
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut octets = [0; N];
    hex::decode_to_slice(text, &mut octets).ok()?;
    (hex::encode(octets) == text).then_some(octets)
}

/// Why a text is no box.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBox {
    /// It does not begin like one.
    #[error("this is no box of shared credentials")]
    NotABox,
    /// A box of a version that is not known here.
    #[error("a box of version {0}, and 1 is known")]
    NewerVersion(u32),
    /// More than [`SealedBox::MAX_OCTETS`].
    #[error("the box has more than {} octets", SealedBox::MAX_OCTETS)]
    TooLong,
    /// This line, counted from 1, is not what it should be, or there is something after the last.
    #[error("line {0} of the box is wrong")]
    Line(usize),
}

impl BadBox {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotABox => "a box begins with the line `signstar-box 1`",
            Self::NewerVersion(_) => "use the version of signstar that made it, or a newer one",
            Self::TooLong | Self::Line(_) => "take the box from a backup",
        }
    }
}
