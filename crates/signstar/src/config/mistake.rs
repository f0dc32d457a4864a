//! What is wrong with a configuration, and where.

use std::fmt;

/// One mistake, or one piece of advice.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Mistake {
    /// The line of the file, the first being 1.
    pub line: usize,
    /// Where in the configuration, as in `client.builder.key`; empty for the file as a whole.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to write instead, where that can be told.
    pub hint: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, what, .. } = self;
        write!(f, "line {line}: ")?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(what)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// A configuration that cannot be used: all that is wrong with it, at least one mistake, in the
/// order of the lines.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct InvalidConfig(pub(super) Vec<Mistake>);

impl InvalidConfig {
    /// All mistakes, in the order of the lines.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, mistake) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}
