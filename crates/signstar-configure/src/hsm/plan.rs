//! What is to be done with a device that is no NetHSM.

use std::fmt;

use serde::Serialize;

/// What is to be done with one device, in this order. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes<S, R> {
    /// Which one it is: `yubihsm:SERIAL`, or a URI (RFC 7512).
    pub device: String,
    /// The changes.
    pub steps: Vec<S>,
    /// What stands in the way. With any, nothing is done at all.
    pub refusals: Vec<R>,
    /// What somebody should know.
    pub notes: Vec<String>,
}

/// Why something is not done.
pub trait Refuses {
    /// What a program ends with because of it: 21 the device cannot be reached, 22 what it takes to log in is
    /// missing, 1 otherwise.
    fn status(&self) -> u8;
}

impl<S, R> Changes<S, R> {
    /// Nothing yet, with this device.
    pub fn of(device: String) -> Self {
        Self {
            device,
            steps: Vec::new(),
            refusals: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl<S, R: Refuses> Changes<S, R> {
    /// What a program ends with because of all refusals.
    pub fn status(&self) -> u8 {
        let all = self.refusals.iter().map(R::status);
        // That of most weight comes first.
        let weight = |status: &u8| [1, 22, 21].iter().position(|one| one == status);
        all.max_by_key(weight).unwrap_or(1)
    }
}

/// A line for each step, then what stands in the way, then what else there is to know.
impl<S: fmt::Display, R: fmt::Display> fmt::Display for Changes<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.steps.is_empty() {
            writeln!(f, "{}", self.device)?;
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

    struct Status(u8);

    impl Refuses for Status {
        fn status(&self) -> u8 {
            self.0
        }
    }

    #[test]
    fn who_cannot_be_reached_is_told_first() {
        let status = |all: &[u8]| {
            let mut changes = Changes::<(), _>::of(String::new());
            changes.refusals.extend(all.iter().copied().map(Status));
            changes.status()
        };
        assert_eq!(status(&[1]), 1);
        assert_eq!(status(&[1, 22]), 22);
        assert_eq!(status(&[22, 21, 1]), 21);
    }
}
