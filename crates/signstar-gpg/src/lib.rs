//! Stands where programs look for `gpg` and has an enclave sign.
//!
//! A command line is read as `gpg` reads it ([`Arguments`]), then it is clear what it asks for
//! ([`Call`]). A signature with a key that is in an enclave ([`Enclaves`]) is made there and
//! checked before anything is written; everything else is for the real `gpg` ([`Search`]).
//!
//! Nothing is guessed: a signature that is asked for in a way that no enclave can do fails, and
//! never becomes another signature or one of somebody else.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod arguments;
mod ask;
mod call;
mod clear;
mod complain;
mod effect;
mod enclaves;
mod error;
mod key;
mod list;
pub mod manual;
mod options;
mod real;
pub mod repository;
mod sign;
mod status;
mod surroundings;

use std::{
    ffi::OsString,
    io::{self, Write},
};

pub use arguments::Arguments;
pub use call::{Call, Form, Signing, StatusTo};
pub use clear::Text;
pub use complain::complain;
pub use enclaves::{Enclave, Enclaves};
pub use error::Error;
pub use key::{Component, Key};
pub use real::{Search, VISITED};
pub use sign::Signer;
pub use status::Status;
pub use surroundings::{Surroundings, connect};

/// Does what the command line `line` asks `gpg` for, without the name of the program.
///
/// Returns when an enclave has done it. Where the real `gpg` has to, this process becomes it.
pub fn run(line: &[OsString], around: &Surroundings) -> Result<(), Error> {
    let arguments = Arguments::parse(line);
    match Call::of(&arguments) {
        Call::Sign(signing) => match signing.signer(&around.enclaves()?)? {
            Signer::Enclave(enclave) => signing.make(enclave),
            Signer::GnuPg => Err(around.search.become_it(line)),
        },
        Call::ListSecretKeys => list_secret_keys(line, &arguments, around),
        Call::Other => Err(around.search.become_it(line)),
    }
}

/// Shows the keys of enclaves, then those of the real `gpg` that are asked for as well.
fn list_secret_keys(
    line: &[OsString],
    arguments: &Arguments,
    around: &Surroundings,
) -> Result<(), Error> {
    let enclaves = around.enclaves()?;
    let shown: Vec<&Enclave> = if arguments.names.is_empty() {
        enclaves.iter().collect()
    } else {
        let is_named = |enclave: &&Enclave| {
            let names = &mut arguments
                .names
                .iter()
                .filter_map(|name| enclaves.find(name));
            names.any(|named| std::ptr::eq(named, *enclave))
        };
        enclaves.iter().filter(is_named).collect()
    };
    let text: String = shown
        .iter()
        .map(|enclave| match arguments.has("with-colons") {
            true => list::colons(enclave),
            false => list::plain(enclave),
        })
        .collect();
    let mut stdout = io::stdout();
    let written = stdout.write_all(text.as_bytes());
    written
        .and_then(|()| stdout.flush())
        .map_err(|source| Error::write("standard output", source))?;

    let others: Vec<&OsString> = (arguments.names.iter())
        .filter(|name| enclaves.find(name).is_none())
        .collect();
    let is_complete = others.is_empty() && !arguments.names.is_empty();
    // Who has keys in an enclave only need not have any other `gpg`.
    let is_all = others.is_empty() && !shown.is_empty() && around.search.find().is_err();
    if is_complete || is_all {
        return Ok(());
    }
    let options = line.get(..arguments.names_begin).unwrap_or_default();
    let rest = options.iter().chain(others);
    Err(around.search.become_it(rest))
}
