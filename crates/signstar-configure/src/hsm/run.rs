//! From the configuration to the devices and back.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    rc::Rc,
};

use nethsm::id::UserId;
use signstar::config::{Config, HsmName};
use signstar_hsm::state::{Action, bring_about, rotate as rotate_one};

use super::{
    Form, HsmError, Outcome, Scope,
    backups::Backups,
    drill,
    entry::Entry,
    error::of_plan,
    meant::{backed_up, devices, entries, only_entries, tokens},
    places,
    token::TokenPlan,
    told::{AnyPlan, tell},
    yubihsm::DevicePlan,
};
use crate::{
    configuration::configuration,
    journal::Journal,
    shares::{self, First, SharesError, Vault},
};

fn read(scope: &Scope) -> Result<Config, HsmError> {
    Ok(configuration(scope.config.as_deref())?)
}

/// The credentials of all HSMs, where they are in shares: as soon as enough of those are there.
fn opened(
    config: &Config,
    scope: &Scope,
    first: First,
    out: &mut dyn Write,
) -> Result<Option<Rc<Vault>>, HsmError> {
    Ok(shares::open(config, first, scope.patience, out)?)
}

/// Refuses what can be refused without credentials, so that nobody hands in a share in vain.
fn refuse_early(config: &Config, scope: &Scope) -> Result<(), HsmError> {
    if shares::outlook(config)?.is_none() {
        return Ok(());
    }
    for entry in entries(config, scope, None)? {
        let mut plan = entry.access(None)?.plan()?;
        plan.refusals
            .retain(|refusal| !refusal.is_missing_credentials());
        if !plan.refusals.is_empty() {
            return Err(HsmError::Refused(Box::new(plan)));
        }
    }
    Ok(())
}

pub(super) fn plan(scope: &Scope, form: Form, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let outlook = shares::outlook(&config)?;
    let vault = shares::peek(&config)?;
    let mut plans = BTreeMap::new();
    for entry in entries(&config, scope, vault.as_ref())? {
        entry.not_half_changed()?;
        let credentials = places::load(&entry.file)?;
        let plan = entry.access(credentials.as_ref())?.plan()?;
        plans.insert(entry.name.to_string(), AnyPlan::NetHsm(plan));
    }
    for token in tokens(&config, scope, vault.as_ref())? {
        plans.insert(token.name.to_string(), AnyPlan::Token(token.plan()?));
    }
    for device in devices(&config, scope, vault.as_ref())? {
        plans.insert(device.name.to_string(), AnyPlan::Device(device.plan()?));
    }
    tell(&plans, outlook.as_ref(), form, out)?;
    let is_pending = plans.values().any(AnyPlan::is_pending)
        || outlook.as_ref().is_some_and(|all| !all.pending.is_empty());
    let (mut refused, mut of_tokens, mut of_devices) = (Vec::new(), Vec::new(), Vec::new());
    for plan in plans.into_values() {
        match plan {
            AnyPlan::NetHsm(plan) if !plan.refusals.is_empty() => refused.push(plan),
            AnyPlan::Token(plan) if !plan.refusals.is_empty() => of_tokens.push(plan),
            AnyPlan::Device(plan) if !plan.refusals.is_empty() => of_devices.push(plan),
            _ => {}
        }
    }
    if let Some(plan) = refused.into_iter().max_by_key(of_plan) {
        return match outlook {
            // What is known is told, whatever else there may be.
            Some(all) if vault.is_none() && of_plan(&plan) == 22 => match all.pending.as_slice() {
                [] => Err(SharesError::CannotLook(all.threshold).into()),
                _ => Ok(Outcome::Pending),
            },
            _ => Err(HsmError::Refused(Box::new(plan))),
        };
    }
    if let Some(plan) = of_tokens.into_iter().max_by_key(TokenPlan::status) {
        return Err(HsmError::RefusedToken(Box::new(plan)));
    }
    if let Some(plan) = of_devices.into_iter().max_by_key(DevicePlan::status) {
        return Err(HsmError::RefusedDevice(Box::new(plan)));
    }
    Ok(if is_pending {
        Outcome::Pending
    } else {
        Outcome::Done
    })
}

