//! Fields: three bytes of length, big-endian, and so many bytes.

use std::io::{Read, Write};

use super::Error;

/// What a backup starts with, before the version.
pub(super) const MAGIC: &[u8; 15] = b"_NETHSM_BACKUP_";
/// What a backup of version 1 ends with.
pub(super) const END: &[u8; 19] = b"_NETHSM_BACKUP_END_";

/// The most bytes of a field.
const LONGEST: usize = (1 << 24) - 1;

/// The next field; nothing at the end of the file.
pub(super) fn read(from: &mut impl Read) -> Result<Option<Vec<u8>>, Error> {
    let mut first = Vec::new();
    from.take(1).read_to_end(&mut first)?;
    let Some(&high) = first.first() else {
        return Ok(None);
    };
    let mut rest = [0; 2];
    from.read_exact(&mut rest)?;
    let [middle, low] = rest;
    let length = u32::from_be_bytes([0, high, middle, low]);
    // Grows with what is there, not with what is announced.
    let mut field = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut field)?;
    if u32::try_from(field.len()) == Ok(length) {
        Ok(Some(field))
    } else {
        Err(Error::Truncated)
    }
}

/// A field that has to be there.
pub(super) fn expect(from: &mut impl Read) -> Result<Vec<u8>, Error> {
    read(from)?.ok_or(Error::Truncated)
}

/// Writes a field.
pub(super) fn write(to: &mut impl Write, field: &[u8]) -> Result<(), Error> {
    to.write_all(&length(field)?)?;
    to.write_all(field)?;
    Ok(())
}

/// The three bytes before a field.
pub(super) fn length(field: &[u8]) -> Result<[u8; 3], Error> {
    if field.len() > LONGEST {
        return Err(Error::Long);
    }
    let length = u32::try_from(field.len()).map_err(|_| Error::Long)?;
    let [_, high, middle, low] = length.to_be_bytes();
    Ok([high, middle, low])
}
