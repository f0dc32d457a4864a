//! What people have to do before a ceremony goes on.

use std::{fmt, fs};

use super::set::Set;

/// What is waited for, and what each holder types for it. Nothing in it is secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Waiting {
    what: What,
    set: String,
    there: usize,
    needed: usize,
    /// Holders who may still do something, each with the kind of its key.
    missing: Vec<(String, &'static str)>,
    host: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Confirmations,
    Shares,
}

impl Waiting {
    /// Waits until `needed` holders have confirmed that they can read their shares of `set`.
    pub(super) fn for_confirmations(set: &Set, needed: usize) -> Self {
        let there = |name: &str| set.confirmed.contains(name);
        Self::new(What::Confirmations, set, needed, there)
    }

    /// Waits until the shares of `needed` holders of `set` are there; those of `uploaded` are.
    pub(super) fn for_shares(set: &Set, needed: usize, uploaded: &[String]) -> Self {
        let there = |name: &str| uploaded.iter().any(|one| one == name);
        Self::new(What::Shares, set, needed, there)
    }

    fn new(what: What, set: &Set, needed: usize, there: impl Fn(&str) -> bool) -> Self {
        let (done, missing): (Vec<_>, Vec<_>) = set
            .register
            .holders
            .iter()
            .partition(|held| there(&held.holder));
        let kind = |key: &str| match key.starts_with("ssh-rsa") {
            true => "id_rsa",
            false => "id_ed25519",
        };
        let missing = missing.iter();
        Self {
            what,
            set: set.id(),
            there: done.len(),
            needed,
            missing: missing
                .map(|held| (held.holder.clone(), kind(&held.key)))
                .collect(),
            host: host(),
        }
    }
}

/// The name of this host, as its holders may know it.
pub(super) fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    match !name.is_empty() && name.chars().all(is_name) {
        true => name.to_owned(),
        false => "HOST".to_owned(),
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            set,
            there,
            needed,
            missing,
            host,
        } = self;
        match what {
            What::Confirmations => {
                writeln!(
                    f,
                    "waiting for holders: {there} have confirmed that they can read their share of \
                     the set {set}, and {needed} have to"
                )?;
                f.write_str("each of the others uploads it, which is the confirmation:")?;
            }
            What::Shares => {
                writeln!(
                    f,
                    "waiting for shares: {there} of the set {set} are there, and {needed} have to be"
                )?;
                f.write_str("each of the others can upload theirs:")?;
            }
        }
        for (holder, key) in missing {
            write!(
                f,
                "\n    ssh {holder}@{host} download | age -d -i ~/.ssh/{key} | ssh {holder}@{host} \
                 upload"
            )?;
        }
        Ok(())
    }
}
