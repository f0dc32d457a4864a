//! Certificates that a token keeps beside its keys, if it does.

use std::{fs, path::Path};

use nethsm::passphrase::Passphrase;
use signstar::{
    config::Key,
    sign::{Certificate, PublicKey},
};
use signstar_hsm::pkcs11::{Failure, TokenError};

use super::{TokenEntry, TokenStep, copy};
use crate::hsm::{
    HsmError,
    files::{self, Compared, FileStep},
};

/// What is noted of a token that keeps none.
const REFUSED: &str = "refused";

impl TokenEntry<'_> {
    /// Compares the certificate on this host with that on the token, for a key that was found or is to be
    /// made. A certificate that is on the token is not made a second time.
    pub(super) fn compare_certificates(
        &self,
        key: &Key,
        found: Option<(&PublicKey, &Passphrase)>,
        compared: &mut Compared,
    ) -> Vec<TokenStep> {
        let Some(file) = &key.certificate else {
            return Vec::new();
        };
        if !self.may_keep() {
            return Vec::new();
        }
        let on_host = fs::read(file).ok();
        let on_token = found.and_then(|(public, pin)| {
            // What cannot be had now is not there.
            let kept = self.setup().fetch(copy(pin), &label(key)).ok().flatten()?;
            let its = Certificate::parse(&kept).ok()?.public_key()?;
            its.is_same_as(public).then_some(kept)
        });
        let key = key.id.to_string();
        match (&on_host, &on_token) {
            (None, Some(_)) => {
                let is_certify = |step: &FileStep| matches!(step, FileStep::Certify { .. });
                compared.steps.retain(|step| !is_certify(step));
                // Nothing is missing that could not be made.
                compared.notes.clear();
                let file = file.clone();
                vec![TokenStep::FetchCertificate { key, file }]
            }
            (Some(one), Some(other)) if one == other => Vec::new(),
            (None, None) if compared.steps.is_empty() => Vec::new(),
            _ => vec![TokenStep::KeepCertificate { key }],
        }
    }

    /// Keeps the certificate of a key on the token. Tells whether the token does that.
    pub(super) fn keep_certificate(&self, key: &Key) -> Result<bool, HsmError> {
        let Some(file) = &key.certificate else {
            return Ok(true);
        };
        let octets = fs::read(file).map_err(HsmError::file(file))?;
        match self.setup().keep(self.pin()?, &label(key), &octets) {
            Ok(()) => Ok(true),
            Err(TokenError::Failed {
                failure: Failure::Refused | Failure::Lost,
                ..
            }) => Ok(false),
            Err(source) => {
                Err(self.failed(format!("keep the certificate of key `{}`", key.id), source))
            }
        }
    }

    /// Writes the certificate that the token has.
    pub(super) fn fetch_certificate(&self, key: &Key, file: &Path) -> Result<(), HsmError> {
        let kept = self.setup().fetch(self.pin()?, &label(key));
        let failed =
            |source| self.failed(format!("fetch the certificate of key `{}`", key.id), source);
        match kept.map_err(failed)? {
            Some(octets) => files::keep(file, &octets),
            None => Err(HsmError::Unfit(format!(
                "the certificate of key `{}` is on the token no more",
                key.id
            ))),
        }
    }

    /// Whether the token is asked to keep certificates: it has not refused, as far as this host can note.
    fn may_keep(&self) -> bool {
        let known = self.administration.as_ref().map(|(_, known)| known);
        known.is_some_and(|known| known.pin(&self.noted()) != Some(REFUSED))
    }

    /// Notes that the token keeps none, and is not to be asked again.
    pub(super) fn note_refusal(&mut self) -> Result<(), HsmError> {
        let noted = self.noted();
        match &mut self.administration {
            Some((_, known)) => known.note(&noted, REFUSED),
            None => Ok(()),
        }
    }

    fn noted(&self) -> String {
        format!("{}#certificates", self.uri())
    }
}

/// What the certificate of a key is called on the token.
fn label(key: &Key) -> String {
    format!("{}.pgp", key.id)
}
