//! Requests for certificates of keys.

use nethsm::body::Pem;
use nethsm::csr::DistinguishedName;
use nethsm::id::KeyId;
use nethsm::table::MakeKeyCsr;

use super::{key_exists, place};
use crate::answer::Refusal;
use crate::csr;
use crate::handlers::{Done, Handle, inside};
use crate::request::Request;

impl Handle for MakeKeyCsr {
    const SCHEMA: &'static str = "subject_req";

    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(request: &Request, id: KeyId, name: DistinguishedName) -> Result<Done<Pem>, Refusal> {
        let (vault, _) = inside(request)?;
        let key = vault
            .loaded(&place(request, &id)?)?
            .ok_or_else(Refusal::not_found)?;
        Done::with(Pem(csr::request(&key.private, &name)?))
    }
}
