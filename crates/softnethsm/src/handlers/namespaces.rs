//! Namespaces: keys and users of their own.

use nethsm::id::NamespaceId;
use nethsm::namespace::NamespaceItem;
use nethsm::table::{DeleteNamespace, ListNamespaces, PutNamespace};

use super::{Caching, Done, Handle, inside};
use crate::answer::Refusal;
use crate::request::Request;

impl Handle for ListNamespaces {
    const CACHING: Caching = Caching::Unsaid;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Vec<NamespaceItem>>, Refusal> {
        let (vault, _) = inside(request)?;
        Done::with(
            vault
                .namespaces()?
                .into_iter()
                .map(|id| NamespaceItem { id })
                .collect(),
        )
    }
}

impl Handle for PutNamespace {
    const CACHING: Caching = Caching::Unsaid;

    fn handle(request: &Request, id: NamespaceId, (): ()) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let writing = vault.writing()?;
        if vault.has_namespace(&id)? {
            return Err(Refusal::bad(format!("Namespace {id} already exists")));
        }
        writing.put_namespace(&id)?;
        Done::with(())
    }
}

impl Handle for DeleteNamespace {
    const CACHING: Caching = Caching::Unsaid;

    fn exists(request: &Request, id: &NamespaceId) -> Result<bool, Refusal> {
        let (vault, _) = inside(request)?;
        Ok(vault.has_namespace(id)?)
    }

    fn handle(request: &Request, id: NamespaceId, (): ()) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        vault.writing()?.delete_namespace(&id)?;
        Done::with(())
    }
}
