//! The HSMs that a command is about.

use std::rc::Rc;

use signstar::config::{Config, Hsm, HsmName};

use super::{HsmError, Scope, entry::Entry, token::TokenEntry};
use crate::shares::Vault;

/// The HSMs that are meant.
fn meant<'a>(
    config: &'a Config,
    scope: &Scope,
) -> Result<impl Iterator<Item = (&'a HsmName, &'a Hsm)>, HsmError> {
    let only = scope.hsm.clone();
    if let Some(name) = &only {
        match config.hsms.get(name) {
            None => return Err(HsmError::NoHsm(name.clone())),
            Some(Hsm::YubiHsm2(_)) => {
                return Err(HsmError::Unfit(format!(
                    "[hsm.{name}] is of the kind yubihsm2, which is set up by hand: see docs/hsm.md"
                )));
            }
            Some(_) => {}
        }
    }
    let all = config.hsms.iter();
    Ok(all.filter(move |(name, _)| only.as_ref().is_none_or(|only| only == *name)))
}

/// The NetHSMs that are meant.
pub(super) fn entries<'a>(
    config: &'a Config,
    scope: &Scope,
    vault: Option<&Rc<Vault>>,
) -> Result<Vec<Entry<'a>>, HsmError> {
    let mut entries = Vec::new();
    for (name, hsm) in meant(config, scope)? {
        // Who means all means all that can be meant.
        if let Hsm::NetHsm(hsm) = hsm {
            entries.push(Entry::new(config, name, hsm, scope, vault)?);
        }
    }
    Ok(entries)
}

/// The same for what only a NetHSM can do.
pub(super) fn only_entries<'a>(
    config: &'a Config,
    scope: &Scope,
    vault: Option<&Rc<Vault>>,
) -> Result<Vec<Entry<'a>>, HsmError> {
    if let Some(name) = &scope.hsm
        && let Some(Hsm::Pkcs11(_)) = config.hsms.get(name)
    {
        return Err(HsmError::Unfit(format!(
            "[hsm.{name}] is a token: its PIN is changed, and its keys are copied, by the program of its \
             maker; see docs/hsm.md"
        )));
    }
    entries(config, scope, vault)
}

/// The tokens that are meant.
pub(super) fn tokens<'a>(
    config: &'a Config,
    scope: &Scope,
    vault: Option<&Rc<Vault>>,
) -> Result<Vec<TokenEntry<'a>>, HsmError> {
    let mut tokens = Vec::new();
    for (name, hsm) in meant(config, scope)? {
        if let Hsm::Pkcs11(token) = hsm {
            tokens.push(TokenEntry::new(config, name, token, vault)?);
        }
    }
    Ok(tokens)
}
