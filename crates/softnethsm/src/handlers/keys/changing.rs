//! What changes on a key: its label and its name.

use hyper::StatusCode;
use nethsm::id::{Created, KeyId};
use nethsm::key::{KeyLabel, MoveKey, NewLabel};
use nethsm::table::{DeleteLabel, RenameKey, SetLabel};

use super::{key_exists, place};
use crate::answer::Refusal;
use crate::handlers::{Done, Handle, inside};
use crate::request::Request;

fn label(request: &Request, id: &KeyId, label: KeyLabel) -> Result<Changed, Refusal> {
    let (vault, _) = inside(request)?;
    let place = place(request, id)?;
    let writing = vault.writing()?;
    let mut key = writing.key(&place)?.ok_or_else(Refusal::not_found)?;
    if key.label == label {
        return Ok(Changed::Not);
    }
    key.label = label;
    writing.put_key(&place, &key)?;
    Ok(Changed::Now)
}

/// Whether a label is another than before.
#[derive(PartialEq, Eq)]
enum Changed {
    Now,
    Not,
}

impl Handle for SetLabel {
    const SCHEMA: &'static str = "label_req";

    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(request: &Request, id: KeyId, wish: NewLabel) -> Result<Done<()>, Refusal> {
        match label(request, &id, wish.label)? {
            Changed::Now => Done::with(()),
            Changed::Not => Err(Refusal::unchanged()),
        }
    }
}

impl Handle for DeleteLabel {
    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(request: &Request, id: KeyId, (): ()) -> Result<Done<()>, Refusal> {
        label(request, &id, KeyLabel::default())?;
        Done::with(())
    }
}

impl Handle for RenameKey {
    const SCHEMA: &'static str = "move_req";

    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(
        request: &Request,
        id: KeyId,
        wish: MoveKey,
    ) -> Result<Done<Created<KeyId>>, Refusal> {
        let (vault, _) = inside(request)?;
        let (from, to) = (place(request, &id)?, place(request, &wish.new_id)?);
        let writing = vault.writing()?;
        if vault.has_key(&to)? {
            let message = format!("Key '{}' already exists", wish.new_id);
            return Err(Refusal::new(StatusCode::CONFLICT, message));
        }
        writing
            .move_key(&from, &to)?
            .ok_or_else(Refusal::not_found)?;
        Done::with(Created { id: wish.new_id })
    }
}
