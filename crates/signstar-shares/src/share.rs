//! What one holder has.

use zeroize::Zeroizing;

use crate::{
    Receipt, Recipient, Scheme, SecretText, SetId, Terminal, Unreadable, holder, octets, qr,
    set::Set, shamir::Value, text, words,
};

/// One of the shares of a set, erased on drop.
#[expect(
    missing_debug_implementations,
    reason = "a secret has no way to be printed"
)]
pub struct Share {
    pub(crate) set: Set,
    pub(crate) index: u8,
    pub(crate) value: Value,
}

/// What everybody may know of it.
impl Share {
    /// The set that it belongs to.
    pub fn set_id(&self) -> SetId {
        self.set.id
    }

    /// How many of how many open the box.
    pub fn scheme(&self) -> Scheme {
        self.set.scheme
    }

    /// Its number, from 1 to the count of the scheme.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// What its holder sends to prove that they can read it. It does not help to open the box.
    pub fn receipt(&self) -> Receipt {
        Receipt::of(&self.to_text())
    }
}

/// As its holder has it.
impl Share {
    /// One line of 109 characters that begins with `signstar-share1`, without a line end.
    pub fn to_text(&self) -> SecretText {
        text::write(&octets::encode(self))
    }

    /// 40 words with a space between.
    pub fn to_words(&self) -> SecretText {
        words::write(&octets::encode(self))
    }

    /// A QR code of the text for a terminal: 23 lines of 45 half blocks, each ended by LF.
    pub fn to_terminal(&self, terminal: Terminal) -> SecretText {
        qr::to_terminal(&self.to_text(), terminal)
    }

    /// A QR code of the text as a picture in SVG, at most 32 KiB, to be printed at any size.
    pub fn to_svg(&self) -> SecretText {
        qr::to_svg(self)
    }

    /// The text and LF, encrypted to its holder with age, in ASCII armor: about 500 octets.
    ///
    /// The holder reads it with `age -d -i ~/.ssh/id_ed25519`, or with `rage`.
    ///
    /// # Panics
    ///
    /// When the system has no randomness.
    pub fn seal_to(&self, recipient: &Recipient) -> String {
        holder::seal(&self.to_text(), recipient)
    }
}

/// What a holder hands in.
impl Share {
    /// A share as text or as words, whichever it is.
    ///
    /// # Errors
    ///
    /// As [`Self::from_text`] and [`Self::from_words`]; [`Unreadable::Encrypted`] for what
    /// [`Self::seal_to`] made.
    pub fn read(input: &str) -> Result<Self, Unreadable> {
        let trimmed = input.trim_ascii();
        if trimmed.starts_with("-----BEGIN AGE") || trimmed.starts_with("age-encryption.org/") {
            return Err(Unreadable::Encrypted);
        }
        let is_one = !trimmed.contains(|letter: char| letter.is_ascii_whitespace());
        if is_one || text::begins(trimmed) {
            Self::from_text(input)
        } else {
            Self::from_words(input)
        }
    }

    /// The text, in lower or upper case, with at most one LF or CRLF after it.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], but not `Words`, `UnknownWord` and `Encrypted`.
    pub fn from_text(text: &str) -> Result<Self, Unreadable> {
        text::read(text)
    }

    /// The words, in either case, with white space before, between and after them.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], but not `Characters`, `Character`, `MixedCase` and `Encrypted`.
    pub fn from_words(words: &str) -> Result<Self, Unreadable> {
        words::read(words)
    }
}

impl Share {
    pub(crate) fn new(set: Set, index: u8, value: Value) -> Self {
        Self { set, index, value }
    }

    /// Whether both have the same number and value, in a time that tells nothing of the values.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let values: [&Zeroizing<[u8; 32]>; 2] = [&self.value, &other.value];
        self.index == other.index
            && aws_lc_rs::constant_time::verify_slices_are_equal(&**values[0], &**values[1]).is_ok()
    }
}
