//! A signature that was checked against its file, without an enclave.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use signstar::{log::Recorded, sign::DoesNotVerify};

use crate::{
    Error, Form, Hashed, Maker, NotInLog, Signature, Trust,
    record::{opens, read_text},
    target::{NAME_SALT, PROOF, append},
    trust::created,
};

/// One more octet than a signature may have in any form.
const MAX_READ: u64 = 32_768 + 1;

/// A signature that holds.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The file that it is in.
    pub signature: PathBuf,
    /// Its kind in a few words.
    pub kind: &'static str,
    /// When it was made, as it says itself. Only OpenPGP signatures say.
    pub created: Option<SystemTime>,
    /// Who made it; nobody is known if nothing is trusted.
    pub maker: Option<Maker>,
    /// The octets of the signed file.
    pub length: u64,
    /// The SHA-512 of the signed file.
    pub digest: [u8; 64],
    /// Its entry in the log and the proof of it, if logs count.
    pub recorded: Option<Recorded>,
    /// Whether the log hides the name of the file, and the salt beside the signature shows that it
    /// is this one.
    pub opens_name: bool,
}

/// What came of the check of one signature.
#[derive(Debug)]
pub struct Verdict {
    /// The file that the signature is in.
    pub signature: PathBuf,
    /// What was found, or why it does not hold.
    pub outcome: Result<Checked, Error>,
}

/// Checks the signatures that stand beside the file at `path`, in every [`Form`], against `trust`.
///
/// Fails if there is none, or if the file cannot be read.
pub fn check(path: &Path, trust: &Trust) -> Result<Vec<Verdict>, Error> {
    let hashed = Hashed::file(path)?;
    let mut all = Vec::new();
    for form in Form::ALL {
        let at = append(path, form.suffix());
        if let Some(signature) = read(&at, form).transpose() {
            let outcome =
                signature.and_then(|signature| check_one(&at, &signature, path, &hashed, trust));
            all.push(Verdict {
                signature: at,
                outcome,
            });
        }
    }
    if all.is_empty() {
        return Err(Error::NoSignature(append(path, Form::Binary.suffix())));
    }
    Ok(all)
}

fn check_one(
    at: &Path,
    signature: &Signature,
    path: &Path,
    hashed: &Hashed,
    trust: &Trust,
) -> Result<Checked, Error> {
    let does_not_verify = |source: DoesNotVerify| Error::DoesNotVerify {
        path: at.to_owned(),
        source,
    };
    let salted;
    let fitting = match signature {
        Signature::OpenPgp(detached) => match detached.salt() {
            Some(salt) => {
                salted = Hashed::salted(path, &salt)?;
                &salted
            }
            None => hashed,
        },
        _ => hashed,
    };
    let maker = trust.check(signature, fitting).map_err(does_not_verify)?;
    let recorded = recorded(at, signature, fitting, trust)?;
    Ok(Checked {
        signature: at.to_owned(),
        kind: signature.kind(),
        created: created(signature).map_err(does_not_verify)?,
        maker,
        length: hashed.state().length(),
        digest: hashed.state().digest(),
        opens_name: opens_name(at, path, recorded.as_ref())?,
        recorded,
    })
}

/// The entry of the signature at `at`, if logs count.
fn recorded(
    at: &Path,
    signature: &Signature,
    hashed: &Hashed,
    trust: &Trust,
) -> Result<Option<Recorded>, Error> {
    let Some(logs) = trust.logs() else {
        return Ok(None);
    };
    let checked = match read_text(&append(at, PROOF))? {
        Some(proof) => logs.check(&proof, signature, hashed),
        None => Err(NotInLog::NoProof),
    };
    checked.map(Some).map_err(|source| Error::NotInLog {
        path: at.to_owned(),
        source,
    })
}

/// Whether the log hides the name of the file at `path`, and the salt beside the signature at `at`
/// shows it.
fn opens_name(at: &Path, path: &Path, recorded: Option<&Recorded>) -> Result<bool, Error> {
    let Some(recorded) = recorded else {
        return Ok(false);
    };
    opens(recorded, path, &append(at, NAME_SALT))?.map_err(|source| Error::NotInLog {
        path: at.to_owned(),
        source,
    })
}

/// Whether the signature at `at`, if there is one, holds for the file at `path`.
pub(crate) fn existing(
    at: &Path,
    form: Form,
    path: &Path,
    hashed: &Hashed,
    trust: &Trust,
) -> Option<Result<Checked, Error>> {
    match read(at, form) {
        Ok(None) => None,
        Ok(Some(signature)) => Some(check_one(at, &signature, path, hashed, trust)),
        Err(error) => Some(Err(error)),
    }
}

fn read(path: &Path, form: Form) -> Result<Option<Signature>, Error> {
    let mut octets = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX_READ).read_to_end(&mut octets)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::read(path, source)),
    }
    let signature = form.parse(&octets);
    signature.map(Some).map_err(|source| Error::DoesNotVerify {
        path: path.to_owned(),
        source,
    })
}
