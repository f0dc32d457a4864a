//! Restrictions: the tags of a key, one of which an operator must have.

use hyper::StatusCode;
use nethsm::id::{KeyId, Tag};
use nethsm::table::{DeleteKeyTag, PutKeyTag};

use super::keys::place;
use super::{Done, Handle, inside};
use crate::answer::Refusal;
use crate::request::Request;

impl Handle for PutKeyTag {
    fn handle(request: &Request, (id, tag): (KeyId, Tag), (): ()) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let place = place(request, &id)?;
        let writing = vault.writing()?;
        let unknown = || Refusal::new(StatusCode::NOT_FOUND, "key not found");
        let mut key = writing.key(&place)?.ok_or_else(unknown)?;
        let tags = &mut key.restrictions.tags;
        if let Err(free) = tags.binary_search_by(|own| own.as_str().cmp(tag.as_str())) {
            tags.insert(free, tag.to_string());
            writing.put_key(&place, &key)?;
            return Done::with(());
        }
        Err(Refusal::unchanged())
    }
}

impl Handle for DeleteKeyTag {
    fn handle(request: &Request, (id, tag): (KeyId, Tag), (): ()) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let place = place(request, &id)?;
        let writing = vault.writing()?;
        let mut key = writing.key(&place)?.ok_or_else(Refusal::not_found)?;
        let tags = &mut key.restrictions.tags;
        let found = tags.iter().position(|own| own == tag.as_str());
        tags.remove(found.ok_or_else(Refusal::not_found)?);
        writing.put_key(&place, &key)?;
        Done::with(())
    }
}
