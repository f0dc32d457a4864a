//! The HSMs that a command is about.

use std::rc::Rc;

use signstar::config::{Config, Hsm, HsmName};

use super::{HsmError, Scope, entry::Entry, token::TokenEntry, yubihsm::DeviceEntry};
use crate::shares::Vault;

/// The HSMs that are meant.
fn meant<'a>(
    config: &'a Config,
    scope: &Scope,
) -> Result<impl Iterator<Item = (&'a HsmName, &'a Hsm)>, HsmError> {
    let only = scope.hsm.clone();
    if let Some(name) = only
        .as_ref()
        .filter(|name| !config.hsms.contains_key(*name))
    {
        return Err(HsmError::NoHsm(name.clone()));
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

/// The NetHSMs that are meant, if what is asked for can be done with what is meant: tokens make no backups.
pub(super) fn backed_up<'a>(
    config: &'a Config,
    scope: &Scope,
    vault: Option<&Rc<Vault>>,
) -> Result<Vec<Entry<'a>>, HsmError> {
    match meant_alone(config, scope) {
        Some((_, Hsm::YubiHsm2(_))) => Ok(Vec::new()),
        _ => only_entries(config, scope, vault),
    }
}

/// The one HSM that is meant, if one is named.
fn meant_alone<'a>(config: &'a Config, scope: &'a Scope) -> Option<(&'a HsmName, &'a Hsm)> {
    let name = scope.hsm.as_ref()?;
    Some((name, config.hsms.get(name)?))
}

/// The same for what only a NetHSM can do.
pub(super) fn only_entries<'a>(
    config: &'a Config,
    scope: &Scope,
    vault: Option<&Rc<Vault>>,
) -> Result<Vec<Entry<'a>>, HsmError> {
    match meant_alone(config, scope) {
        Some((name, Hsm::Pkcs11(_))) => Err(HsmError::Unfit(format!(
            "[hsm.{name}] is a token: its PIN is changed, and its keys are copied, by the program of its \
             maker; see docs/hsm.md"
        ))),
        Some((name, Hsm::YubiHsm2(_))) => Err(HsmError::Unfit(format!(
            "[hsm.{name}] is a YubiHSM2, whose passphrases are not rotated; see docs/hsm.md"
        ))),
        _ => entries(config, scope, vault),
    }
}

/// The YubiHSM2 that are meant.
pub(super) fn devices<'a>(
    config: &'a Config,
    scope: &Scope,
    vault: Option<&Rc<Vault>>,
) -> Result<Vec<DeviceEntry<'a>>, HsmError> {
    let mut devices = Vec::new();
    for (name, hsm) in meant(config, scope)? {
        if let Hsm::YubiHsm2(device) = hsm {
            devices.push(DeviceEntry::new(config, name, device, scope, vault)?);
        }
    }
    Ok(devices)
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
