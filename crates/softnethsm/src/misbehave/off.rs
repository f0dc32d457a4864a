//! Good behaviour: sign requests are answered as they should be.

use clap::Args;

use crate::answer::Answer;

/// No misbehaviour can be asked for: built without the feature `misbehave`.
#[derive(Args, Clone, Debug, Default)]
pub struct Misbehaviour {}

impl Misbehaviour {
    /// Every call is performed.
    pub(crate) fn comes(&self) -> bool {
        true
    }

    /// Every call is answered.
    pub(crate) fn goes(&self) -> bool {
        true
    }

    /// The answer as it is.
    pub(crate) async fn apply(self, answer: Answer) -> Option<Answer> {
        Some(answer)
    }
}
