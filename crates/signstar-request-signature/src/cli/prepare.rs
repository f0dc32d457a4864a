//! `prepare`: a request without an enclave.

use std::{io, path::Path};

use signstar_request_signature::{Error, Hashed, OutputType};

use super::{arguments::Prepare, screen};

/// Prints the request for one file.
pub(crate) fn prepare(arguments: &Prepare) -> Result<u8, Error> {
    let path = arguments.file.as_path();
    let output = OutputType::OpenPgpV4;
    let request = if path == Path::new("-") {
        Hashed::reader(io::stdin().lock(), Path::new("standard input"))?.request(output, None)
    } else {
        Hashed::file(path)?.request(output, Some(path))
    };
    screen::data(&request)?;
    Ok(0)
}
