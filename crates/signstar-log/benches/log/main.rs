//! How fast a log is.
fn main() {}
