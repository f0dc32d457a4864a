//! Who has confirmed which share, and whose are there.

use std::{io::Write, path::Path};

use super::{SharesError, ceremony::Ceremony, set::Set, uploads};
use crate::configuration::configuration;

/// Tells which sets there are, who has confirmed what, and whose shares are there. Changes nothing.
///
/// `config` is the configuration to use in place of the usual one.
pub fn status(config: Option<&Path>, out: &mut dyn Write) -> Result<(), SharesError> {
    super::guard();
    let config = configuration(config)?;
    let ceremony = Ceremony::of(&config)?.ok_or(SharesError::NotInShares)?;
    let mut lines = Vec::new();
    let of = |set: &Set, state: &str, lines: &mut Vec<String>| {
        lines.push(format!("set {}: {}, {state}", set.id(), set.scheme()));
        let found = uploads::look(&ceremony.layout, set);
        for held in &set.register.holders {
            let name = &held.holder;
            let confirmed = match set.confirmed.contains(name) {
                true => "confirmed",
                false => "not confirmed",
            };
            let is_there = found.shares.iter().any(|(holder, _)| holder == name);
            let bad = found.bad.iter().find(|(holder, _)| holder == name);
            let upload = match (is_there, bad) {
                (true, _) => "its share is there".to_owned(),
                (_, Some((_, why))) => format!("its upload is not taken: {why}"),
                _ => "no share".to_owned(),
            };
            lines.push(format!("    {name}: {confirmed}; {upload}"));
        }
    };
    if let Some(set) = &ceremony.sets.in_force {
        of(set, "in force", &mut lines);
        let differ = set
            .register
            .differences(set.scheme(), &config, ceremony.sharing);
        lines.extend(
            differ
                .into_iter()
                .map(|line| format!("    to renew: {line}")),
        );
    }
    if let Some(set) = &ceremony.sets.next {
        of(set, "waits to be confirmed", &mut lines);
    }
    if lines.is_empty() {
        lines.push("no shares were made yet".to_owned());
    }
    for line in lines {
        writeln!(out, "{line}").map_err(SharesError::Output)?;
    }
    Ok(())
}
