//! Signing: what keys are for.

use hyper::StatusCode;
use nethsm::id::KeyId;
use nethsm::key::{SignRequest, Signature};
use nethsm::octets::Octets;
use nethsm::table::Sign;

use super::keys::{key_exists, may_use, place};
use super::{Done, Handle, inside};
use crate::answer::Refusal;
use crate::login::Caller;
use crate::request::Request;
use crate::vault::LoadedKey;

impl Handle for Sign {
    const SCHEMA: &'static str = "sign_req";
    const TAKES_MESSAGES: bool = true;

    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(request: &Request, id: KeyId, wish: SignRequest) -> Result<Done<Signature>, Refusal> {
        let (vault, caller) = inside(request)?;
        let place = place(request, &id)?;
        let key = vault.loaded(&place)?.ok_or_else(Refusal::not_found)?;
        allow_signing(caller, &key, &wish)?;
        let signature = key.private.sign(wish.mode, wish.message.as_ref())?;
        vault.used(&place)?;
        Done::with(Signature {
            signature: Octets(signature),
        })
    }
}

fn allow_signing(caller: &Caller, key: &LoadedKey, wish: &SignRequest) -> Result<(), Refusal> {
    if !may_use(caller, &key.restrictions) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "tags restriction not met",
        ));
    }
    if !key.mechanisms.contains(&wish.mode.mechanism()) {
        return Err(Refusal::bad(
            "Key mechanisms do not allow requested signing.",
        ));
    }
    Ok(())
}
