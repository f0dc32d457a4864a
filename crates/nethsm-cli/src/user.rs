//! Users and their tags.

use clap::Args;
use nethsm::id::{NamespaceId, NamespacePrefix, Tag as TagId, UserId};
use nethsm::table;
use nethsm::user::{NewUser, NewUserPassphrase, UserRole};
use serde::Serialize;

use crate::answer::Answer;
use crate::arguments::NewPassphrase;
use crate::choice::one_of;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::passphrase::fresh;
use crate::session::Session;

noun! {
    /// Users and their tags.
    User {
        /// Create a user.
        Add: [PutUser, AddUser, AddUserIn],
        /// List the users that the caller manages.
        List: [ListUsers, GetUser],
        /// Show a user.
        Show: [GetUser],
        /// Set the passphrase of a user.
        Passphrase: [SetUserPassphrase],
        /// List the tags of an operator.
        Tags: [ListUserTags],
        /// Give a tag to an operator, who may use keys with that tag then.
        Tag: [PutUserTag],
        /// Take a tag from an operator.
        Untag: [DeleteUserTag],
        /// Delete a user.
        Remove: [DeleteUser],
    }
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The user, NAMESPACE~NAME for one in a namespace [default: the device makes up a name].
    name: Option<UserId>,

    /// The namespace in which a user with a made-up name shall be [default: the caller's].
    #[arg(long, conflicts_with = "name")]
    namespace: Option<NamespaceId>,

    /// What they may do.
    #[arg(long, value_parser = one_of!(UserRole))]
    role: UserRole,

    /// What they are called, any text [default: the name].
    #[arg(long, value_name = "TEXT")]
    real_name: Option<String>,

    #[command(flatten)]
    passphrase: NewPassphrase,
}

impl Verb for Add {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let file = self.passphrase.new_passphrase_file.as_deref();
        let name = self.name.as_ref().map_or("", |name| name.as_str());
        let question = NewUser {
            real_name: self.real_name.clone().unwrap_or_else(|| name.to_owned()),
            role: self.role,
            passphrase: fresh("passphrase of the user", file)?,
        };
        let id = if let Some(name) = &self.name {
            session.call::<table::PutUser>(self, name, &question)?;
            name.clone()
        } else if let Some(namespace) = &self.namespace {
            let prefix = NamespacePrefix::of(namespace);
            session
                .call::<table::AddUserIn>(self, &prefix, &question)?
                .id
        } else {
            session.call::<table::AddUser>(self, &(), &question)?.id
        };
        let about = [("user", id.as_str()), ("role", self.role.as_str())];
        Ok(Answer::done("user added", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Show role and real name of each, with one more call for each.
    #[arg(long, short)]
    long: bool,
}

#[derive(Serialize)]
struct Line {
    user: UserId,
    #[serde(flatten)]
    shown: nethsm::user::User,
}

impl Verb for List {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let items = session.call::<table::ListUsers>(self, &(), &())?;
        if !self.long {
            return Ok(Answer::names(items.iter().map(|item| item.user.as_str())));
        }
        let mut lines = Vec::new();
        for item in items {
            let shown = session.call::<table::GetUser>(self, &item.user, &())?;
            let user = item.user;
            lines.push(Line { user, shown });
        }
        Ok(Answer::of(&lines))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The user.
    name: UserId,
}

impl Verb for Show {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let user = session.call::<table::GetUser>(self, &self.name, &())?;
        Ok(Answer::of(&user))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Passphrase {
    /// The user; operators and others can set their own.
    name: UserId,

    #[command(flatten)]
    passphrase: NewPassphrase,
}

impl Verb for Passphrase {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let file = self.passphrase.new_passphrase_file.as_deref();
        let what = format!("passphrase of {}", self.name);
        let passphrase = fresh(&what, file)?;
        let question = NewUserPassphrase { passphrase };
        session.call::<table::SetUserPassphrase>(self, &self.name, &question)?;
        Ok(Answer::done(
            "passphrase set",
            &[("user", self.name.as_str())],
        ))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Tags {
    /// The operator.
    name: UserId,
}

impl Verb for Tags {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let tags = session.call::<table::ListUserTags>(self, &self.name, &())?;
        Ok(Answer::of(&tags))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Tag {
    /// The operator.
    name: UserId,
    /// The tag.
    tag: TagId,
}

impl Verb for Tag {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let names = (self.name.clone(), self.tag.clone());
        session.call::<table::PutUserTag>(self, &names, &())?;
        let about = [("user", self.name.as_str()), ("tag", self.tag.as_str())];
        Ok(Answer::done("user tagged", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Untag {
    /// The operator.
    name: UserId,
    /// The tag.
    tag: TagId,
}

impl Verb for Untag {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let names = (self.name.clone(), self.tag.clone());
        session.call::<table::DeleteUserTag>(self, &names, &())?;
        let about = [("user", self.name.as_str()), ("tag", self.tag.as_str())];
        Ok(Answer::done("user untagged", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The user.
    name: UserId,
}

impl Verb for Remove {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm(&format!("delete the user {}", self.name))?;
        session.call::<table::DeleteUser>(self, &self.name, &())?;
        Ok(Answer::done(
            "user removed",
            &[("user", self.name.as_str())],
        ))
    }
}
