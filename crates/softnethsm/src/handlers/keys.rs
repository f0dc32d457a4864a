//! Keys: how they come, how they are shown, how they go.

use nethsm::body::Pem;
use nethsm::call::BASE;
use nethsm::id::{BadId, Created, KeyId};
use nethsm::key::{
    GenerateKey, ImportKey, KeyItem, KeyLabel, KeyMechanism, PublicKey, Restrictions,
};
use nethsm::octets::SecretOctets;
use nethsm::table::{AddKey, DeleteKey, GetKey, GetPublicPem, ListKeys, MakeKey, PutKey};
use nethsm::user::UserRole;

use super::{Caching, Done, Handle, inside};
use crate::answer::Refusal;
use crate::keys::PrivateKey;
use crate::login::Caller;
use crate::random;
use crate::request::Request;
use crate::vault::{KeyPlace, KeyRecord};

/// The caller sees the keys of their own namespace and no others.
pub(super) fn place(request: &Request, id: &KeyId) -> Result<KeyPlace, Refusal> {
    let (_, caller) = inside(request)?;
    Ok(KeyPlace {
        namespace: caller.id.namespace(),
        id: id.clone(),
    })
}

pub(super) fn key_exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
    let (vault, _) = inside(request)?;
    Ok(vault.has_key(&place(request, id)?)?)
}

/// Whether the caller's tags let them use a key: it has none, or shares one.
pub(super) fn may_use(caller: &Caller, restrictions: &Restrictions) -> bool {
    restrictions.is_empty()
        || restrictions
            .tags
            .iter()
            .any(|tag| caller.tags.contains(tag))
}

fn made_up_id() -> Result<KeyId, Refusal> {
    random::id()?
        .parse()
        .map_err(|bad: BadId| Refusal::bad(bad.answer()))
}

/// What a new key is given besides its octets.
struct Attributes {
    mechanisms: Vec<KeyMechanism>,
    restrictions: Restrictions,
    label: KeyLabel,
}

fn store(
    request: &Request,
    id: &KeyId,
    private: &PrivateKey,
    mut attributes: Attributes,
) -> Result<(), Refusal> {
    attributes.mechanisms.sort_unstable();
    attributes.mechanisms.dedup();
    attributes.restrictions.tags.sort_unstable();
    attributes.restrictions.tags.dedup();
    let record = KeyRecord {
        private: SecretOctets::new(private.to_pkcs8()?.to_vec()),
        mechanisms: attributes.mechanisms,
        certificate: None,
        operations: 0,
        restrictions: attributes.restrictions,
        label: attributes.label,
    };
    let (vault, _) = inside(request)?;
    let place = place(request, id)?;
    let writing = vault.writing()?;
    if vault.has_key(&place)? {
        return Err(duplicate(id));
    }
    Ok(writing.put_key(&place, &record)?)
}

fn duplicate(id: &KeyId) -> Refusal {
    Refusal::bad(format!("Key with id {id} already exists"))
}

fn import(request: &Request, id: &KeyId, wish: ImportKey) -> Result<(), Refusal> {
    if key_exists(request, id)? {
        return Err(duplicate(id));
    }
    let private = PrivateKey::import(wish.key_type, &wish.private)?;
    let ImportKey {
        mechanisms,
        restrictions,
        label,
        ..
    } = wish;
    store(
        request,
        id,
        &private,
        Attributes {
            mechanisms,
            restrictions,
            label,
        },
    )
}

impl Handle for ListKeys {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Vec<KeyItem>>, Refusal> {
        let (vault, caller) = inside(request)?;
        let is_filtered = request.query("filter").is_some() && caller.role == UserRole::Operator;
        let label = request.query("label");
        let mut items = Vec::new();
        for id in vault.key_ids(caller.id.namespace().as_ref())? {
            if is_filtered || label.is_some() {
                let Some(key) = vault.key(&place(request, &id)?)? else {
                    continue;
                };
                let is_hidden = is_filtered && !may_use(caller, &key.restrictions);
                if is_hidden
                    || label
                        .as_ref()
                        .is_some_and(|label| label != key.label.as_str())
                {
                    continue;
                }
            }
            items.push(KeyItem { id });
        }
        Done::with(items)
    }
}

const KEY_CONTENT_TYPES: &[&str] = &["application/json", "multipart/form-data"];

impl Handle for AddKey {
    const SCHEMA: &'static str = "private_key_req";
    const CACHING: Caching = Caching::Tagged;
    const CONTENT_TYPES: &'static [&'static str] = KEY_CONTENT_TYPES;

    fn handle(request: &Request, (): (), wish: ImportKey) -> Result<Done<Created<KeyId>>, Refusal> {
        let id = made_up_id()?;
        import(request, &id, wish)?;
        let location = format!("{BASE}/keys/{id}");
        Done::created(Created { id }, location)
    }
}

impl Handle for PutKey {
    const SCHEMA: &'static str = "private_key_req";
    const CACHING: Caching = Caching::Tagged;
    const CONTENT_TYPES: &'static [&'static str] = KEY_CONTENT_TYPES;

    fn handle(request: &Request, id: KeyId, wish: ImportKey) -> Result<Done<()>, Refusal> {
        import(request, &id, wish)?;
        Done::with(())
    }
}

impl Handle for MakeKey {
    const SCHEMA: &'static str = "generate_key_req";

    fn handle(
        request: &Request,
        (): (),
        wish: GenerateKey,
    ) -> Result<Done<Created<KeyId>>, Refusal> {
        if wish.mechanisms.is_empty() {
            return Err(Refusal::bad("Empty set of mechanisms"));
        }
        if !wish
            .mechanisms
            .iter()
            .all(|mechanism| mechanism.fits(wish.key_type))
        {
            return Err(Refusal::bad("Mechanism does not match key type"));
        }
        let id = match wish.id {
            Some(id) => id,
            None => made_up_id()?,
        };
        if key_exists(request, &id)? {
            return Err(duplicate(&id));
        }
        let private = PrivateKey::generate(wish.key_type, wish.length)?;
        let GenerateKey {
            mechanisms,
            restrictions,
            label,
            ..
        } = wish;
        store(
            request,
            &id,
            &private,
            Attributes {
                mechanisms,
                restrictions,
                label,
            },
        )?;
        let location = format!("{BASE}/keys/{id}");
        Done::created(Created { id }, location)
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
            public: Some(loaded.private.public()),
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
