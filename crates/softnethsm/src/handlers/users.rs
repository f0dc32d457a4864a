//! Users and what they may do.

use hyper::StatusCode;
use nethsm::call::{BASE, Origin};
use nethsm::id::{BadId, Created, NamespaceId, NamespacePrefix, Tag, UserId};
use nethsm::table::{
    AddUser, AddUserIn, DeleteUser, DeleteUserTag, GetUser, ListUserTags, ListUsers, PutUser,
    PutUserTag, SetUserPassphrase,
};
use nethsm::user::{NewUser, NewUserPassphrase, User, UserItem, UserRole};

use super::{BadNames, Caching, Done, Handle, announced, inside, json, settable};
use crate::answer::Refusal;
use crate::random;
use crate::request::Request;
use crate::vault::UserRecord;

/// Whether the caller manages users of this namespace: their own, or one that is not there yet.
fn manages(request: &Request, namespace: Option<&NamespaceId>) -> Result<bool, Refusal> {
    let (vault, caller) = inside(request)?;
    if caller.role != UserRole::Administrator {
        return Ok(false);
    }
    Ok(match (caller.id.namespace(), namespace) {
        (own, namespace) if own.as_ref() == namespace => true,
        (None, Some(namespace)) => !vault.has_namespace(namespace)?,
        _ => false,
    })
}

fn allow_managing(request: &Request, user: &UserId) -> Result<(), Refusal> {
    if manages(request, user.namespace().as_ref())? {
        Ok(())
    } else {
        Err(Refusal::forbidden())
    }
}

/// Root administrators see all users; administrators of a namespace theirs; operators themselves.
fn allow_seeing(request: &Request, user: &UserId) -> Result<(), Refusal> {
    let (_, caller) = inside(request)?;
    let sees_all = caller.role == UserRole::Administrator && caller.id.origin() == Origin::Root;
    if sees_all || caller.id == *user {
        Ok(())
    } else {
        allow_managing(request, user)
    }
}

fn user_exists(request: &Request, user: &UserId) -> Result<bool, Refusal> {
    let (vault, _) = inside(request)?;
    Ok(vault.user(user)?.is_some())
}

fn create(request: &Request, id: &UserId, wish: NewUser) -> Result<String, Refusal> {
    let (vault, _) = inside(request)?;
    if !manages(request, id.namespace().as_ref())? {
        let message = "N-User trying to create user for another namespace";
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    settable("passphrase", &wish.passphrase)?;
    let hash = request.device.logins().hash(wish.passphrase.expose())?;
    let writing = vault.writing()?;
    if vault.user(id)?.is_some() {
        return Err(Refusal::new(StatusCode::CONFLICT, "user already exists"));
    }
    let NewUser {
        real_name, role, ..
    } = wish;
    writing.put_user(
        id,
        &UserRecord {
            name: real_name,
            role,
            hash,
            tags: Vec::new(),
        },
    )?;
    Ok(format!("{BASE}/users/{id}"))
}

fn create_with_made_up_name(
    request: &Request,
    namespace: Option<NamespaceId>,
    wish: NewUser,
) -> Result<Done<Created<UserId>>, Refusal> {
    let name = random::id()?;
    let name = namespace.map_or_else(|| name.clone(), |namespace| format!("{namespace}~{name}"));
    let id: UserId = name
        .parse()
        .map_err(|bad: BadId| Refusal::bad(bad.answer()))?;
    let location = create(request, &id, wish)?;
    Done::created(Created { id }, location)
}

impl Handle for ListUsers {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Vec<UserItem>>, Refusal> {
        let (vault, caller) = inside(request)?;
        let users = vault.users(caller.id.namespace().as_ref())?;
        Done::with(users.into_iter().map(|user| UserItem { user }).collect())
    }
}

impl Handle for AddUser {
    const SCHEMA: &'static str = "user_req";
    const CACHING: Caching = Caching::Tagged;
    const MADE_BELOW: Option<&'static str> = Some("users");

    fn read(body: &[u8]) -> Result<NewUser, Refusal> {
        json::read(Self::SCHEMA, body).map_err(|refusal| announced(refusal, Self::MADE_BELOW))
    }

    fn handle(request: &Request, (): (), wish: NewUser) -> Result<Done<Created<UserId>>, Refusal> {
        let (_, caller) = inside(request)?;
        create_with_made_up_name(request, caller.id.namespace(), wish)
    }
}

impl Handle for AddUserIn {
    const SCHEMA: &'static str = "user_req";
    const CACHING: Caching = Caching::Tagged;

    fn bad_name(_: BadId) -> Refusal {
        Refusal::bad(
            "POST on this endpoint expects a prefix of the form '/ns~' to select in which \
             namespace the new user should be created. For a new root user, don't add a trailing \
             '/'.",
        )
    }

    fn handle(
        request: &Request,
        prefix: NamespacePrefix,
        wish: NewUser,
    ) -> Result<Done<Created<UserId>>, Refusal> {
        create_with_made_up_name(request, Some(prefix.namespace()), wish)
    }
}

impl Handle for GetUser {
    const CACHING: Caching = Caching::Tagged;
    const BAD_NAMES: BadNames = BadNames::Early;

    fn allow(request: &Request, id: &UserId) -> Result<(), Refusal> {
        allow_seeing(request, id)
    }

    fn handle(request: &Request, id: UserId, (): ()) -> Result<Done<User>, Refusal> {
        let (vault, _) = inside(request)?;
        let user = vault.user(&id)?.ok_or_else(Refusal::not_found)?;
        Done::with(User {
            real_name: user.name,
            role: user.role,
        })
    }
}

impl Handle for PutUser {
    const SCHEMA: &'static str = "user_req";
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, id: UserId, wish: NewUser) -> Result<Done<()>, Refusal> {
        let location = create(request, &id, wish)?;
        Done::created((), location)
    }
}

