//! Taking a key out of a backup.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use nethsm::backup::{Entry, KeyEntry, StoredPrivate};
use nethsm::id::{KeyId, NamespaceId};
use serde_json::json;

use super::source::{Source, bad};
use crate::answer::{Answer, to_stdout};
use crate::failure::{Failure, Kind};
use crate::file::{NewFile, Readers, is_dash};
use crate::noun::Verb;
use crate::passphrase::existing;
use crate::session::Session;

/// The private key is written as the device stores it: PKCS #8 in PEM, not encrypted, or the bare
/// bytes of a Generic key. `nethsm key import` takes both. Whoever can read the file has the key: it
/// is readable by its owner only, and better on a disk of memory or an encrypted one.
#[derive(Args, Debug)]
pub(crate) struct Export {
    #[command(flatten)]
    source: Source,

    /// The key.
    key: KeyId,

    /// The namespace that it is in [default: none].
    #[arg(long)]
    namespace: Option<NamespaceId>,

    /// The file with the unlock passphrase of the backup [default: asked for].
    #[arg(long, value_name = "FILE")]
    unlock_passphrase_file: Option<PathBuf>,

    /// Write the private key into this file, atomically; `-` is standard output.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,

    /// Write the certificate of the key into this file, as it is.
    #[arg(long, value_name = "FILE")]
    certificate_out: Option<PathBuf>,

    /// Show the private key even if standard output is a terminal.
    #[arg(long)]
    to_terminal: bool,
}

impl Verb for Export {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        // Before anybody is asked for a passphrase.
        self.may_write(session)?;
        let found = self.find()?;
        if let Some(path) = &self.certificate_out {
            let certificate = found.key.certificate.as_ref().ok_or_else(|| {
                Failure::new(
                    Kind::NotFound,
                    format!("{} has no certificate in this backup", self.key),
                    "leave --certificate-out out",
                )
            })?;
            write(path, &certificate.content, Readers::Usual)?;
        }
        let (octets, form) = match &found.key.private {
            StoredPrivate::Pem(pem) => (pem.expose(), "PKCS #8, PEM"),
            StoredPrivate::Raw(octets) => (octets.expose(), "raw"),
        };
        if is_dash(&self.out) {
            return to_stdout(octets).map(|()| Answer::gone());
        }
        write(&self.out, octets, Readers::Owner)?;
        let file = self.out.display().to_string();
        let uses = found.key.mechanisms.iter();
        let uses: Vec<_> = uses.map(|mechanism| mechanism.as_str()).collect();
        let text = format!(
            "private key written: {file}, {form}, for {}",
            uses.join(" ")
        );
        let json = json!({
            "done": "private key written", "file": file, "form": form, "mechanisms": uses
        });
        Ok(Answer::told(json, text))
    }
}

impl Export {
    fn may_write(&self, session: &Session) -> Result<(), Failure> {
        if is_dash(&self.out) {
            if io::stdout().is_terminal() && !self.to_terminal {
                return Err(Failure::usage(
                    "a private key is not shown on a terminal",
                    "give --out FILE, or --to-terminal if it must be",
                ));
            }
            return Ok(());
        }
        // It may be the only copy of another key.
        match self.out.exists() {
            true => session.confirm(&format!("replace the file {}", self.out.display())),
            false => Ok(()),
        }
    }

    /// The key; but only if the whole backup is sound.
    fn find(&self) -> Result<KeyEntry, Failure> {
        let bad = |error| bad(&self.source.file, &error);
        let mut backup = self.source.open()?;
        let passphrase = existing(
            "Unlock passphrase of the backup",
            self.unlock_passphrase_file.as_deref(),
        )?;
        let unlocked = backup.unlock(&passphrase).map_err(bad)?;
        let mut found = None;
        for entry in backup.entries(&unlocked).map_err(bad)? {
            match entry.map_err(bad)? {
                Entry::Key(key) if key.id == self.key && key.namespace == self.namespace => {
                    found = Some(key);
                }
                _ => {}
            }
        }
        found.ok_or_else(|| {
            Failure::new(
                Kind::NotFound,
                format!("there is no key {} in this backup", self.key),
                "`nethsm backup list` tells what there is; a key of a namespace takes --namespace",
            )
        })
    }
}

fn write(path: &Path, octets: &[u8], readers: Readers) -> Result<(), Failure> {
    let mut file = NewFile::create(path, readers)?;
    file.write_all(octets)
        .map_err(|cause| Failure::file("write", path, &cause))?;
    file.keep()
}
