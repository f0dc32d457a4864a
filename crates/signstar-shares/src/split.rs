//! From one secret to a box and its shares.

use zeroize::Zeroizing;

use crate::{
    Scheme, SealedBox, Secret, Share,
    key::Key,
    set::Set,
    shamir::{self, Value},
};

/// Seals `secret` with a new key, and splits the key: the box, and the shares 1, 2 and so on.
///
/// `random` fills what it is given with uniformly random octets; [`getrandom::fill`] does. It is asked
/// for 32 octets at a time: the key, the coefficients of x, x² and so on, the salt of the box.
///
/// To share the same secret anew makes a new set: shares of the old one do not open the new box.
///
/// [`getrandom::fill`]: https://docs.rs/getrandom/latest/getrandom/fn.fill.html
///
/// # Errors
///
/// That of `random`; nothing else can go wrong.
pub fn split<E>(
    secret: &Secret,
    scheme: Scheme,
    mut random: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<(SealedBox, Vec<Share>), E> {
    let mut fresh = || -> Result<Value, E> {
        let mut octets = Zeroizing::new([0; Key::LENGTH]);
        random(&mut *octets)?;
        Ok(octets)
    };
    let key = Key::new(fresh()?);
    let coefficients = (1..scheme.threshold())
        .map(|_| fresh())
        .collect::<Result<Vec<Value>, E>>()?;
    let id = key.set_id(scheme);
    let set = Set { id, scheme };
    let shares: Vec<Share> = (1..=scheme.count())
        .map(|index| {
            let value = shamir::evaluate(key.octets(), &coefficients, index);
            Share::new(set, index, value)
        })
        .collect();
    let fingerprints = shares.iter().map(|share| share.receipt().fingerprint());
    let sealed = SealedBox::seal(&key, set, fingerprints.collect(), *fresh()?, secret);
    Ok((sealed, shares))
}
