//! The octets of a share, from which text and words are made.

use zeroize::Zeroizing;

use crate::{Scheme, SetId, Share, Unreadable, hash::sha256, set::Set, shamir::Value};

/// How many there are.
pub(crate) const LENGTH: usize = 55;
const VERSION: u8 = 1;
const CHECKSUM: usize = 4;

/// version, scheme, number, set id, value, checksum
pub(crate) fn encode(share: &Share) -> Zeroizing<[u8; LENGTH]> {
    let mut octets = Zeroizing::new([0; LENGTH]);
    let head = [VERSION, share.set.scheme.to_octet(), share.index];
    let body = head.iter().chain(&share.set.id.0).chain(share.value.iter());
    let (to, _) = octets.split_at_mut(LENGTH - CHECKSUM);
    for (to, from) in to.iter_mut().zip(body) {
        *to = *from;
    }
    let checksum = checksum(to);
    let (_, to) = octets.split_at_mut(LENGTH - CHECKSUM);
    to.copy_from_slice(&checksum);
    octets
}

/// The share in octets of any length.
///
/// Looks at the checksum first, and at the version next: what stands between depends on that.
pub(crate) fn decode(octets: &[u8]) -> Result<Share, Unreadable> {
    if !is_whole(octets) {
        return Err(Unreadable::Damaged { position: None });
    }
    match octets.first() {
        Some(&VERSION) => {}
        None | Some(0) => return Err(Unreadable::Malformed),
        Some(&version) => return Err(Unreadable::NewerVersion(version)),
    }
    decode_body(octets).ok_or(Unreadable::Malformed)
}

fn decode_body(octets: &[u8]) -> Option<Share> {
    let octets: &[u8; LENGTH] = octets.try_into().ok()?;
    let (head, rest) = octets.split_first_chunk::<3>()?;
    let (id, rest) = rest.split_first_chunk::<{ SetId::LENGTH }>()?;
    let (value, _) = rest.split_first_chunk::<32>()?;
    let [_, scheme, index] = *head;
    let scheme = Scheme::from_octet(scheme).ok()?;
    if !(1..=scheme.count()).contains(&index) {
        return None;
    }
    let id = SetId(*id);
    Some(Share::new(Set { id, scheme }, index, Value::new(*value)))
}

/// Whether the last octets are the checksum of those before.
pub(crate) fn is_whole(octets: &[u8]) -> bool {
    octets
        .split_last_chunk::<CHECKSUM>()
        .is_some_and(|(body, sum)| !body.is_empty() && checksum(body) == *sum)
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    sha256(&[body])
}
