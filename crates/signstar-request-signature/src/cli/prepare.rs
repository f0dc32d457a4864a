//! `prepare`: a request without an enclave.

use std::{io, path::Path};

use signstar_request_signature::{Error, Hashed};

use super::{arguments::Prepare, screen};

/// Prints the request for one file.
pub(crate) fn prepare(arguments: &Prepare) -> Result<u8, Error> {
    let path = arguments.file.as_path();
    let request = if path == Path::new("-") {
        Hashed::reader(io::stdin().lock(), Path::new("standard input"))?.request(None)
    } else {
        Hashed::file(path)?.request(Some(path))
    };
    screen::data(&request)?;
    Ok(0)
}
