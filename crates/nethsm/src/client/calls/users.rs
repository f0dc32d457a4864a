//! Methods for namespaces and users.

use crate::client::{Client, Error};
use crate::id::{NamespaceId, NamespacePrefix, Tag, UserId};
use crate::passphrase::Passphrase;
use crate::table::{self, facts};
use crate::user::{NewUser, NewUserPassphrase, User};

/// Namespaces and users.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
/// # let it = example::operational();
/// # let (administrator, device) = (it.user("admin"), it.client());
/// # let [passphrase, passphrase_again] = [(); 2].map(|()| example::passphrase());
/// use nethsm::passphrase::Credentials;
/// use nethsm::user::{NewUser, UserRole};
///
/// // An administrator of the namespace comes before the namespace: later only its own
/// // administrators can add users.
/// let name = "packaging~admin".parse()?;
/// let user = NewUser {
///     real_name: "Packaging".to_owned(),
///     role: UserRole::Administrator,
///     passphrase,
/// };
/// administrator.put_user(&name, &user)?;
/// administrator.put_namespace(&"packaging".parse()?)?;
///
/// // Inside, there is nobody else.
/// let inside = device.as_user(Credentials::new(name.clone(), passphrase_again));
/// assert_eq!(inside.users()?, [name]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Client {
    /// The namespaces, sorted.
    #[doc = facts!(ListNamespaces)]
    pub fn namespaces(&self) -> Result<Vec<NamespaceId>, Error> {
        let items = self.call::<table::ListNamespaces>(&(), &())?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    /// Creates a namespace. One that exists is [`Error::BadRequest`].
    #[doc = facts!(PutNamespace)]
    pub fn put_namespace(&self, namespace: &NamespaceId) -> Result<(), Error> {
        self.call::<table::PutNamespace>(namespace, &())
    }

    /// Deletes a namespace **and all its keys**; its users stay.
    #[doc = facts!(DeleteNamespace)]
    pub fn delete_namespace(&self, namespace: &NamespaceId) -> Result<(), Error> {
        self.call::<table::DeleteNamespace>(namespace, &())
    }

    /// The users that the caller manages, sorted.
    #[doc = facts!(ListUsers)]
    pub fn users(&self) -> Result<Vec<UserId>, Error> {
        let items = self.call::<table::ListUsers>(&(), &())?;
        Ok(items.into_iter().map(|item| item.user).collect())
    }

    /// Creates a user in the caller's namespace, with a name made up by the device.
    #[doc = facts!(AddUser)]
    pub fn add_user(&self, question: &NewUser) -> Result<UserId, Error> {
        Ok(self.call::<table::AddUser>(&(), question)?.id)
    }

    /// Creates a user in `namespace`, with a name made up by the device.
    #[doc = facts!(AddUserIn)]
    pub fn add_user_in(
        &self,
        namespace: &NamespaceId,
        question: &NewUser,
    ) -> Result<UserId, Error> {
        let prefix = NamespacePrefix::of(namespace);
        Ok(self.call::<table::AddUserIn>(&prefix, question)?.id)
    }

    /// Creates a user. A name that exists is refused, with [`Error::Conflict`] by the vendor's
    /// description.
    #[doc = facts!(PutUser)]
    pub fn put_user(&self, user: &UserId, question: &NewUser) -> Result<(), Error> {
        self.call::<table::PutUser>(user, question)
    }

    /// What the device shows of a user.
    #[doc = facts!(GetUser)]
    pub fn user(&self, user: &UserId) -> Result<User, Error> {
        self.call::<table::GetUser>(user, &())
    }

    /// Deletes a user. Nobody can delete themselves.
    #[doc = facts!(DeleteUser)]
    pub fn delete_user(&self, user: &UserId) -> Result<(), Error> {
        self.call::<table::DeleteUser>(user, &())
    }

    /// Sets the passphrase of a user, as long as [`Passphrase::fresh`] says.
    #[doc = facts!(SetUserPassphrase)]
    pub fn set_user_passphrase(&self, user: &UserId, passphrase: Passphrase) -> Result<(), Error> {
        self.call::<table::SetUserPassphrase>(user, &NewUserPassphrase { passphrase })
    }

    /// The tags of an operator, sorted.
    #[doc = facts!(ListUserTags)]
    pub fn user_tags(&self, user: &UserId) -> Result<Vec<String>, Error> {
        self.call::<table::ListUserTags>(user, &())
    }

    /// Gives a tag to an operator. Succeeds if it is so already.
    #[doc = facts!(PutUserTag)]
    pub fn put_user_tag(&self, user: &UserId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::PutUserTag>(&(user.clone(), tag.clone()), &())
    }

    /// Takes a tag from an operator.
    #[doc = facts!(DeleteUserTag)]
    pub fn delete_user_tag(&self, user: &UserId, tag: &Tag) -> Result<(), Error> {
        self.call::<table::DeleteUserTag>(&(user.clone(), tag.clone()), &())
    }
}