impl Handle for DeleteUser {
    const CACHING: Caching = Caching::Tagged;
    const BAD_NAMES: BadNames = BadNames::Early;

    fn allow(request: &Request, id: &UserId) -> Result<(), Refusal> {
        allow_managing(request, id)
    }

    fn exists(request: &Request, id: &UserId) -> Result<bool, Refusal> {
        user_exists(request, id)
    }

    fn handle(request: &Request, id: UserId, (): ()) -> Result<Done<()>, Refusal> {
        let (vault, caller) = inside(request)?;
        if caller.id == id {
            return Err(Refusal::bad("users cannot delete themselves"));
        }
        vault.writing()?.delete_user(&id)?;
        Done::with(())
    }
}

impl Handle for SetUserPassphrase {
    const SCHEMA: &'static str = "passphrase_req";
    const BAD_NAMES: BadNames = BadNames::Early;

    fn allow(request: &Request, id: &UserId) -> Result<(), Refusal> {
        let (_, caller) = inside(request)?;
        if caller.id == *id {
            Ok(())
        } else {
            allow_managing(request, id)
        }
    }

    fn exists(request: &Request, id: &UserId) -> Result<bool, Refusal> {
        user_exists(request, id)
    }

    fn handle(request: &Request, id: UserId, wish: NewUserPassphrase) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        settable("passphrase", &wish.passphrase)?;
        let hash = request.device.logins().hash(wish.passphrase.expose())?;
        let writing = vault.writing()?;
        let mut user = vault.user(&id)?.ok_or_else(Refusal::not_found)?;
        user.hash = hash;
        writing.put_user(&id, &user)?;
        Done::with(())
    }
}

impl Handle for ListUserTags {
    const BAD_NAMES: BadNames = BadNames::Early;

    fn allow(request: &Request, id: &UserId) -> Result<(), Refusal> {
        allow_seeing(request, id)
    }

    fn handle(request: &Request, id: UserId, (): ()) -> Result<Done<Vec<String>>, Refusal> {
        let (vault, _) = inside(request)?;
        let user = vault
            .user(&id)?
            .filter(|user| user.role == UserRole::Operator);
        Done::with(user.ok_or_else(Refusal::not_found)?.tags)
    }
}

impl Handle for PutUserTag {
    const BAD_NAMES: BadNames = BadNames::Early;

    fn allow(request: &Request, (id, _): &(UserId, Tag)) -> Result<(), Refusal> {
        allow_managing(request, id)
    }

    fn handle(request: &Request, (id, tag): (UserId, Tag), (): ()) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let writing = vault.writing()?;
        let unknown = || Refusal::new(StatusCode::NOT_FOUND, "");
        let mut user = vault.user(&id)?.ok_or_else(unknown)?;
        if user.role != UserRole::Operator {
            return Err(Refusal::bad("tags are for operators"));
        }
        if let Err(place) = user
            .tags
            .binary_search_by(|own| own.as_str().cmp(tag.as_str()))
        {
            user.tags.insert(place, tag.to_string());
            writing.put_user(&id, &user)?;
            return Done::with(());
        }
        Err(Refusal::unchanged())
    }
}

impl Handle for DeleteUserTag {
    const BAD_NAMES: BadNames = BadNames::Early;

    fn allow(request: &Request, (id, _): &(UserId, Tag)) -> Result<(), Refusal> {
        allow_managing(request, id)
    }

    fn handle(request: &Request, (id, tag): (UserId, Tag), (): ()) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let writing = vault.writing()?;
        let mut user = vault.user(&id)?.ok_or_else(Refusal::not_found)?;
        let place = user.tags.iter().position(|own| own == tag.as_str());
        user.tags.remove(place.ok_or_else(Refusal::not_found)?);
        writing.put_user(&id, &user)?;
        Done::with(())
    }
}
