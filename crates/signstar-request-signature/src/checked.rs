//! A signature that was checked against its file, without an enclave.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use signstar::sign::{Certificate, Detached, DoesNotVerify};

use crate::{Error, Form, Hashed, Trust, target::append};

/// One more octet than a signature may have in either form.
const MAX_READ: u64 = 16_384 + 1;

/// A signature that holds.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The file that it is in.
    pub signature: PathBuf,
    /// When it was made, as it says itself.
    pub created: SystemTime,
    /// The fingerprint of the key that made it, in lower-case hexadecimal.
    pub key: String,
}

/// Checks the signatures that stand beside the file at `path`, as `FILE.sig` and as `FILE.asc`,
/// against `certificate`.
///
/// There has to be at least one, and each has to hold.
pub fn check(path: &Path, certificate: &Certificate) -> Result<Vec<Checked>, Error> {
    let hashed = Hashed::file(path)?;
    let trust = Trust::Certificate(Box::new(certificate.clone()));
    let mut all = Vec::new();
    for form in [Form::Binary, Form::Armored] {
        let at = append(path, form.suffix());
        let does_not_verify = |source| Error::DoesNotVerify {
            path: at.clone(),
            source,
        };
        let Some(detached) = read(&at, form)? else {
            continue;
        };
        trust
            .check(&detached, hashed.state())
            .map_err(does_not_verify)?;
        let created = detached
            .created()
            .ok_or_else(|| does_not_verify(DoesNotVerify::Time))?;
        all.push(Checked {
            created,
            key: detached.issuers().into_iter().next().unwrap_or_default(),
            signature: at,
        });
    }
    if all.is_empty() {
        return Err(Error::NoSignature(append(path, Form::Binary.suffix())));
    }
    Ok(all)
}

fn read(path: &Path, form: Form) -> Result<Option<Detached>, Error> {
    let mut octets = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX_READ).read_to_end(&mut octets)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::read(path, source)),
    }
    let signature = match form {
        Form::Binary => Detached::from_octets(&octets),
        Form::Armored => Detached::from_armored(&String::from_utf8_lossy(&octets)),
    };
    signature.map(Some).map_err(|source| Error::DoesNotVerify {
        path: path.to_owned(),
        source,
    })
}
