//! Certificates where others look for them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use nethsm::id::KeyId;
use serde_json::json;
use signstar::sign::{Certificate, FileTree, NoTree};

use super::{load, not_made, octets};
use crate::answer::Answer;
use crate::failure::{Failure, chain};
use crate::file::{NewFile, Out, Readers, is_dash};
use crate::noun::Verb;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Export {
    /// The key.
    key: KeyId,

    /// In which form.
    #[arg(long = "as", value_enum, value_name = "FORM")]
    form: Form,

    /// Write into this file, `-` is standard output; for wkd, keyring and voa below this folder,
    /// which is made if needed. Each file is written atomically.
    #[arg(long, short, value_name = "PATH")]
    out: PathBuf,

    /// The folder of a keyring [with --as keyring].
    #[arg(long, value_name = "NAME", required_if_eq("form", "keyring"))]
    name: Option<String>,

    /// The operating system, like arch [with --as voa].
    #[arg(long, value_name = "NAME", required_if_eq("form", "voa"))]
    os: Option<String>,

    /// What the key signs, like packages [with --as voa].
    #[arg(long, value_name = "NAME", required_if_eq("form", "voa"))]
    purpose: Option<String>,

    /// In which part of it [with --as voa].
    #[arg(long, value_name = "NAME", default_value = "default")]
    context: String,

    /// The certificate of the key [default: that in its certificate slot].
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

/// How a certificate is handed out.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// One file, as programs read it.
    Binary,
    /// One file in ASCII armor.
    Armored,
    /// A web key directory, for the web servers of the domains in its user IDs.
    Wkd,
    /// Single packets, as keyringctl keeps them.
    Keyring,
    /// A verifier of OS artifacts (/etc/voa and the like).
    Voa,
}

impl Verb for Export {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let certificate = load(session, self, &self.key, self.certificate.as_ref())?;
        let out = Out {
            out: Some(self.out.clone()),
        };
        match self.form {
            Form::Binary => {
                let octets = octets(&certificate)?;
                out.octets("certificate", &octets, Readers::Usual)
            }
            Form::Armored => {
                let armored = certificate
                    .to_armored()
                    .map_err(|error| not_made(&error.into()))?;
                out.text("certificate", &armored)
            }
            Form::Wkd | Form::Keyring | Form::Voa => {
                let files = self.tree(&certificate).map_err(|error| {
                    Failure::usage(chain(&error), "see `--help`, and the user IDs")
                })?;
                write(&self.out, &files)
            }
        }
    }
}

impl Export {
    fn tree(&self, certificate: &Certificate) -> Result<FileTree, NoTree> {
        let given = |name: &Option<String>| name.clone().unwrap_or_default();
        match self.form {
            Form::Keyring => certificate.keyring_packets(&given(&self.name)),
            Form::Voa => {
                let (os, purpose) = (given(&self.os), given(&self.purpose));
                certificate.artifact_verifier(&os, &purpose, &self.context)
            }
            Form::Wkd | Form::Binary | Form::Armored => certificate.web_key_directory(),
        }
    }
}

fn write(root: &Path, files: &FileTree) -> Result<Answer, Failure> {
    if is_dash(root) {
        return Err(Failure::usage("several files", "give --out a folder"));
    }
    for (path, octets) in files {
        let path = root.join(path);
        let cannot = |cause: std::io::Error| Failure::file("write", &path, &cause);
        fs::create_dir_all(path.parent().unwrap_or(root)).map_err(cannot)?;
        let mut file = NewFile::create(&path, Readers::Usual)?;
        file.write_all(octets).map_err(cannot)?;
        file.keep()?;
    }
    let names: Vec<_> = files
        .keys()
        .map(|path| root.join(path).display().to_string())
        .collect();
    let text = format!("written:\n{}", names.join("\n"));
    Ok(Answer::told(
        json!({ "done": "written", "files": names }),
        text,
    ))
}
