//! Good behaviour: sign requests are answered as they should be.

use clap::Args;

use crate::answer::Answer;

/// No misbehaviour can be asked for: built without the feature `misbehave`.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Misbehaviour {}

impl Misbehaviour {
    /// The answer as it is.
    pub(crate) async fn apply(self, answer: Answer) -> Option<Answer> {
        Some(answer)
    }
}
