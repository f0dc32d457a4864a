//! Whether a configuration is right, without asking anybody.

use std::path::{Path, PathBuf};

use signstar::config::{Config, Mistake};

use crate::{Error, configuration};

/// A configuration that was looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checked {
    /// Where it is.
    pub path: PathBuf,
    /// All that is wrong with it, in the order of the lines; nothing if it is right.
    pub mistakes: Vec<Mistake>,
    /// What is allowed and probably not meant, if it is right.
    pub advice: Vec<Mistake>,
}

/// Checks the configuration at `path`, else the usual one. Fails if it cannot be read.
pub fn check(path: Option<&Path>) -> Result<Checked, Error> {
    let (path, text) = configuration::text(path)?;
    let (mistakes, advice) = match Config::parse_for_host(&text) {
        Ok((_, advice)) => (Vec::new(), advice),
        Err(invalid) => (invalid.mistakes().to_vec(), Vec::new()),
    };
    Ok(Checked {
        path,
        mistakes,
        advice,
    })
}
