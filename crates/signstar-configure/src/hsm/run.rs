//! From the configuration to the devices and back.

use std::{collections::BTreeMap, io::Write, path::Path, rc::Rc, time::Duration};

use nethsm::{
    client::{Tls, Url},
    id::UserId,
};
use signstar::config::{Config, Hsm, HsmName, NetHsm};
use signstar_hsm::{
    AdministrativeCredentials,
    state::{Access, Action, Plan, Step, Surplus, bring_about, rotate as rotate_one},
};

use super::{
    Form, HsmError, Outcome, Scope,
    backups::Backups,
    drill,
    error::of_plan,
    known::Known,
    places::{self, Certificates, Passphrases, Place},
    wanted::Wanted,
};
use crate::{
    configuration::configuration,
    journal::Journal,
    shares::{self, First, SharesError, Vault},
};

/// One HSM, with all that is known of it on this host.
pub(super) struct Entry<'a> {
    config: &'a Config,
    pub(super) name: &'a HsmName,
    wanted: Wanted,
    passphrases: Passphrases,
    certificates: Certificates,
    known: Known,
    pub(super) file: Place,
    timeout: Duration,
}

impl<'a> Entry<'a> {
    fn new(
        config: &'a Config,
        name: &'a HsmName,
        hsm: &NetHsm,
        scope: &Scope,
        vault: Option<&Rc<Vault>>,
    ) -> Result<Self, HsmError> {
        let mut wanted = Wanted::new(config, name, hsm)?;
        if scope.remove_users {
            wanted.desired.surplus = Surplus::Deleted;
        }
        let administration = places::administration(config)?;
        let known = Known::read(administration.folder.join(format!("seen-{name}")))?;
        let timeout = Duration::from_secs(hsm.timeout_seconds().get().into());
        for device in &mut wanted.desired.devices {
            if device.trusted.is_empty() {
                let pin = known.pin(&device.url).map(str::to_owned);
                device.trusted.extend(pin);
            }
            if device.trusted.is_empty() && !scope.trust_new.is_empty() {
                let pin = trusted_now(&device.url, &scope.trust_new, timeout);
                device.trusted.extend(pin);
            }
        }
        Ok(Self {
            passphrases: Passphrases::new(config, &wanted)?,
            certificates: Certificates(wanted.certificates.clone()),
            file: places::administrative(administration, name, vault),
            config,
            name,
            wanted,
            known,
            timeout,
        })
    }

    pub(super) fn access<'b>(
        &'b self,
        credentials: Option<&'b AdministrativeCredentials>,
    ) -> Result<Access<'b>, HsmError> {
        Ok(Access::new(
            &self.wanted.desired,
            credentials,
            &self.passphrases,
            &self.certificates,
            self.timeout,
        )?)
    }

    /// The credentials; made up if there are none and nothing but fresh devices, which is what it
    /// takes for a plan without refusals.
    fn credentials(&self) -> Result<AdministrativeCredentials, HsmError> {
        if places::load(&self.file)?.is_none() {
            let plan = self.access(None)?.plan()?;
            if !plan.refusals.is_empty() {
                return Err(HsmError::Refused(Box::new(plan)));
            }
        }
        places::complete(&self.file, &self.wanted.desired)
    }

    /// The credentials that are there.
    fn stored(&self) -> Result<AdministrativeCredentials, HsmError> {
        places::load(&self.file)?.ok_or(HsmError::NoAdministration)
    }

    pub(super) fn back_up(&self, access: &Access<'_>, out: &mut dyn Write) -> Result<(), HsmError> {
        let Some(backups) = Backups::of(self.config, self.name) else {
            return Ok(());
        };
        let device = self.wanted.desired.devices.first();
        let device = device.map(|device| device.url.as_str()).unwrap_or_default();
        let path = backups.make(access, device)?;
        writeln!(out, "{}: backup in {}", self.name, path.display()).map_err(HsmError::Output)
    }

    /// Tells of a change on this host.
    pub(super) fn note(&self, change: &str, out: &mut dyn Write) -> Result<(), HsmError> {
        Journal::open(&self.config.journal)?.changed(self.name.as_str(), None, change);
        writeln!(out, "{}: this host: {change}", self.name).map_err(HsmError::Output)
    }

    /// Who is told of changes: whoever looks at the screen, and the journal.
    pub(super) fn teller<'b>(
        &'b self,
        out: &'b mut dyn Write,
    ) -> Result<impl FnMut(&Step) + 'b, HsmError> {
        let mut journal = Journal::open(&self.config.journal)?;
        Ok(move |step: &Step| {
            journal.changed(
                self.name.as_str(),
                step.device.as_deref(),
                &step.action.to_string(),
            );
            // What is done is done, whether or not somebody looks.
            let _ = writeln!(out, "{}: {step}", self.name);
        })
    }
}

/// The certificate that a device shows, if somebody has said that it is the right one.
fn trusted_now(url: &str, trust: &[String], timeout: Duration) -> Option<String> {
    let url: Url = url.parse().ok()?;
    let shown = Tls::shown(&url, timeout).ok()?.to_string();
    let shown = shown.trim_start_matches("pin:").to_owned();
    let is_it = |said: &String| said.trim_start_matches("pin:").eq_ignore_ascii_case(&shown);
    trust.iter().any(is_it).then_some(shown)
}

