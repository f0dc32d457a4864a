//! Signing: what keys are for.

use nethsm::id::KeyId;
use nethsm::key::{SignRequest, Signature};
use nethsm::octets::Octets;
use nethsm::table::Sign;

use super::keys::{allow_use, key_exists, place};
use super::{Done, Handle, inside};
use crate::answer::Refusal;
use crate::request::Request;

impl Handle for Sign {
    const SCHEMA: &'static str = "sign_req";

    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(request: &Request, id: KeyId, wish: SignRequest) -> Result<Done<Signature>, Refusal> {
        let (vault, caller) = inside(request)?;
        let place = place(request, &id)?;
        let key = vault.loaded(&place)?.ok_or_else(Refusal::not_found)?;
        allow_use(caller, &key, wish.mode.mechanism(), "signing")?;
        let signature = key.private.sign(wish.mode, wish.message.as_ref())?;
        vault.used(&place)?;
        Done::with(Signature {
            signature: Octets(signature),
        })
    }
}
