//! Signing: what keys are for.

use nethsm::id::KeyId;
use nethsm::key::{SignRequest, Signature};
use nethsm::octets::Octets;
use nethsm::table::Sign;

use super::keys::{allow_use, key_exists, place, place_of};
use super::{Done, Handle, inside};
use crate::answer::Refusal;
use crate::login::Caller;
use crate::request::Request;

impl Handle for Sign {
    const SCHEMA: &'static str = "sign_req";

    fn is_quick(request: &Request, caller: &Caller, id: &KeyId) -> bool {
        let Some(vault) = &request.vault else {
            return false;
        };
        let key = vault.ready(&place_of(caller, id));
        key.is_some_and(|key| key.private.signs_quickly())
    }

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
