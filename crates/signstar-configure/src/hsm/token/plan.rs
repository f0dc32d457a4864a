//! What is to be done with a token.

use std::{fmt, path::PathBuf};

use serde::Serialize;

/// What is to be done with a token, in this order. Nothing in it is secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TokenPlan {
    /// Where it is, as a URI (RFC 7512).
    pub token: String,
    /// The changes.
    pub steps: Vec<TokenStep>,
    /// What stands in the way. With any, nothing is done at all.
    pub refusals: Vec<TokenRefusal>,
    /// What somebody should know.
    pub notes: Vec<String>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum TokenStep {
    /// Makes the token of one that is not initialised yet, with PINs that are made up.
    Initialise,
    /// Stores its PIN in a file that lacks it.
    StorePin {
        /// The file.
        file: PathBuf,
    },
    /// Has it make a key.
    GenerateKey {
        /// The label of the key.
        key: String,
        /// What kind of key.
        key_type: String,
    },
    /// Makes an OpenPGP certificate for a key, and keeps it on this host.
    Certify {
        /// The label of the key.
        key: String,
        /// The user IDs, the primary one first.
        user_ids: Vec<String>,
    },
    /// Writes the public half of a key to a file.
    WritePublicKey {
        /// The label of the key.
        key: String,
        /// The file.
        file: PathBuf,
    },
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "refusal")]
pub enum TokenRefusal {
    /// It does not answer.
    #[error("the token cannot be reached: {why}")]
    Unreachable {
        /// Why.
        why: String,
    },
    /// Its PIN is not known here, or not taken.
    #[error("{why}; store the right one in {}", file.display())]
    Pin {
        /// What is wrong with it.
        why: String,
        /// Where it should be.
        file: PathBuf,
    },
    /// It would have to be made, and nobody could keep what it takes.
    #[error("the token is not there, and without [administration] it cannot be made")]
    NoAdministration,
    /// A key is missing that nobody described.
    #[error(
        "the token has no key `{key}`; say its `type` in the configuration, or make it yourself"
    )]
    NoKey {
        /// The label of the key.
        key: String,
    },
    /// A key is not what it is to be. It is not replaced.
    #[error(
        "key `{key}` is {found}, not {wanted}; a key is never replaced: name another one, or delete it \
         yourself"
    )]
    KeyKind {
        /// The label of the key.
        key: String,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// A key cannot be used.
    #[error("key `{key}`: {why}")]
    Key {
        /// The label of the key.
        key: String,
        /// Why.
        why: String,
    },
    /// A file is of another key.
    #[error("{} is not of key `{key}` on this token; move it away, or name another one", file.display())]
    OtherFile {
        /// The label of the key.
        key: String,
        /// The file.
        file: PathBuf,
    },
}

impl TokenPlan {
    /// What a program ends with because of the refusals: 21 the token cannot be reached, 22 its PIN
    /// is missing, 1 otherwise.
    pub fn status(&self) -> u8 {
        let of_one = |refusal: &TokenRefusal| match refusal {
            TokenRefusal::Unreachable { .. } => 21,
            TokenRefusal::Pin { .. } | TokenRefusal::NoAdministration => 22,
            _ => 1,
        };
        let all = self.refusals.iter().map(of_one);
        // That of most weight comes first.
        let weight = |status: &u8| [1, 22, 21].iter().position(|one| one == status);
        all.max_by_key(weight).unwrap_or(1)
    }
}

impl fmt::Display for TokenStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initialise => f.write_str("initialise it, with PINs that are made up for it"),
            Self::StorePin { file } => write!(f, "store its PIN in {}", file.display()),
            Self::GenerateKey { key, key_type } => write!(f, "make key `{key}` ({key_type})"),
            Self::Certify { key, user_ids } => write!(
                f,
                "make an OpenPGP certificate of key `{key}` for {}",
                user_ids.join(", ")
            ),
            Self::WritePublicKey { key, file } => {
                write!(
                    f,
                    "write the public half of key `{key}` to {}",
                    file.display()
                )
            }
        }
    }
}

/// A line for each step, then what stands in the way, then what else there is to know.
impl fmt::Display for TokenPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.steps.is_empty() {
            writeln!(f, "{}", self.token)?;
        }
        for step in &self.steps {
            writeln!(f, "  {step}")?;
        }
        for refusal in &self.refusals {
            writeln!(f, "refused: {refusal}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if self.steps.is_empty() && self.refusals.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_be_reached_is_told_first() {
        let mut plan = TokenPlan::default();
        let key = || "packages".to_owned();
        plan.refusals.push(TokenRefusal::NoKey { key: key() });
        assert_eq!(plan.status(), 1);
        plan.refusals.push(TokenRefusal::NoAdministration);
        assert_eq!(plan.status(), 22);
        let why = "no module".to_owned();
        plan.refusals.push(TokenRefusal::Unreachable { why });
        plan.refusals.push(TokenRefusal::NoKey { key: key() });
        assert_eq!(plan.status(), 21);
    }
}
