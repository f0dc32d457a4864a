//! Entries in their files (C2SP `tlog-tiles`, "Log entries").

use super::tile::WIDTH;

/// The most octets of an entry: what two octets can count.
pub const MAX_ENTRY_OCTETS: usize = 0xffff;

/// An entry of more than [`MAX_ENTRY_OCTETS`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the entry has {0} octets; a log takes at most 65535")]
pub struct EntryTooLong(pub usize);

/// Octets that are not a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not 1 to 256 entries, each behind its length")]
pub struct InvalidBundle;

/// Puts `entry` behind the entries of `bundle`.
pub fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), EntryTooLong> {
    let length = u16::try_from(entry.len()).map_err(|_| EntryTooLong(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle, in their order.
///
/// Fails unless there are 1 to 256 and nothing behind the last.
pub fn entries(bundle: &[u8]) -> Result<Vec<&[u8]>, InvalidBundle> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let length = u16::from_be_bytes(*length).into();
        let (entry, behind) = behind.split_at_checked(length).ok_or(InvalidBundle)?;
        entries.push(entry);
        rest = behind;
    }
    if rest.is_empty() && (1..=usize::from(WIDTH)).contains(&entries.len()) {
        Ok(entries)
    } else {
        Err(InvalidBundle)
    }
}
