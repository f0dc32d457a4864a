//! Lines of JSON.

use serde::Serialize;

/// `document` on one line, members in the order of their declaration.
#[expect(
    clippy::expect_used,
    reason = "the documents of this crate hold strings, numbers and maps with string keys"
)]
pub(crate) fn line(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("strings and numbers always have a spelling in JSON")
}
