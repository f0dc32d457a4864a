//! ASCII armor, read to its end before anybody looks inside.

use std::io::Read as _;

use pgp::{
    armor::{BlockType, Dearmor},
    errors::Error,
};

/// What an armored block begins with (RFC 9580 §6.2.1).
const BEGIN: &[u8] = b"-----BEGIN PGP ";

/// The octets in an armor of the kind `expected`, with nothing but white space around it.
///
/// The packet parser of the library reads on after an error of the armor below it, and panics
/// then (`pgp` 0.21, `armor/reader.rs`). It is only given octets that cannot fail.
pub(super) fn read(armored: &[u8], expected: BlockType) -> Result<Vec<u8>, Error> {
    let blocks = armored.windows(BEGIN.len()).filter(|part| *part == BEGIN);
    let text = armored.trim_ascii();
    if blocks.count() != 1 || !text.starts_with(BEGIN) || !text.ends_with(b"-----") {
        return Err(std::io::Error::other("not one armored block and nothing else").into());
    }
    let mut dearmor = Dearmor::new(text);
    dearmor.read_header()?;
    if dearmor.typ != Some(expected) {
        return Err(std::io::Error::other("armor of another kind").into());
    }
    let mut octets = Vec::new();
    dearmor.read_to_end(&mut octets)?;
    Ok(octets)
}