/// Names the HSMs that are set up by hand.
fn tell_of_others(config: &Config, out: &mut dyn Write) -> Result<(), HsmError> {
    let mut others = config
        .hsms
        .iter()
        .filter(|(_, hsm)| !matches!(hsm, Hsm::NetHsm(_)));
    others
        .try_for_each(|(name, hsm)| {
            writeln!(
                out,
                "[hsm.{name}]\nnote: an HSM of the kind {} is set up by hand: see docs/hsm.md",
                hsm.kind()
            )
        })
        .map_err(HsmError::Output)
}

/// The HSMs that are meant.
fn entries<'a>(
    config: &'a Config,
    scope: &Scope,
    vault: Option<&Rc<Vault>>,
) -> Result<Vec<Entry<'a>>, HsmError> {
    let is_meant = |name: &HsmName| scope.hsm.as_ref().is_none_or(|hsm| hsm == name);
    let mut entries = Vec::new();
    for (name, hsm) in config.hsms.iter().filter(|(name, _)| is_meant(name)) {
        match hsm {
            Hsm::NetHsm(hsm) => entries.push(Entry::new(config, name, hsm, scope, vault)?),
            other if scope.hsm.is_some() => {
                return Err(HsmError::Unfit(format!(
                    "[hsm.{name}] is of the kind {}, which is set up by hand: see docs/hsm.md",
                    other.kind()
                )));
            }
            // Who means all means all that can be meant.
            _ => {}
        }
    }
    match &scope.hsm {
        Some(name) if entries.is_empty() => Err(HsmError::NoHsm(name.clone())),
        _ => Ok(entries),
    }
}

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
        plans.insert(entry.name.to_string(), plan);
    }
    tell(&plans, outlook.as_ref(), form, out)?;
    if let (Form::Text, None) = (form, &scope.hsm) {
        tell_of_others(&config, out)?;
    }
    let is_pending = plans.values().any(|plan| !plan.steps.is_empty())
        || outlook.as_ref().is_some_and(|all| !all.pending.is_empty());
    let refused = plans.into_values().filter(|plan| !plan.refusals.is_empty());
    if let Some(plan) = refused.max_by_key(of_plan) {
        return match outlook {
            // What is known is told, whatever else there may be.
            Some(all) if vault.is_none() && of_plan(&plan) == 22 => match all.pending.as_slice() {
                [] => Err(SharesError::CannotLook(all.threshold).into()),
                _ => Ok(Outcome::Pending),
            },
            _ => Err(HsmError::Refused(Box::new(plan))),
        };
    }
    Ok(if is_pending {
        Outcome::Pending
    } else {
        Outcome::Done
    })
}

fn tell(
    plans: &BTreeMap<String, Plan>,
    outlook: Option<&shares::Outlook>,
    form: Form,
    out: &mut dyn Write,
) -> Result<(), HsmError> {
    let pending = outlook.map(|all| all.pending.as_slice());
    let told = match form {
        Form::Json => in_json(plans, pending).and_then(|text| writeln!(out, "{text}")),
        Form::Text => {
            let head = match pending.unwrap_or_default() {
                [] => String::new(),
                lines => format!("[administration]\n{}\n", lines.join("\n")),
            };
            let plans = plans.iter();
            let plans: String = plans
                .map(|(name, plan)| format!("[hsm.{name}]\n{plan}"))
                .collect();
            write!(out, "{head}{plans}")
        }
    };
    told.map_err(HsmError::Output)
}

/// An object with a plan for each HSM; in shares, also `[administration]`, which no HSM is called.
fn in_json(plans: &BTreeMap<String, Plan>, pending: Option<&[String]>) -> std::io::Result<String> {
    let mut all = BTreeMap::new();
    for (name, plan) in plans {
        all.insert(name.as_str(), serde_json::to_value(plan)?);
    }
    if let Some(pending) = pending {
        all.insert("[administration]", serde_json::json!({ "steps": pending }));
    }
    Ok(serde_json::to_string_pretty(&all)?)
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
    Ok(Outcome::Done)
}

pub(super) fn rotate(
    scope: &Scope,
    users: &[String],
    out: &mut dyn Write,
) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let _lock = places::lock(places::administration(&config)?)?;
    let vault = opened(&config, scope, First::Refuse, out)?;
    for entry in entries(&config, scope, vault.as_ref())? {
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
    for entry in entries(&config, scope, vault.as_ref())? {
        entry.change_administrators(out)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn backup(scope: &Scope, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    let config = read(scope)?;
    let _lock = places::lock(places::administration(&config)?)?;
    let vault = opened(&config, scope, First::Refuse, out)?;
    for entry in entries(&config, scope, vault.as_ref())? {
        entry.finish_administrators(out)?;
        let credentials = entry.stored()?;
        entry.back_up(&entry.access(Some(&credentials))?, out)?;
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
    let all = entries(&config, scope, vault.as_ref())?;
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
        for entry in entries(&config, scope, None)? {
            let kept = Backups::of(&config, entry.name);
            kept.map(|backups| backups.newest()).transpose()?;
        }
    }
    let vault = opened(&config, scope, First::Refuse, out)?;
    for entry in entries(&config, scope, vault.as_ref())? {
        let path = match (backup, Backups::of(&config, entry.name)) {
            (Some(path), _) => path.to_owned(),
            (None, Some(backups)) => backups.newest()?,
            (None, None) => continue,
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
