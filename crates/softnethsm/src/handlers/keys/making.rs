//! New keys: made inside, or brought in as numbers or as PEM.

use nethsm::call::BASE;
use nethsm::id::{BadId, Created, KeyId};
use nethsm::key::{GenerateKey, ImportKey, ImportPem, PemArguments as Attributes};
use nethsm::multipart::{self, Part};
use nethsm::octets::SecretOctets;
use nethsm::table::{AddKey, MakeKey, PutKey};

use super::{key_exists, place};
use crate::answer::Refusal;
use crate::handlers::{Caching, Done, Handle, inside, json};
use crate::keys::{KeyError, PrivateKey};
use crate::random;
use crate::request::Request;
use crate::vault::KeyRecord;

fn made_up_id() -> Result<KeyId, Refusal> {
    random::id()?
        .parse()
        .map_err(|bad: BadId| Refusal::bad(bad.answer()))
}

/// Makes a key under a name that is free, and keeps it with what it is given besides its octets.
fn keep(
    request: &Request,
    id: &KeyId,
    attributes: Attributes,
    make: impl FnOnce() -> Result<PrivateKey, KeyError>,
) -> Result<(), Refusal> {
    let duplicate = || Refusal::bad(format!("Key with id {id} already exists"));
    if key_exists(request, id)? {
        return Err(duplicate());
    }
    let private = make()?;
    let Attributes {
        mut mechanisms,
        mut restrictions,
        label,
    } = attributes;
    mechanisms.sort_unstable();
    mechanisms.dedup();
    restrictions.tags.sort_unstable();
    restrictions.tags.dedup();
    let record = KeyRecord {
        private: private.to_kept()?,
        mechanisms,
        certificate: None,
        operations: 0,
        restrictions,
        label,
    };
    let (vault, _) = inside(request)?;
    let place = place(request, id)?;
    let writing = vault.writing()?;
    // Making takes its time, and others may have been faster.
    if vault.has_key(&place)? {
        return Err(duplicate());
    }
    Ok(writing.put_key(&place, &record)?)
}

fn import(request: &Request, id: &KeyId, wish: ImportKey) -> Result<(), Refusal> {
    let attributes = Attributes {
        mechanisms: wish.mechanisms,
        restrictions: wish.restrictions,
        label: wish.label,
    };
    keep(request, id, attributes, || {
        PrivateKey::import(wish.key_type, &wish.private)
    })
}

fn import_pem(request: &Request, id: &KeyId, wish: ImportPem) -> Result<(), Refusal> {
    keep(request, id, wish.arguments, || {
        PrivateKey::from_pem(wish.key.expose())
    })
}

/// The part with the smaller name is the JSON, the other the PEM, whatever they are called.
fn read_pem(body: &[u8]) -> Result<ImportPem, Refusal> {
    let parts = multipart::read(body)
        .ok()
        .and_then(|parts| <[Part<'_>; 2]>::try_from(parts).ok());
    let Some(mut parts) = parts else {
        return Err(Refusal::bad(
            "Invalid multipart request, must have exactly two parts: json parameters and pem file.",
        ));
    };
    parts.sort_by_key(|part| part.name);
    let [arguments, key] = parts;
    Ok(ImportPem {
        arguments: json::read_part("private_key_pem_req", arguments.content)?,
        key: SecretOctets::new(key.content.to_vec()),
    })
}

fn created(id: KeyId) -> Result<Done<Created<KeyId>>, Refusal> {
    let location = format!("{BASE}/keys/{id}");
    Done::created(Created { id }, location)
}

const KEY_CONTENT_TYPES: &[&str] = &["application/json", "multipart/form-data"];

impl Handle for AddKey {
    const SCHEMA: &'static str = "private_key_req";
    const CACHING: Caching = Caching::Tagged;
    const CONTENT_TYPES: &'static [&'static str] = KEY_CONTENT_TYPES;

    fn read_alternative(body: &[u8]) -> Result<ImportPem, Refusal> {
        read_pem(body)
    }

    fn handle_alternative(
        request: &Request,
        (): (),
        wish: ImportPem,
    ) -> Result<Done<Created<KeyId>>, Refusal> {
        let id = made_up_id()?;
        import_pem(request, &id, wish)?;
        created(id)
    }

    fn handle(request: &Request, (): (), wish: ImportKey) -> Result<Done<Created<KeyId>>, Refusal> {
        let id = made_up_id()?;
        import(request, &id, wish)?;
        created(id)
    }
}

impl Handle for PutKey {
    const SCHEMA: &'static str = "private_key_req";
    const CACHING: Caching = Caching::Tagged;
    const CONTENT_TYPES: &'static [&'static str] = KEY_CONTENT_TYPES;

    fn read_alternative(body: &[u8]) -> Result<ImportPem, Refusal> {
        read_pem(body)
    }

    fn handle_alternative(
        request: &Request,
        id: KeyId,
        wish: ImportPem,
    ) -> Result<Done<()>, Refusal> {
        import_pem(request, &id, wish)?;
        Done::with(())
    }

    fn handle(request: &Request, id: KeyId, wish: ImportKey) -> Result<Done<()>, Refusal> {
        import(request, &id, wish)?;
        Done::with(())
    }
}

impl Handle for MakeKey {
    const SCHEMA: &'static str = "generate_key_req";
    const MADE_BELOW: Option<&'static str> = Some("keys");

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
        let attributes = Attributes {
            mechanisms: wish.mechanisms,
            restrictions: wish.restrictions,
            label: wish.label,
        };
        keep(request, &id, attributes, || {
            PrivateKey::generate(wish.key_type, wish.length)
        })?;
        created(id)
    }
}
