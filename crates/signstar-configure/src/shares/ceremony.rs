//! Holders come together: their confirmations are noted, their shares joined.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::Path,
    rc::Rc,
    thread::sleep,
    time::{Duration, Instant},
};

use signstar::config::{Administration, Config, Sharing};

use super::{
    SharesError,
    facts::publish,
    file::{Access, folder},
    layout::Layout,
    register::recipients,
    set::Set,
    sets::Sets,
    uploads::{self, erase_all},
    vault::{Afterwards, Vault, nothing},
    waiting::Waiting,
};
use crate::journal::Journal;

/// How often somebody looks whether another share is there.
const EVERY: Duration = Duration::from_millis(500);

/// How long people are waited for, and how many.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Patience {
    /// So long; with 0, what is not there yet ends the run.
    pub wait: Duration,
    /// How many holders have to confirm new shares, if not all of them. At least the threshold.
    pub enough: Option<u8>,
}

/// What is done where no shares were made yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum First {
    /// They are made.
    Make,
    /// Nothing: without shares there is nothing to be opened.
    Refuse,
}

/// All that a ceremony is about.
pub(super) struct Ceremony<'a> {
    pub(super) config: &'a Config,
    pub(super) administration: &'a Administration,
    pub(super) sharing: &'a Sharing,
    pub(super) layout: Layout,
    pub(super) sets: Sets,
    journal: Journal,
    /// Bad uploads that somebody was told of.
    told: BTreeSet<(String, String)>,
}

