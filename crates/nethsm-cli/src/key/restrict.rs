//! Names, labels and restrictions of keys, and their end.

use clap::Args;
use nethsm::id::{KeyId, Tag as TagId};
use nethsm::key::{KeyLabel, MoveKey, NewLabel};
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::Verb;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Tag {
    /// The key.
    key: KeyId,
    /// The tag.
    tag: TagId,
}

impl Verb for Tag {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let names = (self.key.clone(), self.tag.clone());
        session.call::<table::PutKeyTag>(self, &names, &())?;
        let about = [("key", self.key.as_str()), ("tag", self.tag.as_str())];
        Ok(Answer::done("key tagged", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Untag {
    /// The key.
    key: KeyId,
    /// The tag.
    tag: TagId,
}

impl Verb for Untag {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let names = (self.key.clone(), self.tag.clone());
        session.call::<table::DeleteKeyTag>(self, &names, &())?;
        let about = [("key", self.key.as_str()), ("tag", self.tag.as_str())];
        Ok(Answer::done("key untagged", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Label {
    /// The key.
    key: KeyId,
    /// The label, at most 32 bytes.
    label: KeyLabel,
}

impl Verb for Label {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let label = self.label.clone();
        session.call::<table::SetLabel>(self, &self.key, &NewLabel { label })?;
        let about = [("key", self.key.as_str()), ("label", self.label.as_str())];
        Ok(Answer::done("key labelled", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Unlabel {
    /// The key.
    key: KeyId,
}

impl Verb for Unlabel {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.call::<table::DeleteLabel>(self, &self.key, &())?;
        Ok(Answer::done("label removed", &[("key", self.key.as_str())]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Move {
    /// The key.
    key: KeyId,
    /// Its new name.
    new: KeyId,
}

impl Verb for Move {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let new_id = self.new.clone();
        let id = session
            .call::<table::RenameKey>(self, &self.key, &MoveKey { new_id })?
            .id;
        let about = [("key", self.key.as_str()), ("new", id.as_str())];
        Ok(Answer::done("key moved", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The key.
    key: KeyId,
}

impl Verb for Remove {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm(&format!("delete the key {}", self.key))?;
        session.call::<table::DeleteKey>(self, &self.key, &())?;
        Ok(Answer::done("key removed", &[("key", self.key.as_str())]))
    }
}
