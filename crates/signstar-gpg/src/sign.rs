//! Signatures for programs that ask `gpg` for them.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use signstar::sign::Detached;
use signstar_request_signature::{Error as ClientError, Hashed, OutputType, write_atomically};

use crate::{
    Enclave, Enclaves, Error,
    ask::ask,
    call::{Form, Signing},
    clear::Text,
    complain::note,
    status::{self, Status},
};

/// The most octets that a binary signature may have: `repo-add` and `pacman` accept no more.
const MAX_OCTETS: usize = 16_384;

/// Who has to make a signature.
#[derive(Clone, Copy, Debug)]
pub enum Signer<'a> {
    /// This enclave.
    Enclave(&'a Enclave),
    /// Whoever the real `gpg` knows.
    GnuPg,
}

impl Signing {
    /// Decides who has to make the signature.
    ///
    /// The enclave whose key is named, or the default one if nobody is. Fails if that one cannot do
    /// what is asked for: a signature of somebody else, or another one than was asked for, is none.
    pub fn signer<'a>(&self, enclaves: &'a Enclaves) -> Result<Signer<'a>, Error> {
        let enclave = if self.users.is_empty() {
            match enclaves.preferred()? {
                // Nobody said that it should be an enclave, and none could.
                Some(_) if self.form == Form::Enclosing => None,
                other => other,
            }
        } else {
            let mut found = self.users.iter().map(|user| enclaves.find(user));
            let first = found.next().flatten();
            if !found.all(|other| same(first, other)) {
                return Err(Error::SeveralSigners);
            }
            first
        };
        let Some(enclave) = enclave else {
            return Ok(Signer::GnuPg);
        };
        if self.form == Form::Enclosing {
            return Err(Error::Enclosing);
        }
        if !self.obstacles.is_empty() {
            return Err(Error::Obstacles(self.obstacles.join(", ")));
        }
        Ok(Signer::Enclave(enclave))
    }

    /// Has `enclave` make the signature and writes it where it was asked for.
    ///
    /// After an error nothing is written but status lines.
    pub fn make(&self, enclave: &Enclave) -> Result<(), Error> {
        let mut status = Status::open(self.status.as_ref())?;
        let outcome = self.make_with(enclave, &mut status);
        if outcome.is_err() {
            // The number of a general error; the reason stands elsewhere.
            let _ = status.say("FAILURE sign 1");
        }
        outcome
    }

    fn make_with(&self, enclave: &Enclave, status: &mut Status) -> Result<(), Error> {
        let key = enclave.key().components.first().ok_or(Error::Strange)?;
        status.say(format_args!("KEY_CONSIDERED {} 2", key.fingerprint))?;
        let input = Input::of(self.inputs.first());
        let output = self.output(&input)?;
        if let Some(wish) = &self.other_digest {
            note(&format!(
                "the signature has SHA-512 and not {}",
                wish.display()
            ));
        }
        // The number of SHA-512 (RFC 9580 §9.5).
        status.say("BEGIN_SIGNING H10")?;
        let (form, signature, octets) = match self.form {
            Form::Clear => {
                let (signature, octets) = clear(enclave, &input)?;
                ('C', signature, octets)
            }
            Form::Detached | Form::Enclosing => {
                let signature = detached(enclave, &input)?;
                let octets = if self.armor {
                    signature.to_armored()?.into_bytes()
                } else {
                    signature.to_octets()?
                };
                if octets.len() > MAX_OCTETS {
                    return Err(Error::LongSignature(octets.len()));
                }
                ('D', signature, octets)
            }
        };
        let line = status::created(form, &signature)?;
        output.write(&octets)?;
        status.say(line)
    }

    fn output(&self, input: &Input) -> Result<Output, Error> {
        let is_text = self.armor || self.form == Form::Clear;
        let path = match (&self.output, input) {
            (Some(name), _) if name == "-" => return Ok(Output::Standard),
            (Some(name), _) => PathBuf::from(name),
            (None, Input::Standard) => return Ok(Output::Standard),
            (None, Input::File(path)) => {
                let mut name = path.clone().into_os_string();
                name.push(if is_text { ".asc" } else { ".sig" });
                name.into()
            }
        };
        match fs::metadata(&path) {
            Ok(there) if there.is_dir() => Err(Error::write(
                path.as_os_str(),
                io::ErrorKind::IsADirectory.into(),
            )),
            // A pipe or a device.
            Ok(there) if !there.is_file() => Ok(Output::Special(path)),
            Ok(_) if !self.replace => Err(Error::Exists(path)),
            _ => Ok(Output::File(path)),
        }
    }
}

fn same(one: Option<&Enclave>, other: Option<&Enclave>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => std::ptr::eq(one, other),
        _ => false,
    }
}

/// What is to be signed.
enum Input {
    Standard,
    File(PathBuf),
}

impl Input {
    fn of(name: Option<&OsString>) -> Self {
        match name {
            None => Self::Standard,
            Some(name) if name == "-" => Self::Standard,
            Some(name) => Self::File(name.into()),
        }
    }

    /// What it is called, without what `repo-add` puts before the name of a file that is not yet
    /// in its place.
    fn name(&self) -> String {
        let Self::File(path) = self else {
            return String::new();
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix(".tmp.").unwrap_or(&name).to_owned()
    }

    /// What it is called for a person.
    fn shown(&self) -> String {
        match self {
            Self::Standard => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    fn open(&self) -> Result<Box<dyn Read>, Error> {
        let Self::File(path) = self else {
            return Ok(Box::new(io::stdin()));
        };
        if path.is_dir() {
            return Err(ClientError::Folder(path.clone()).into());
        }
        let file = File::open(path).map_err(|source| Error::read(path.as_os_str(), source))?;
        Ok(Box::new(file))
    }
}

fn detached(enclave: &Enclave, input: &Input) -> Result<Detached, Error> {
    // One that is not there is told as such.
    if let Input::File(path) = input
        && fs::metadata(path).map_or(true, |file| file.is_file())
    {
        let hashed = Hashed::file(path)?;
        let signature = ask(enclave, OutputType::OpenPgpV4, &hashed, &input.name())?;
        hashed.check_unchanged(path)?;
        return Ok(signature);
    }
    // `rpmsign` gives a pipe.
    let hashed = Hashed::reader(input.open()?, Path::new(&input.shown()))?;
    ask(enclave, OutputType::OpenPgpV4, &hashed, &input.name())
}

fn clear(enclave: &Enclave, input: &Input) -> Result<(Detached, Vec<u8>), Error> {
    let shown = input.shown();
    let text = Text::read(input.open()?, &shown)?;
    let hashed = Hashed::reader(&*text.canonical(), Path::new(&shown))?;
    let signature = ask(enclave, OutputType::OpenPgpV4Text, &hashed, &input.name())?;
    let octets = text.signed(&signature.to_armored()?);
    Ok((signature, octets))
}

/// Where a signature goes.
enum Output {
    Standard,
    Special(PathBuf),
    File(PathBuf),
}

impl Output {
    fn write(&self, octets: &[u8]) -> Result<(), Error> {
        let (name, written): (&OsStr, _) = match self {
            Self::Standard => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(octets).and_then(|()| stdout.flush());
                (OsStr::new("standard output"), written)
            }
            Self::Special(path) => {
                let file = OpenOptions::new().write(true).open(path);
                let written = file.and_then(|mut file| file.write_all(octets));
                (path.as_os_str(), written)
            }
            Self::File(path) => (path.as_os_str(), write_atomically(path, octets)),
        };
        written.map_err(|source| Error::write(name, source))
    }
}
