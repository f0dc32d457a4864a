//! New shares in place of old ones: other holders, another threshold, a share that was lost.

use std::{io::Write, path::Path, time::Instant};

use super::{
    Patience, SharesError, ceremony::Ceremony, lock::lock, set::Set, uploads::erase_all,
    vault::nothing,
};
use crate::configuration::configuration;

/// What is renewed, and whether.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Renewal {
    /// Where the configuration has other holders or another threshold; and what was begun is
    /// completed.
    AsConfigured,
    /// In any case: a share was lost.
    Anew,
    /// Not at all: what was begun is given up, and the old shares stay.
    Abandon,
}

/// Makes new shares with a threshold of the old ones, and puts them in force when their holders have
/// confirmed that they can read them. Until then the old ones are good; run again, it goes on.
///
/// `config` is the configuration to use in place of the usual one.
pub fn renew(
    config: Option<&Path>,
    renewal: Renewal,
    patience: Patience,
    out: &mut dyn Write,
) -> Result<(), SharesError> {
    let config = configuration(config)?;
    let mut ceremony = Ceremony::of(&config)?.ok_or(SharesError::NotInShares)?;
    super::guard();
    let _lock = lock(ceremony.administration)?;
    // Somebody may have changed them before the lock was held.
    ceremony.sets = super::sets::Sets::read(ceremony.layout.sets())?;
    let deadline = Instant::now() + patience.wait;
    ceremony.settle()?;
    if renewal == Renewal::Abandon {
        return abandon(&mut ceremony, out);
    }
    if ceremony.sets.in_force.is_none() {
        return renew_first(&mut ceremony, renewal, out);
    }
    let is_begun = ceremony.sets.next.as_ref();
    let goes_on = is_begun.is_some_and(|next| ceremony.fits(next)) && renewal != Renewal::Anew;
    if !goes_on {
        let is_right = ceremony.sets.in_force.as_ref();
        let is_right = is_right.is_some_and(|set| ceremony.fits(set));
        if is_right && renewal != Renewal::Anew {
            if ceremony.sets.next.is_some() {
                // The configuration was changed back.
                ceremony.sets.abandon()?;
                ceremony.settle()?;
            }
            return writeln!(out, "nothing to do").map_err(SharesError::Output);
        }
        let vault = ceremony.joined(deadline, out)?;
        let path = ceremony.layout.sets().to_owned();
        // The uploads are erased here.
        let secret = vault
            .into_secret()
            .map_err(|source| SharesError::Closed { path, source })?;
        ceremony.make(&secret)?;
        tell_made(&ceremony, out)?;
    }
    ceremony.confirmed(patience, deadline, out)?;
    ceremony.promote()?;
    let erased = erase_all(&ceremony.layout, &[]);
    erased.map_err(SharesError::file(ceremony.layout.volatile()))?;
    writeln!(
        out,
        "the new shares are in force; the old ones open nothing"
    )
    .map_err(SharesError::Output)
}

/// Nothing is in the box of a set that was never in force: another is made without asking anybody.
fn renew_first(
    ceremony: &mut Ceremony<'_>,
    renewal: Renewal,
    out: &mut dyn Write,
) -> Result<(), SharesError> {
    let fits = ceremony.sets.next.as_ref().map(|next| ceremony.fits(next));
    match (fits, nothing()) {
        (None, _) => return Err(SharesError::NoShares),
        (Some(fits), Some(secret)) if !fits || renewal == Renewal::Anew => {
            ceremony.make(&secret)?;
            tell_made(ceremony, out)?;
        }
        _ => {}
    }
    writeln!(out, "go on with `signstar-configure hsm apply`").map_err(SharesError::Output)
}

fn abandon(ceremony: &mut Ceremony<'_>, out: &mut dyn Write) -> Result<(), SharesError> {
    let Some(id) = ceremony.sets.next.as_ref().map(Set::id) else {
        return writeln!(out, "nothing to do").map_err(SharesError::Output);
    };
    ceremony.sets.abandon()?;
    ceremony.note(&format!("give up the shares of the set {id}"));
    ceremony.settle()?;
    let erased = erase_all(&ceremony.layout, &[]);
    erased.map_err(SharesError::file(ceremony.layout.volatile()))?;
    writeln!(out, "the set {id} is given up").map_err(SharesError::Output)
}

fn tell_made(ceremony: &Ceremony<'_>, out: &mut dyn Write) -> Result<(), SharesError> {
    let Some(next) = &ceremony.sets.next else {
        return Ok(());
    };
    let holders: Vec<&str> = next.register.names().collect();
    writeln!(
        out,
        "new shares, {}, are there for {}",
        next.scheme(),
        holders.join(", ")
    )
    .map_err(SharesError::Output)
}

/// Erases all uploads, without opening anything.
///
/// `config` is the configuration to use in place of the usual one.
pub fn wipe(config: Option<&Path>, out: &mut dyn Write) -> Result<(), SharesError> {
    let config = configuration(config)?;
    let mut ceremony = Ceremony::of(&config)?.ok_or(SharesError::NotInShares)?;
    let _lock = lock(ceremony.administration)?;
    let erased = erase_all(&ceremony.layout, &[]);
    erased.map_err(SharesError::file(ceremony.layout.volatile()))?;
    ceremony.note("erase all uploads");
    writeln!(
        out,
        "no share is left in {}",
        ceremony.layout.volatile().display()
    )
    .map_err(SharesError::Output)
}
