//! The certificate slot of a key.

use std::path::PathBuf;

use clap::Args;
use nethsm::body::Binary;
use nethsm::id::KeyId;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::{Out, Readers, read};
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// The certificate slot of a key.
    Certificate {
        /// Read the certificate.
        Show: [GetCertificate],
        /// Set the certificate; the key must have none.
        Set: [PutCertificate],
        /// Delete the certificate.
        Remove: [DeleteCertificate],
    }
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The key.
    key: KeyId,

    #[command(flatten)]
    out: Out,
}

impl Verb for Show {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let certificate = session.call::<table::GetCertificate>(self, &self.key, &())?;
        self.out
            .octets("certificate", &certificate.0, Readers::Usual)
    }
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// The key.
    key: KeyId,
    /// The file with the certificate, any bytes; `-` is standard input.
    file: PathBuf,
}

impl Verb for Set {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let content = Binary(read(&self.file, 1 << 20)?.to_vec());
        session.call::<table::PutCertificate>(self, &self.key, &content)?;
        Ok(Answer::done(
            "certificate set",
            &[("key", self.key.as_str())],
        ))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The key.
    key: KeyId,
}

impl Verb for Remove {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm(&format!("delete the certificate of {}", self.key))?;
        session.call::<table::DeleteCertificate>(self, &self.key, &())?;
        Ok(Answer::done(
            "certificate removed",
            &[("key", self.key.as_str())],
        ))
    }
}
