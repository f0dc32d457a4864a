//! One NetHSM, with all that is known of it on this host.

use std::{io::Write, rc::Rc, time::Duration};

use nethsm::client::{Tls, Url};
use signstar::config::{Config, HsmName, NetHsm};
use signstar_hsm::{
    AdministrativeCredentials,
    state::{Access, Step, Surplus},
};

use super::{
    HsmError, Scope,
    backups::Backups,
    known::Known,
    places::{self, Certificates, Passphrases, Place},
    wanted::Wanted,
};
use crate::{journal::Journal, shares::Vault};

/// One HSM, with all that is known of it on this host.
pub(super) struct Entry<'a> {
    pub(super) config: &'a Config,
    pub(super) name: &'a HsmName,
    pub(super) wanted: Wanted,
    pub(super) passphrases: Passphrases,
    pub(super) certificates: Certificates,
    pub(super) known: Known,
    pub(super) file: Place,
    timeout: Duration,
}

impl<'a> Entry<'a> {
    pub(super) fn new(
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
            if !device.trusted.is_empty() {
                continue;
            }
            // Another device may have come to the address of one that was known.
            if !scope.trust_new.is_empty() {
                let pin = trusted_now(&device.url, &scope.trust_new, timeout);
                device.trusted.extend(pin);
            }
            if device.trusted.is_empty() {
                let pin = known.pin(&device.url).map(str::to_owned);
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
    pub(super) fn credentials(&self) -> Result<AdministrativeCredentials, HsmError> {
        if places::load(&self.file)?.is_none() {
            let plan = self.access(None)?.plan()?;
            if !plan.refusals.is_empty() {
                return Err(HsmError::Refused(Box::new(plan)));
            }
        }
        places::complete(&self.file, &self.wanted.desired)
    }

    /// The credentials that are there.
    pub(super) fn stored(&self) -> Result<AdministrativeCredentials, HsmError> {
        places::load(&self.file)?.ok_or(HsmError::NoAdministration)
    }

    pub(super) fn back_up(&self, access: &Access<'_>, out: &mut dyn Write) -> Result<(), HsmError> {
        let Some(backups) = Backups::of(self.config, self.name) else {
            return Ok(());
        };
        let device = self.wanted.desired.devices.first();
        let device = device.map(|device| device.url.as_str()).unwrap_or_default();
        let path = backups.make(|file| Ok(access.backup_of(device, file).map(drop)?))?;
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