pub(super) fn apply(scope: &Scope, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let _lock = places::lock(places::administration(&config)?)?;
    refuse_early(&config, scope)?;
    let vault = opened(&config, scope, First::Make, out)?;
    for mut entry in entries(&config, scope, vault.as_ref())? {
        places::make_folders(&entry.wanted)?;
        entry.finish_administrators(out)?;
        let credentials = entry.credentials()?;
        let access = entry.access(Some(&credentials))?;
        let done = bring_about(&access, &mut entry.teller(out)?)?;
        if done.is_empty() {
            writeln!(out, "{}: nothing to do", entry.name).map_err(HsmError::Output)?;
        }
        // A device that was unlocked has what it had.
        if done.iter().any(|step| step.action != Action::Unlock) {
            entry.back_up(&access, out)?;
        }
        for device in &entry.wanted.desired.devices {
            let now = device.certificate.iter().map(|wanted| &wanted.sha256);
            if let Some(pin) = now.chain(&device.trusted).next() {
                entry.known.note(&device.url, pin)?;
            }
        }
    }
    for mut token in tokens(&config, scope, vault.as_ref())? {
        token.apply(out)?;
    }
    for mut device in devices(&config, scope, vault.as_ref())? {
        device.apply(out)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn audit(scope: &Scope, follow: bool, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let mut is_whole = true;
    let mut any = false;
    for device in devices(&config, scope, None)?
        .iter()
        .filter(|device| device.is_audited())
    {
        is_whole &= device.audit(follow, out)?;
        any = true;
    }
    match (any, is_whole) {
        (false, _) => Err(HsmError::Unfit(
            "no YubiHSM2 has an `auditor`, so that no log is to be read".to_owned(),
        )),
        (true, true) => Ok(Outcome::Done),
        (true, false) => Ok(Outcome::Pending),
    }
}

pub(super) fn rotate(
    scope: &Scope,
    users: &[String],
    out: &mut dyn Write,
) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let _lock = places::lock(places::administration(&config)?)?;
    let vault = opened(&config, scope, First::Refuse, out)?;
    for entry in only_entries(&config, scope, vault.as_ref())? {
        entry.finish_administrators(out)?;
        let credentials = entry.stored()?;
        let access = entry.access(Some(&credentials))?;
        let is_meant =
            |user: &&UserId| users.is_empty() || users.iter().any(|one| one == user.as_str());
        for user in entry.passphrases.users().filter(is_meant) {
            rotate_one(&access, user, &mut entry.teller(out)?)?;
        }
        entry.back_up(&access, out)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn rotate_administrators(
    scope: &Scope,
    out: &mut dyn Write,
) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let _lock = places::lock(places::administration(&config)?)?;
    let vault = opened(&config, scope, First::Refuse, out)?;
    for entry in only_entries(&config, scope, vault.as_ref())? {
        entry.change_administrators(out)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn backup(scope: &Scope, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let _lock = places::lock(places::administration(&config)?)?;
    let vault = opened(&config, scope, First::Refuse, out)?;
    for entry in backed_up(&config, scope, vault.as_ref())? {
        entry.finish_administrators(out)?;
        let credentials = entry.stored()?;
        entry.back_up(&entry.access(Some(&credentials))?, out)?;
    }
    for device in devices(&config, scope, vault.as_ref())? {
        device.back_up(out)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn restore(
    scope: &Scope,
    device: &str,
    backup: &Path,
    out: &mut dyn Write,
) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let _lock = places::lock(places::administration(&config)?)?;
    let vault = opened(&config, scope, First::Refuse, out)?;
    let mut devices = devices(&config, scope, vault.as_ref())?;
    if let Some(found) = devices.iter_mut().find(|one| one.is_at(device)) {
        found.restore(backup, out)?;
        writeln!(out, "{device}: restored").map_err(HsmError::Output)?;
        return Ok(Outcome::Done);
    }
    let all = backed_up(&config, scope, vault.as_ref())?;
    let has = |entry: &&Entry<'_>| {
        let mut devices = entry.wanted.desired.devices.iter();
        devices.any(|one| one.url == device)
    };
    let entry = all
        .iter()
        .find(has)
        .ok_or_else(|| HsmError::Unfit(format!("no HSM has a device with the address {device}")))?;
    entry.restore(device, backup)?;
    Journal::open(&config.journal)?.changed(
        entry.name.as_str(),
        Some(device),
        &format!("restore the backup {}", backup.display()),
    );
    writeln!(out, "{device}: restored").map_err(HsmError::Output)?;
    Ok(Outcome::Done)
}

pub(super) fn verify_backup(
    scope: &Scope,
    backup: Option<&Path>,
    out: &mut dyn Write,
) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    // Without shares, nothing is changed here.
    let in_shares = shares::outlook(&config)?.is_some();
    let _lock = match in_shares {
        true => Some(places::lock(places::administration(&config)?)?),
        false => None,
    };
    if backup.is_none() {
        // Before anybody hands in a share for nothing.
        let entries = backed_up(&config, scope, None)?;
        let devices = devices(&config, scope, None)?;
        let names = entries.iter().map(|entry| entry.name);
        for name in names.chain(devices.iter().map(|device| device.name)) {
            let kept = Backups::of(&config, name);
            kept.map(|backups| backups.newest()).transpose()?;
        }
    }
    let vault = opened(&config, scope, First::Refuse, out)?;
    for device in devices(&config, scope, vault.as_ref())? {
        let Some(path) = meant_backup(backup, &config, device.name)? else {
            continue;
        };
        let objects = device.verify_backup(&path)?;
        let (name, path) = (device.name, path.display());
        writeln!(
            out,
            "{name}: {path} is good: {objects} objects open, all keys among them"
        )
        .map_err(HsmError::Output)?;
    }
    for entry in backed_up(&config, scope, vault.as_ref())? {
        let Some(path) = meant_backup(backup, &config, entry.name)? else {
            continue;
        };
        entry.not_half_changed()?;
        let credentials = entry.stored()?;
        let desired = &entry.wanted.desired;
        let keys = drill::verify(&path, desired, &credentials, &entry.certificates)?;
        let name = entry.name;
        writeln!(out, "{name}: {} is good: {keys} keys sign", path.display())
            .map_err(HsmError::Output)?;
    }
    Ok(Outcome::Done)
}

/// The backup that somebody names, else the newest one of this HSM; nothing if nobody downloads any.
fn meant_backup(
    named: Option<&Path>,
    config: &Config,
    name: &HsmName,
) -> Result<Option<PathBuf>, HsmError> {
    match (named, Backups::of(config, name)) {
        (Some(path), _) => Ok(Some(path.to_owned())),
        (None, Some(backups)) => backups.newest().map(Some),
        (None, None) => Ok(None),
    }
}
