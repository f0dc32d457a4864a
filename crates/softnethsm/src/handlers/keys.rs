//! Keys: how they are listed and shown, and how they go.

mod changing;
mod ciphers;
mod making;
mod requests;

use hyper::StatusCode;
use nethsm::body::Pem;
use nethsm::id::{KeyId, KeyPrefix};
use nethsm::key::{KeyItem, KeyMechanism, PublicKey, Restrictions};
use nethsm::query::KeyFilter;
use nethsm::table::{DeleteKey, GetKey, GetPublicPem, ListKeys, ListKeysFrom};
use nethsm::user::UserRole;

use super::{Caching, Done, Handle, inside};
use crate::answer::Refusal;
use crate::login::Caller;
use crate::request::Request;
use crate::vault::{KeyPlace, LoadedKey};

/// The caller sees the keys of their own namespace and no others.
pub(super) fn place(request: &Request, id: &KeyId) -> Result<KeyPlace, Refusal> {
    let (_, caller) = inside(request)?;
    Ok(place_of(caller, id))
}

pub(super) fn place_of(caller: &Caller, id: &KeyId) -> KeyPlace {
    KeyPlace {
        namespace: caller.id.namespace(),
        id: id.clone(),
    }
}

pub(super) fn key_exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
    let (vault, _) = inside(request)?;
    Ok(vault.has_key(&place(request, id)?)?)
}

/// Whether the caller's tags let them use a key: it has none, or shares one.
fn may_use(caller: &Caller, restrictions: &Restrictions) -> bool {
    restrictions.is_empty()
        || restrictions
            .tags
            .iter()
            .any(|tag| caller.tags.contains(tag))
}

/// Says no to callers without a tag of the key, and to what the key was not made for.
pub(super) fn allow_use(
    caller: &Caller,
    key: &LoadedKey,
    mechanism: KeyMechanism,
    wish: &str,
) -> Result<(), Refusal> {
    if !may_use(caller, &key.restrictions) {
        let message = "tags restriction not met";
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    if !key.mechanisms.contains(&mechanism) {
        let message = format!("Key mechanisms do not allow requested {wish}.");
        return Err(Refusal::bad(message));
    }
    Ok(())
}

/// The keys of the caller's namespace, sorted by octets, that start so and that the query asks for.
fn list(request: &Request, prefix: &str) -> Result<Done<Vec<KeyItem>>, Refusal> {
    let (vault, caller) = inside(request)?;
    let KeyFilter { usable, label } = request.query();
    let hides = usable && caller.role == UserRole::Operator;
    let mut items = Vec::new();
    for id in vault.key_ids(caller.id.namespace().as_ref())? {
        if !id.as_str().starts_with(prefix) {
            continue;
        }
        if hides || label.is_some() {
            // One that is gone in the meantime is not listed.
            let Some(key) = vault.key(&place(request, &id)?)? else {
                continue;
            };
            let has_label = label
                .as_ref()
                .is_none_or(|label| label == key.label.as_str());
            if !has_label || (hides && !may_use(caller, &key.restrictions)) {
                continue;
            }
        }
        items.push(KeyItem { id });
    }
    Done::with(items)
}

impl Handle for ListKeys {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Vec<KeyItem>>, Refusal> {
        list(request, "")
    }
}

impl Handle for ListKeysFrom {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, prefix: KeyPrefix, (): ()) -> Result<Done<Vec<KeyItem>>, Refusal> {
        list(request, prefix.as_str())
    }
}

impl Handle for GetKey {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, id: KeyId, (): ()) -> Result<Done<PublicKey>, Refusal> {
        let (vault, _) = inside(request)?;
        let place = place(request, &id)?;
        let record = vault.key(&place)?.ok_or_else(Refusal::not_found)?;
        let loaded = vault.loaded(&place)?.ok_or_else(Refusal::not_found)?;
        Done::with(PublicKey {
            mechanisms: record.mechanisms,
            key_type: loaded.private.key_type(),
            operations: record.operations,
            public: loaded.private.public(),
            restrictions: record.restrictions,
            label: record.label,
        })
    }
}

impl Handle for DeleteKey {
    const CACHING: Caching = Caching::Tagged;

    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(request: &Request, id: KeyId, (): ()) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        vault.writing()?.delete_key(&place(request, &id)?)?;
        Done::with(())
    }
}

impl Handle for GetPublicPem {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, id: KeyId, (): ()) -> Result<Done<Pem>, Refusal> {
        let (vault, _) = inside(request)?;
        let key = vault
            .loaded(&place(request, &id)?)?
            .ok_or_else(Refusal::not_found)?;
        Done::with(Pem(key.private.public_pem()?))
    }
}
