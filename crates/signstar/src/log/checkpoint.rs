//! What a log says of itself at some size (C2SP `tlog-checkpoint`).

use std::{fmt, str::FromStr};

use super::{Head, InvalidNote, KeyName, MAX_SIZE, NotVerified, Note, NoteSignature, VerifierKey};

/// The size and root of a log, with its origin. One checkpoint has one spelling.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    origin: String,
    head: Head,
    extensions: Vec<String>,
}

/// A text that is not a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the text is not an origin, a size and a root, and further lines that are not empty")]
pub struct InvalidCheckpoint;

/// Why octets are not a checkpoint to rely on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotACheckpoint {
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] InvalidNote),
    /// Not signed as it has to be.
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
    /// Signed, and not a checkpoint.
    #[error(transparent)]
    Malformed(#[from] InvalidCheckpoint),
    /// Signed by the right key for another log.
    #[error("the checkpoint is one of `{0}`, not of the log of this key")]
    OtherLog(String),
}

impl Checkpoint {
    /// Describes the log `origin`, for its key to sign: the octets of its `to_string`.
    pub fn new(origin: &KeyName, head: Head) -> Self {
        Self {
            origin: origin.to_string(),
            head,
            extensions: Vec::new(),
        }
    }

    /// Which log this is of.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The size and root of the log.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Further lines. Nothing here gives them a meaning.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl FromStr for Checkpoint {
    type Err = InvalidCheckpoint;

    fn from_str(text: &str) -> Result<Self, InvalidCheckpoint> {
        let lines = text.strip_suffix('\n').ok_or(InvalidCheckpoint)?;
        let mut lines = lines.split('\n').map(str::to_owned);
        let mut next = || lines.next().filter(|line| !line.is_empty());
        let (Some(origin), Some(size), Some(root)) = (next(), next(), next()) else {
            return Err(InvalidCheckpoint);
        };
        let size = size.parse().map_err(|_| InvalidCheckpoint)?;
        let root = root.parse().map_err(|_| InvalidCheckpoint)?;
        let checkpoint = Self {
            origin,
            head: Head { size, root },
            extensions: lines.collect(),
        };
        let complete = !checkpoint.extensions.iter().any(String::is_empty);
        // A size is written in one way only.
        if complete && size <= MAX_SIZE && checkpoint.to_string() == text {
            Ok(checkpoint)
        } else {
            Err(InvalidCheckpoint)
        }
    }
}

/// The text of the note: that is what a log signs.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { size, root } = self.head;
        writeln!(f, "{}\n{size}\n{root}", self.origin)?;
        for line in &self.extensions {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// A checkpoint that the key of its log signed.
///
/// Only a signature that verifies makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a file `checkpoint` of the log that signs with `key`.
    pub fn open(octets: &[u8], key: &VerifierKey) -> Result<Self, NotACheckpoint> {
        Self::verify(Note::parse(octets)?, key)
    }

    /// Checks that `note` is a checkpoint of the log that signs with `key`.
    pub fn verify(note: Note, key: &VerifierKey) -> Result<Self, NotACheckpoint> {
        note.verify(key)?;
        let checkpoint: Checkpoint = note.text().parse()?;
        if checkpoint.origin != key.name().as_str() {
            return Err(NotACheckpoint::OtherLog(checkpoint.origin));
        }
        Ok(Self { checkpoint, note })
    }

    /// Takes the signature `raw` that the key of the log made elsewhere, over the octets of
    /// `checkpoint`, and verifies it.
    pub fn assemble(
        checkpoint: &Checkpoint,
        key: &VerifierKey,
        raw: &[u8],
    ) -> Result<Self, NotACheckpoint> {
        let text = checkpoint.to_string();
        let signature = NoteSignature::assemble(key, &text, raw)?;
        Self::verify(Note::new(&text, &[signature])?, key)
    }

    /// The same with the signature of its log alone.
    #[must_use]
    pub fn without_cosignatures(self, key: &VerifierKey) -> Self {
        let note = self.note.only_by(key);
        Self { note, ..self }
    }

    /// The same with further signatures, as witnesses send them. Whether they verify is for
    /// those to judge who know the witnesses.
    pub fn with(self, signatures: &[NoteSignature]) -> Result<Self, InvalidNote> {
        let all = [self.note.signatures(), signatures].concat();
        let note = Note::new(self.note.text(), &all)?;
        Ok(Self { note, ..self })
    }

    /// What the log says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The size and root of the log.
    pub fn head(&self) -> &Head {
        self.checkpoint.head()
    }

    /// The note: its text, and all signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }
}
