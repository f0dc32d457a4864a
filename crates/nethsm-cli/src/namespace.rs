//! Namespaces: keys and users of their own.

use clap::Args;
use nethsm::id::NamespaceId;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// Namespaces.
    Namespace {
        /// Create a namespace.
        Add: [PutNamespace],
        /// List the namespaces.
        List: [ListNamespaces],
        /// Delete a namespace and all its keys; its users stay.
        Remove: [DeleteNamespace],
    }
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The namespace.
    namespace: NamespaceId,
}

impl Verb for Add {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.call::<table::PutNamespace>(self, &self.namespace, &())?;
        let about = [("namespace", self.namespace.as_str())];
        Ok(Answer::done("namespace added", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct List;

impl Verb for List {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let items = session.call::<table::ListNamespaces>(self, &(), &())?;
        Ok(Answer::names(items.iter().map(|item| item.id.as_str())))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The namespace.
    namespace: NamespaceId,
}

impl Verb for Remove {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let name = self.namespace.as_str();
        session.confirm(&format!("delete the namespace {name} and all its keys"))?;
        session.call::<table::DeleteNamespace>(self, &self.namespace, &())?;
        Ok(Answer::done("namespace removed", &[("namespace", name)]))
    }
}
