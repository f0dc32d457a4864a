//! Certificates: any octets, kept beside a key.

use hyper::StatusCode;
use nethsm::body::Binary;
use nethsm::id::KeyId;
use nethsm::octets::Octets;
use nethsm::table::{DeleteCertificate, GetCertificate, PutCertificate};

use super::keys::place;
use super::{Caching, Done, Handle, inside};
use crate::answer::Refusal;
use crate::request::Request;

impl Handle for GetCertificate {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, id: KeyId, (): ()) -> Result<Done<Binary>, Refusal> {
        let (vault, _) = inside(request)?;
        let key = vault
            .key(&place(request, &id)?)?
            .ok_or_else(Refusal::not_found)?;
        Done::with(Binary(key.certificate.ok_or_else(Refusal::not_found)?.0))
    }
}

impl Handle for PutCertificate {
    const CACHING: Caching = Caching::Tagged;
    const CONTENT_TYPES: &'static [&'static str] = &["application/octet-stream"];

    fn handle(request: &Request, id: KeyId, certificate: Binary) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let place = place(request, &id)?;
        let writing = vault.writing()?;
        let unknown = || Refusal::new(StatusCode::NOT_FOUND, "keyID not found");
        let mut key = writing.key(&place)?.ok_or_else(unknown)?;
        if key.certificate.is_some() {
            let message = "Key already contains a certificate";
            return Err(Refusal::new(StatusCode::CONFLICT, message));
        }
        key.certificate = Some(Octets(certificate.0));
        writing.put_key(&place, &key)?;
        Done::with(())
    }
}

impl Handle for DeleteCertificate {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, id: KeyId, (): ()) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let place = place(request, &id)?;
        let writing = vault.writing()?;
        let mut key = writing.key(&place)?.ok_or_else(Refusal::not_found)?;
        if key.certificate.take().is_none() {
            let message = "There is no certificate for this KeyID.";
            return Err(Refusal::new(StatusCode::NOT_FOUND, message));
        }
        writing.put_key(&place, &key)?;
        Done::with(())
    }
}
