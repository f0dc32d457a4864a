//! A SHA-512 computation that is stopped at the end of a file and can be continued.

use std::fmt;

use sha2::{
    Digest, Sha512,
    digest::common::hazmat::{DeserializeStateError, SerializableState},
};

/// The octets of the layout that is produced (`spec/request.md`, "State").
pub const STATE_OCTETS: usize = 208;

/// The octets of the layout of older clients, under the same type tag.
const OLDER_OCTETS: usize = 210;
/// What stands before the position octet in the older layout: the length of a digest.
const OLDER_MARK: u8 = 64;
/// The chaining value (64 octets) and the count of blocks (16 octets).
const HEAD: usize = 80;
const CHAINING: usize = 64;
/// Octets of one block of SHA-512 (FIPS 180-4 §1).
const BLOCK: u64 = 128;
/// Files of this many octets and more are refused: 1 PiB.
const TOO_LONG: u64 = 1 << 50;

/// The state of SHA-512 after all octets of a file, before the padding.
///
/// Only states that a file below 1 PiB can have are accepted, as far as that can be told from
/// the state.
#[derive(Clone)]
pub struct Sha512State {
    hasher: Sha512,
    length: u64,
}

/// A state that no client with a file can have sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidState {
    /// Neither 208 nor 210 octets.
    #[error("the state has {0} octets; 208 or, in the older layout, 210 are expected")]
    Length(usize),
    /// The octet before the position is not 64 (older layout only).
    #[error("the older layout has {0} before the position octet; 64 is expected")]
    Mark(u8),
    /// The position lies outside a block.
    #[error("position {0} lies outside a block of 128 octets")]
    Position(u8),
    /// The unused part of the buffer is not zero.
    #[error("the buffer holds octets behind its position")]
    Remainder,
    /// The file would have 1 PiB or more.
    #[error("the file would have 1 PiB or more")]
    TooLong,
    /// No block was hashed, yet the chaining value is not the initial one.
    #[error("no block was hashed, yet the chaining value is not the initial one")]
    Chaining,
}

impl Sha512State {
    /// Takes a state in the layout of 208 octets, or in the older one of 210.
    pub fn from_octets(octets: &[u8]) -> Result<Self, InvalidState> {
        let (head, buffer) = octets
            .split_at_checked(HEAD)
            .ok_or(InvalidState::Length(octets.len()))?;
        let buffer = match (octets.len(), buffer) {
            (STATE_OCTETS, buffer) => buffer,
            (OLDER_OCTETS, [OLDER_MARK, buffer @ ..]) => buffer,
            (OLDER_OCTETS, [mark, ..]) => return Err(InvalidState::Mark(*mark)),
            (length, _) => return Err(InvalidState::Length(length)),
        };
        let (&position, buffer) = buffer
            .split_first()
            .ok_or(InvalidState::Length(octets.len()))?;
        if u64::from(position) >= BLOCK {
            return Err(InvalidState::Position(position));
        }
        if buffer.iter().skip(position.into()).any(|&octet| octet != 0) {
            return Err(InvalidState::Remainder);
        }
        let (chaining, blocks) = head.split_at(CHAINING);
        let length = length(blocks, position)?;
        let initial = Sha512::new().serialize();
        if length < BLOCK && !initial.starts_with(chaining) {
            return Err(InvalidState::Chaining);
        }

        let mut layout = [0; STATE_OCTETS];
        let used = head.iter().chain([&position]).chain(buffer);
        for (to, from) in layout.iter_mut().zip(used) {
            *to = *from;
        }
        let hasher = Sha512::deserialize(&layout.into())
            .map_err(|DeserializeStateError| InvalidState::Position(position))?;
        Ok(Self { hasher, length })
    }

    /// Takes over from a hasher that has seen a whole file.
    ///
    /// Fails if that file has 1 PiB or more.
    pub fn from_hasher(hasher: &Sha512) -> Result<Self, InvalidState> {
        Self::from_octets(&hasher.serialize())
    }

    /// This state in the layout of 208 octets.
    pub fn to_octets(&self) -> [u8; STATE_OCTETS] {
        self.hasher.serialize().into()
    }

    /// A hasher that continues where the file ends.
    pub fn to_hasher(&self) -> Sha512 {
        self.hasher.clone()
    }

    /// The SHA-512 of the file.
    pub fn digest(&self) -> [u8; 64] {
        self.hasher.clone().finalize().into()
    }

    /// Whether what was hashed may begin with `octets`, of which there are fewer than 128.
    ///
    /// Once a whole block was hashed, its octets can no longer be told from the state.
    pub fn may_begin_with(&self, octets: &[u8]) -> bool {
        let layout = self.to_octets();
        let buffer = layout.iter().skip(HEAD + 1);
        self.length >= BLOCK
            || (usize::try_from(self.length).is_ok_and(|length| length >= octets.len())
                && buffer.zip(octets).all(|(one, other)| one == other))
    }

    /// The octets of the file that the client says it hashed.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl fmt::Debug for Sha512State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sha512State")
            .field("digest", &hex::encode(self.digest()))
            .field("length", &self.length)
            .finish()
    }
}

/// The length of the file, from the little-endian count of its full blocks and the octets after.
fn length(blocks: &[u8], position: u8) -> Result<u64, InvalidState> {
    let blocks = blocks.try_into().map_err(|_| InvalidState::TooLong)?;
    u64::try_from(u128::from_le_bytes(blocks))
        .ok()
        .and_then(|blocks| blocks.checked_mul(BLOCK))
        .and_then(|octets| octets.checked_add(position.into()))
        .filter(|&length| length < TOO_LONG)
        .ok_or(InvalidState::TooLong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_state_can_be_continued(head in proptest::collection::vec(any::<u8>(), 0..600), tail in any::<Vec<u8>>()) {
            let state = Sha512State::from_hasher(&Sha512::new_with_prefix(&head)).expect("short enough");
            let again = Sha512State::from_octets(&state.to_octets()).expect("own layout");
            prop_assert_eq!(again.length(), u64::try_from(head.len()).expect("short enough"));
            prop_assert_eq!(again.digest(), <[u8; 64]>::from(Sha512::digest(&head)));
            let continued = again.to_hasher().chain_update(&tail).finalize();
            prop_assert_eq!(continued, Sha512::digest([head, tail].concat()));
        }

        #[test]
        fn no_octets_cause_a_panic(octets in proptest::collection::vec(any::<u8>(), 200..220)) {
            if let Ok(state) = Sha512State::from_octets(&octets) {
                state.to_hasher().chain_update([0; 1000]).finalize();
            }
        }
    }
}
