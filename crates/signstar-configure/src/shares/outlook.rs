//! What a plan can tell of shares, and with them, while nothing is changed or erased.

use std::rc::Rc;

use signstar::config::Config;

use super::{
    SharesError,
    ceremony::closed,
    layout::Layout,
    sets::Sets,
    uploads,
    vault::{Afterwards, Vault},
};

/// What can be had without changing or erasing anything: a vault if a threshold of shares is there.
pub(crate) fn peek(config: &Config) -> Result<Option<Rc<Vault>>, SharesError> {
    let Some((layout, _)) = Layout::of(config) else {
        return Ok(None);
    };
    let sets = Sets::read(layout.sets())?;
    let Some(set) = &sets.in_force else {
        return Ok(None);
    };
    super::guard();
    let shares = uploads::look(&layout, set).shares;
    if shares.len() < usize::from(set.scheme().threshold()) {
        return Ok(None);
    }
    let shares = shares.into_iter().map(|(_, share)| share).collect();
    Vault::open(set, shares, &layout, sets.next.is_some(), Afterwards::Kept)
        .map(|vault| Some(Rc::new(vault)))
        .map_err(closed(set))
}

/// What a plan says of shares.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlook {
    /// What is to be done, a line for each.
    pub(crate) pending: Vec<String>,
    /// How many shares it takes to look at everything.
    pub(crate) threshold: u8,
}

/// What there is to be done about shares. `None` unless the credentials are in shares.
pub(crate) fn outlook(config: &Config) -> Result<Option<Outlook>, SharesError> {
    let Some((layout, sharing)) = Layout::of(config) else {
        return Ok(None);
    };
    let sets = Sets::read(layout.sets())?;
    let mut pending = Vec::new();
    let mut threshold = sharing.threshold;
    match &sets.in_force {
        None => pending.push(format!(
            "make shares for {} holders and have them confirmed (`signstar-configure hsm apply`)",
            sharing.holders.len()
        )),
        Some(set) => {
            threshold = set.scheme().threshold();
            let lines = set.register.differences(set.scheme(), config, sharing);
            let told = |line| format!("{line} (`signstar-configure shares renew`)");
            pending.extend(lines.into_iter().map(told));
        }
    }
    if let (Some(_), Some(next)) = (&sets.in_force, &sets.next) {
        pending.push(format!(
            "the set {} waits to be confirmed (`signstar-configure shares renew`)",
            next.id()
        ));
    }
    Ok(Some(Outlook { pending, threshold }))
}