impl<'a> Ceremony<'a> {
    /// Reads what there is; `None` unless the credentials are in shares.
    pub(super) fn of(config: &'a Config) -> Result<Option<Self>, SharesError> {
        let (Some(administration), Some((layout, sharing))) =
            (&config.administration, Layout::of(config))
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            administration,
            sets: Sets::read(layout.sets())?,
            journal: Journal::open(&config.journal)?,
            config,
            sharing,
            layout,
            told: BTreeSet::new(),
        }))
    }

    /// Puts everything where it belongs, whatever was interrupted. Uploads for sets that are no
    /// more are erased.
    pub(super) fn settle(&self) -> Result<(), SharesError> {
        let above = self.layout.sets().parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(above).map_err(SharesError::file(above))?;
        let access = Access {
            mode: 0o700,
            ..Access::PRIVATE
        };
        folder(self.layout.sets(), access).map_err(SharesError::file(self.layout.sets()))?;
        self.sets.tidy()?;
        publish(&self.layout, &self.sets, self.sharing)?;
        let known: Vec<String> = self.sets.all().map(Set::id).collect();
        erase_all(&self.layout, &known).map_err(SharesError::file(self.layout.volatile()))
    }

    /// Makes a set that opens `secret`, for the holders of the configuration; it is the next.
    pub(super) fn make(&mut self, secret: &signstar_shares::Secret) -> Result<(), SharesError> {
        let holders = recipients(self.config, self.sharing)?;
        let threshold = self.sharing.threshold;
        self.sets.make(secret, threshold, &holders)?;
        let id = self.sets.next.as_ref().map(Set::id).unwrap_or_default();
        let count = holders.len();
        self.note(&format!(
            "make the shares of the set {id}: {threshold} of {count}"
        ));
        self.settle()
    }

    /// Makes the first set, if there is none for the holders of the configuration.
    fn make_first(&mut self) -> Result<(), SharesError> {
        let fits = self.sets.next.as_ref().is_some_and(|next| self.fits(next));
        match (fits, nothing()) {
            (false, Some(secret)) => self.make(&secret),
            _ => Ok(()),
        }
    }

    /// Puts the next set in force.
    pub(super) fn promote(&mut self) -> Result<(), SharesError> {
        self.sets.promote()?;
        let id = self.sets.in_force.as_ref().map(Set::id).unwrap_or_default();
        self.note(&format!("put the shares of the set {id} in force"));
        self.settle()
    }

    /// Whether `set` is for the holders and the threshold of the configuration.
    pub(super) fn fits(&self, set: &Set) -> bool {
        let differences = set
            .register
            .differences(set.scheme(), self.config, self.sharing);
        differences.is_empty()
    }

    /// Waits until enough holders have confirmed the next set.
    pub(super) fn confirmed(
        &mut self,
        patience: Patience,
        deadline: Instant,
        out: &mut dyn Write,
    ) -> Result<(), SharesError> {
        loop {
            let Some(next) = &self.sets.next else {
                return Ok(());
            };
            let needed = needed(next, patience.enough)?;
            self.look(Which::Next, out)?;
            match &self.sets.next {
                Some(next) if next.confirmed.len() < needed => {
                    let waiting = Waiting::for_confirmations(next, needed);
                    pause(deadline, waiting)?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Waits until a threshold of shares of the set in force is there, and opens its box.
    pub(super) fn joined(
        &mut self,
        deadline: Instant,
        out: &mut dyn Write,
    ) -> Result<Vault, SharesError> {
        loop {
            let shares = self.look(Which::InForce, out)?;
            let set = self.sets.in_force.as_ref().ok_or(SharesError::NoShares)?;
            let needed = usize::from(set.scheme().threshold());
            if shares.len() >= needed {
                let (holders, shares): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
                let is_renewing = self.sets.next.is_some();
                let erased = Afterwards::Erased;
                let vault = Vault::open(set, shares, &self.layout, is_renewing, erased);
                let vault = vault.map_err(closed(set))?;
                let id = set.id();
                self.note(&format!(
                    "open the box of the set {id} with the shares of {}",
                    holders.join(", ")
                ));
                return Ok(vault);
            }
            let holders: Vec<String> = shares.into_iter().map(|(holder, _)| holder).collect();
            let waiting = Waiting::for_shares(set, needed, &holders);
            pause(deadline, waiting)?;
        }
    }

    /// Takes the uploads for a set. A right one confirms that its holder can read the share; a wrong
    /// one is told of, once.
    fn look(
        &mut self,
        which: Which,
        out: &mut dyn Write,
    ) -> Result<Vec<(String, signstar_shares::Share)>, SharesError> {
        let set = match which {
            Which::InForce => self.sets.in_force.as_mut(),
            Which::Next => self.sets.next.as_mut(),
        };
        let Some(set) = set else {
            return Ok(Vec::new());
        };
        let found = uploads::look(&self.layout, set);
        let id = set.id();
        let mut news = Vec::new();
        for (holder, _) in &found.shares {
            if set.confirm(holder)? {
                news.push(holder.clone());
            }
        }
        for holder in &news {
            self.note(&format!("{holder} can read its share of the set {id}"));
            let _ = writeln!(out, "{holder} has confirmed its share");
        }
        if !news.is_empty() {
            publish(&self.layout, &self.sets, self.sharing)?;
        }
        for (holder, why) in found.bad {
            if self.told.insert((holder.clone(), why.clone())) {
                self.note(&format!("the upload of {holder} is not taken: {why}"));
                let _ = writeln!(out, "the upload of {holder} is not taken: {why}");
            }
        }
        Ok(found.shares)
    }

    pub(super) fn note(&mut self, what: &str) {
        self.journal.ceremony(what);
    }
}

#[derive(Clone, Copy)]
enum Which {
    InForce,
    Next,
}

/// How many holders have to confirm `set`.
fn needed(set: &Set, enough: Option<u8>) -> Result<usize, SharesError> {
    let (threshold, count) = (set.scheme().threshold(), set.scheme().count());
    match enough {
        None => Ok(count.into()),
        Some(enough) if (threshold..=count).contains(&enough) => Ok(enough.into()),
        Some(enough) => Err(SharesError::Unfit(format!(
            "{enough} confirmations are not enough: at least {threshold}, and there are {count} holders"
        ))),
    }
}

pub(super) fn closed(set: &Set) -> impl FnOnce(signstar_shares::CannotOpen) -> SharesError {
    let path = set.folder.join("box");
    move |source| SharesError::Closed { path, source }
}

/// Waits a little, or tells what is waited for.
fn pause(deadline: Instant, waiting: Waiting) -> Result<(), SharesError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(SharesError::Waiting(Box::new(waiting)));
    }
    sleep(EVERY.min(left));
    Ok(())
}

/// Joins a threshold of shares, and makes the first ones where there are none. `None` unless the
/// credentials are in shares. The uploads are erased when the vault is dropped.
pub(crate) fn open(
    config: &Config,
    first: First,
    patience: Patience,
    out: &mut dyn Write,
) -> Result<Option<Rc<Vault>>, SharesError> {
    let Some(mut ceremony) = Ceremony::of(config)? else {
        return Ok(None);
    };
    super::guard();
    let deadline = Instant::now() + patience.wait;
    ceremony.settle()?;
    if ceremony.sets.in_force.is_none() {
        match first {
            First::Refuse => return Err(SharesError::NoShares),
            First::Make => ceremony.make_first()?,
        }
        ceremony.confirmed(patience, deadline, out)?;
        ceremony.promote()?;
    }
    for line in differences(&ceremony) {
        let _ = writeln!(out, "shares: {line} (`signstar-configure shares renew`)");
    }
    ceremony.joined(deadline, out).map(Rc::new).map(Some)
}

fn differences(ceremony: &Ceremony<'_>) -> Vec<String> {
    let set = ceremony.sets.in_force.as_ref();
    set.map(|set| {
        let (config, sharing) = (ceremony.config, ceremony.sharing);
        set.register.differences(set.scheme(), config, sharing)
    })
    .unwrap_or_default()
}
