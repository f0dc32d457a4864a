//! Another certificate in the slot of a key.

use nethsm::body::Binary;
use nethsm::id::KeyId;
use nethsm::table::{DeleteCertificate, GetCertificate, PutCertificate};

use crate::answer::{Said, say};
use crate::failure::{Failure, Kind};
use crate::noun::Makes;
use crate::session::Session;

/// Puts `new` where another certificate may be. The device wants the slot empty for this; what
/// was there comes back if the new one is not taken.
pub(super) fn replace<V>(
    session: &Session,
    verb: &V,
    key: &KeyId,
    new: Vec<u8>,
) -> Result<(), Failure>
where
    V: Makes<GetCertificate> + Makes<DeleteCertificate> + Makes<PutCertificate>,
{
    let old = match session.call::<GetCertificate>(verb, key, &()) {
        Ok(old) => Some(old),
        Err(failure) if failure.kind == Kind::NotFound => None,
        Err(failure) => return Err(failure),
    };
    // Before anything is taken away.
    session.log_in_for::<PutCertificate>(verb)?;
    if old.is_some() {
        session.call::<DeleteCertificate>(verb, key, &())?;
    }
    let stored = session.call::<PutCertificate>(verb, key, &Binary(new));
    let (Err(failure), Some(old)) = (&stored, old) else {
        return stored.map(drop);
    };
    if let Err(again) = session.call::<PutCertificate>(verb, key, &old) {
        // With it the time of creation would be lost, and so the fingerprint.
        let kept = super::parsed(&old.0)
            .ok()
            .and_then(|certificate| certificate.to_armored().ok());
        let text = format!(
            "the certificate slot is empty now ({}); this was in it:\n{}",
            again.what,
            kept.unwrap_or_default()
        );
        say(session.globals.output, Said::Warning, &text, None);
    }
    Err(Failure::new(
        failure.kind,
        failure.what.clone(),
        failure.hint.clone(),
    ))
}
