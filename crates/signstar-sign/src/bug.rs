//! An error in this program: it costs one request, not the session, and does not stay secret.

use std::{
    any::Any,
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
};

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on a panic is told to whoever catches it, and not on the standard error output, which
/// over SSH is the client's screen.
pub(crate) fn keep_to_ourselves() {
    set_hook(Box::new(|panic| {
        LAST.with_borrow_mut(|last| *last = Some(panic.to_string()));
    }));
}

/// Runs `what`; if it panics, tells why and where.
///
/// What it leaves behind must be sound in any case.
pub(crate) fn caught<T>(what: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(what))
        .map_err(|payload| LAST.take().unwrap_or_else(|| message(&*payload).to_owned()))
}

fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else {
        payload
            .downcast_ref::<String>()
            .map_or("a panic", |text| text)
    }
}
