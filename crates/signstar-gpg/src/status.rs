//! The lines that programs read from `gpg --status-fd`.

use std::{
    fmt::Display,
    fs::{File, OpenOptions},
    io::{self, Write},
};

use pgp::composed::{Deserializable, DetachedSignature};
use signstar::sign::Detached;

use crate::{Error, call::StatusTo, key::seconds};

/// Where status lines go.
#[derive(Debug)]
pub enum Status {
    /// Nowhere.
    None,
    /// To the standard output.
    Output,
    /// To the standard error output.
    Error,
    /// To another open descriptor or a file.
    File(File),
}

impl Status {
    /// Opens what was asked for.
    pub fn open(to: Option<&StatusTo>) -> Result<Self, Error> {
        let name = match to {
            None => return Ok(Self::None),
            Some(StatusTo::File(name)) => name.clone(),
            Some(StatusTo::Descriptor(number)) => {
                match number.to_str().and_then(|text| text.parse::<u16>().ok()) {
                    Some(1) => return Ok(Self::Output),
                    Some(2) => return Ok(Self::Error),
                    Some(other) => format!("/proc/self/fd/{other}").into(),
                    None => return Err(Error::Descriptor(number.clone())),
                }
            }
        };
        let options = OpenOptions::new().append(true).create(true).open(&name);
        options
            .map(Self::File)
            .map_err(|source| Error::write(&name, source))
    }

    /// Says one line.
    pub fn say(&mut self, line: impl Display) -> Result<(), Error> {
        let line = format!("[GNUPG:] {line}\n");
        let written = match self {
            Self::None => return Ok(()),
            Self::Output => say(io::stdout(), &line),
            Self::Error => say(io::stderr(), &line),
            Self::File(file) => say(file, &line),
        };
        written.map_err(|source| Error::write("the status lines", source))
    }
}

fn say(mut to: impl Write, line: &str) -> io::Result<()> {
    to.write_all(line.as_bytes())?;
    to.flush()
}

/// The line about a signature: its form, algorithms, type, time and key.
pub(crate) fn created(form: char, signature: &Detached) -> Result<String, Error> {
    let octets = signature.to_octets()?;
    let packet = DetachedSignature::from_bytes(&*octets)?.signature;
    let config = packet.config().ok_or(Error::Strange)?;
    let time = packet.created().ok_or(Error::Strange)?;
    let issuers = signature.issuers();
    let fingerprint = issuers.first().ok_or(Error::Strange)?.to_uppercase();
    Ok(format!(
        "SIG_CREATED {form} {} {} {:02x} {} {fingerprint}",
        u8::from(config.pub_alg),
        u8::from(config.hash_alg),
        u8::from(config.typ()),
        seconds(time.into()),
    ))
}
