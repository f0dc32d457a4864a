//! Why something is not a share.

/// Why something is not a share. Nothing of what was read is in it; places count from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// Neither begins like the text of a share nor is it words.
    #[error("this is no share")]
    NotAShare,
    /// Still encrypted to its holder.
    #[error("this share is still encrypted")]
    Encrypted,
    /// A text in lower and upper case.
    #[error("lower and upper case in one share")]
    MixedCase,
    /// A character that the text of a share never has.
    #[error("character {position} is none of a share")]
    Character {
        /// Which one.
        position: usize,
    },
    /// A damaged text that has too few or too many characters.
    #[error("{found} characters, and a share has {expected}")]
    Characters {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A word that is not on the list.
    #[error("word {position} is not on the list")]
    UnknownWord {
        /// Which one.
        position: usize,
    },
    /// Words of the list that make no share, and are too few or too many.
    #[error("{found} words, and a share has {expected}")]
    Words {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A checksum does not fit.
    #[error("the share is damaged{}", At(*position))]
    Damaged {
        /// The character or word that is wrong, where a change in this one place would repair the
        /// share. For two words that changed places, the first of them.
        position: Option<usize>,
    },
    /// A share of a version that is not known here.
    #[error("a share of version {0}, and 1 is known")]
    NewerVersion(u8),
    /// Undamaged, but no share that this format knows: nobody made it by mistake.
    #[error("the share contradicts itself")]
    Malformed,
}

impl Unreadable {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAShare => {
                "a share is one line that begins with signstar-share1, or 40 words; nothing else may \
                 be in the file"
            }
            Self::Encrypted => "decrypt it first: age -d -i ~/.ssh/id_ed25519 SHARE",
            Self::MixedCase => "write all of it in lower case",
            Self::Character { .. } => {
                "after signstar-share1 there is no 1, b, i or o, and no space; compare with the original"
            }
            Self::Characters { .. } => {
                "compare with the original: something is missing or there twice"
            }
            Self::UnknownWord { .. } => "compare this word with the paper, letter by letter",
            Self::Words { .. } => "compare with the paper: a word is missing or there twice",
            Self::Damaged { position: Some(_) } => "compare this place with the original",
            Self::Damaged { position: None } => {
                "compare it with the original; if that is damaged, another share has to take its place"
            }
            Self::NewerVersion(_) => "use the version of signstar that made it, or a newer one",
            Self::Malformed => "ask who gave you this share; another one has to take its place",
        }
    }
}

/// Where it is damaged.
struct At(Option<usize>);

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(position) => write!(f, ", probably in place {position}"),
            None => Ok(()),
        }
    }
}
