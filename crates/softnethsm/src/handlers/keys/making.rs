//! New keys: made inside, or brought in as numbers or as PEM.

use nethsm::call::BASE;
use nethsm::id::{BadId, Created, KeyId};
use nethsm::key::{
    GenerateKey, ImportKey, ImportPem, KeyLabel, KeyMechanism, PemArguments, Restrictions,
};
use nethsm::multipart::{self, Part};
use nethsm::octets::SecretOctets;
use nethsm::table::{AddKey, MakeKey, PutKey};

use super::{key_exists, place};
use crate::answer::Refusal;
use crate::handlers::{Caching, Done, Handle, inside, json};
use crate::keys::PrivateKey;
use crate::random;
use crate::request::Request;
use crate::vault::KeyRecord;

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
        private: private.to_kept()?,
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
    let ImportKey {
        mechanisms,
        key_type,
        private,
        restrictions,
        label,
    } = wish;
    let attributes = Attributes {
        mechanisms,
        restrictions,
        label,
    };
    let private = PrivateKey::import(key_type, &private)?;
    store(request, id, &private, attributes)
}

fn import_pem(request: &Request, id: &KeyId, wish: ImportPem) -> Result<(), Refusal> {
    if key_exists(request, id)? {
        return Err(duplicate(id));
    }
    let PemArguments {
        mechanisms,
        restrictions,
        label,
    } = wish.arguments;
    let attributes = Attributes {
        mechanisms,
        restrictions,
        label,
    };
    let private = PrivateKey::from_pem(wish.key.expose())?;
    store(request, id, &private, attributes)
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
        created(id)
    }
}
