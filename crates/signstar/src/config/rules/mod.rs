//! The rules that no single table can break.
//!
//! Each is looked at for every table, so that all mistakes are told at once. What a table refers
//! to may be there and wrong: that is told once, where it stands.

mod administration;
mod devices;
mod keys;
mod log;
mod operators;
mod paths;
mod people;

use super::{Config, document::Document};

/// Notes whatever breaks a rule.
pub(super) fn check(config: &Config, document: &mut Document<'_>) {
    keys::check(config, document);
    log::check(config, document);
    operators::check(config, document);
    people::check(config, document);
    administration::check(config, document);
}

/// Notes whatever more is wrong for whoever sets up hosts.
pub(super) fn check_for_host(config: &Config, document: &mut Document<'_>) {
    people::check_for_host(config, document);
    operators::check_for_host(config, document);
    paths::check_for_host(config, document);
    devices::check_for_host(config, document);
}

/// The names of the tables `[table.NAME]`, for somebody who mistyped one.
fn suggestion<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names: Vec<&str> = names.collect();
    let suggestion = super::document::suggestion(wrong, &names);
    (!names.is_empty()).then_some(suggestion)
}
