//! Looking at keys.

use clap::Args;
use nethsm::id::{KeyId, KeyPrefix};
use nethsm::key::PublicKey;
use nethsm::query::KeyFilter;
use nethsm::table;
use serde::Serialize;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::Out;
use crate::noun::Verb;
use crate::session::Session;
use crate::subject::Subject;

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only keys whose names start like this.
    prefix: Option<KeyPrefix>,

    /// Only keys that the operator who asks may use.
    #[arg(long)]
    usable: bool,

    /// Only keys with exactly this label.
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,

    /// Show each key, with one more call for each.
    #[arg(long, short)]
    long: bool,
}

#[derive(Serialize)]
struct Line {
    id: KeyId,
    #[serde(flatten)]
    key: PublicKey,
}

impl Verb for List {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let filter = KeyFilter {
            usable: self.usable,
            label: self.label.clone(),
        };
        let items = match &self.prefix {
            Some(prefix) => session.call_with::<table::ListKeysFrom>(self, prefix, &filter)?,
            None => session.call_with::<table::ListKeys>(self, &(), &filter)?,
        };
        if !self.long {
            return Ok(Answer::names(items.iter().map(|item| item.id.as_str())));
        }
        let mut lines = Vec::new();
        for item in items {
            let mut key = session.call::<table::GetKey>(self, &item.id, &())?;
            // Too wide for a table; `show` has it.
            key.public = None;
            lines.push(Line { id: item.id, key });
        }
        Ok(Answer::of(&lines))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The key.
    key: KeyId,
}

impl Verb for Show {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let key = session.call::<table::GetKey>(self, &self.key, &())?;
        Ok(Answer::of(&key))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Public {
    /// The key.
    key: KeyId,

    #[command(flatten)]
    out: Out,
}

impl Verb for Public {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let pem = session.call::<table::GetPublicPem>(self, &self.key, &())?;
        self.out.text("pem", &pem.0)
    }
}

#[derive(Args, Debug)]
pub(crate) struct Csr {
    /// The key.
    key: KeyId,

    #[command(flatten)]
    subject: Subject,

    #[command(flatten)]
    out: Out,
}

impl Verb for Csr {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let pem = session.call::<table::MakeKeyCsr>(self, &self.key, &self.subject.name())?;
        self.out.text("pem", &pem.0)
    }
}
