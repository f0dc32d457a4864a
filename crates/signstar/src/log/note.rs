//! Signed texts (C2SP `signed-note`).

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{Cosignature, KeyName, NotVerified, Verified, VerifierKey};

/// The longest note that is read, in octets, and the most signatures.
const MAX_OCTETS: usize = 1 << 18;
const MAX_SIGNATURES: usize = 64;
/// What stands before the name of a key: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// Octets that are not a note.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidNote {
    /// More than 256 KiB, or more than 64 signatures.
    #[error("the note has more than 262144 octets or 64 signatures")]
    TooLarge,
    /// Not UTF-8, or with control characters.
    #[error("the note is not UTF-8 without control characters")]
    NotText,
    /// Not a text that ends in a line feed, an empty line, and signatures.
    #[error("the note is not a text, an empty line and signatures")]
    Malformed,
    /// A line that is not a signature, in base64 as RFC 4648 §4 has it.
    #[error("signature {0} of the note is malformed")]
    Signature(usize),
}

/// A text with signatures, of which nothing is believed yet.
///
/// One note has one spelling: what [`Note::parse`] accepts, [`fmt::Display`] writes again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoteSignature {
    name: KeyName,
    id: [u8; 4],
    octets: Vec<u8>,
}

impl NoteSignature {
    /// Takes what `key` signed elsewhere, over the octets of `text`, and verifies it.
    pub fn assemble(key: &VerifierKey, text: &str, raw: &[u8]) -> Result<Self, NotVerified> {
        key.verify(text, raw)?;
        Ok(Self {
            name: key.name().clone(),
            id: key.id(),
            octets: raw.to_vec(),
        })
    }

    /// Takes what the witness `key` signed elsewhere, over
    /// [`cosignature_message`](super::cosignature_message) of `text`, and verifies it.
    pub fn cosign(
        key: &VerifierKey,
        text: &str,
        cosignature: &Cosignature,
    ) -> Result<Self, NotVerified> {
        Self::assemble(key, text, &cosignature.to_octets())
    }

    /// Reads one line without its line feed.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
        let name = KeyName::new(name).ok()?;
        let octets = BASE64_STANDARD.decode(signature).ok()?;
        let (id, octets) = octets.split_first_chunk::<4>()?;
        (!octets.is_empty()).then(|| Self {
            name,
            id: *id,
            octets: octets.to_vec(),
        })
    }

    /// The name of the key that it is said to be by.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Checks that it is by `key` and over `text`, and tells what it says.
    pub fn verify(&self, key: &VerifierKey, text: &str) -> Result<Verified, NotVerified> {
        if !self.is_by(key) {
            return Err(NotVerified::Missing);
        }
        key.verify(text, &self.octets)
    }

    /// Whether it claims to be by `key`.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.id == key.id()
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = [&self.id, &*self.octets].concat();
        let (name, base64) = (&self.name, BASE64_STANDARD.encode(octets));
        write!(f, "{DASH}{name} {base64}")
    }
}

impl Note {
    /// Puts a note together.
    ///
    /// Fails where [`Note::parse`] would: `text` has to end in a line feed, and there has to be a
    /// signature.
    pub fn new(text: &str, signatures: &[NoteSignature]) -> Result<Self, InvalidNote> {
        let note = Self {
            text: text.to_owned(),
            signatures: signatures.to_vec(),
        };
        let again = Self::parse(note.to_string().as_bytes())?;
        if again == note {
            Ok(note)
        } else {
            Err(InvalidNote::Malformed)
        }
    }

    /// Reads a note. Its signatures are not looked at: see [`Note::verify`].
    pub fn parse(octets: &[u8]) -> Result<Self, InvalidNote> {
        if octets.len() > MAX_OCTETS {
            return Err(InvalidNote::TooLarge);
        }
        let note = str::from_utf8(octets).map_err(|_| InvalidNote::NotText)?;
        if note.contains(|c: char| c < ' ' && c != '\n') {
            return Err(InvalidNote::NotText);
        }
        let (lines, lines_of_signatures) =
            note.rsplit_once("\n\n").ok_or(InvalidNote::Malformed)?;
        let lines_of_signatures = lines_of_signatures
            .strip_suffix('\n')
            .ok_or(InvalidNote::Malformed)?;
        let mut signatures = Vec::new();
        for (index, line) in lines_of_signatures.split('\n').enumerate() {
            if index >= MAX_SIGNATURES {
                return Err(InvalidNote::TooLarge);
            }
            let signature = NoteSignature::parse(line).ok_or(InvalidNote::Signature(index + 1))?;
            signatures.push(signature);
        }
        let text = format!("{lines}\n");
        Ok(Self { text, signatures })
    }

    /// The text, with the line feed at its end. Nobody may act on it before it verifies.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in their order, verified or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The same without the signatures of all keys but `key`.
    pub(super) fn only_by(self, key: &VerifierKey) -> Self {
        let Self {
            text,
            mut signatures,
        } = self;
        signatures.retain(|line| line.is_by(key));
        Self { text, signatures }
    }

    /// Checks that `key` signed the text. A second line by the same key has to verify as well;
    /// signatures by others are ignored.
    pub fn verify(&self, key: &VerifierKey) -> Result<Verified, NotVerified> {
        let mut verified = Err(NotVerified::Missing);
        for signature in self.signatures.iter().filter(|line| line.is_by(key)) {
            verified = Ok(key.verify(&self.text, &signature.octets)?);
        }
        verified
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(f, "{signature}")?;
        }
        Ok(())
    }
}
