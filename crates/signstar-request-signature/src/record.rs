//! The public log that signatures have to be in.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use signstar::{
    log::{NotRecorded, Policy, Recorded, VerifierKey},
    request::{AllegedName, Digest, FileDigest},
    sign::{DoesNotVerify, Product},
};

use crate::{Error, Hashed, NameSalt, NotANameSalt, Signature};

/// One more octet than a policy or a proof may have, so that a longer one is refused and not cut.
const MAX_READ: u64 = (1 << 20) + 1;

/// The public logs that count: a signature has to be in one of them.
#[derive(Clone, Debug)]
pub struct Logs(Vec<Policy>);

/// A signature that is not known to be in a log that counts.
#[derive(Debug, thiserror::Error)]
pub enum NotInLog {
    /// There is no proof.
    #[error("there is no proof that the signature is in the log")]
    NoProof,
    /// The proof shows nothing.
    #[error("the proof does not show that the signature is in the log: {0}")]
    NotRecorded(#[from] NotRecorded),
    /// The entry does not fit what it has.
    #[error("the entry of the log contradicts itself: {0}")]
    Entry(#[from] DoesNotVerify),
    /// The proof is that of something else.
    #[error("the proof is that of another signature")]
    OtherSignature,
    /// The log hides the name of the file, and not that one.
    #[error("the log does not hide the name {name:?} with the salt in {}", salt.display())]
    OtherName {
        /// The name that the file has.
        name: String,
        /// The file with the salt.
        salt: PathBuf,
    },
    /// What should be the salt of a name is none.
    #[error("{} is no salt of a name: {source}", salt.display())]
    NameSalt {
        /// The file with the salt.
        salt: PathBuf,
        /// Why.
        source: NotANameSalt,
    },
    /// The entry says that it is over something else.
    #[error("the log has the signature as one of another file")]
    OtherFile,
}

impl Logs {
    /// The logs that sign their checkpoints with `keys` (C2SP `signed-note` verifier keys).
    pub fn of_keys<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Result<Self, Error> {
        let policies = keys.into_iter().map(|key| {
            let key = key.as_ref();
            let parsed: Result<VerifierKey, _> = key.parse();
            parsed.map(Policy::of_log).map_err(|source| Error::LogKey {
                key: key.to_owned(),
                source,
            })
        });
        policies.collect::<Result<_, _>>().map(Self)
    }

    /// The logs of the policy (C2SP `tlog-policy`) in the file at `path`, with its witnesses.
    pub fn of_policy(path: &Path) -> Result<Self, Error> {
        let octets = read(path).map_err(|source| Error::read(path, source))?;
        let policy = Policy::parse(&octets).map_err(|source| Error::LogPolicy {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self(vec![policy]))
    }

    /// Whether all that `proof` lacks is witnesses: the same request, by its id, may be answered with
    /// a better one later.
    pub(crate) fn may_come(&self, proof: &str) -> bool {
        let outcomes = self.0.iter().map(|policy| Recorded::check(proof, policy));
        let mut waits = false;
        for outcome in outcomes {
            match outcome {
                Ok(_) => return false,
                Err(error) => waits |= error.may_come(),
            }
        }
        waits
    }

    /// Checks that `proof` shows `signature`, which is one over what was `hashed`, in a log that
    /// counts.
    pub(crate) fn check(
        &self,
        proof: &str,
        signature: &Signature,
        hashed: &Hashed,
    ) -> Result<Recorded, NotInLog> {
        let mut reason = NotInLog::NoProof;
        for policy in &self.0 {
            match Recorded::check(proof, policy) {
                Ok(recorded) => return check_entry(recorded, signature, hashed),
                Err(error) => reason = error.into(),
            }
        }
        Err(reason)
    }
}

fn check_entry(
    recorded: Recorded,
    signature: &Signature,
    hashed: &Hashed,
) -> Result<Recorded, NotInLog> {
    let entry = recorded.entry();
    let product = match signature {
        Signature::OpenPgp(detached) | Signature::Text(detached) => {
            Product::OpenPgp(detached.clone())
        }
        Signature::Ssh(signature) => Product::Ssh(signature.clone()),
        Signature::Raw(signature) => Product::Raw(signature.clone()),
    };
    if !entry.is_of_product(&product) {
        return Err(NotInLog::OtherSignature);
    }
    let digest = hashed.state().digest();
    let expected = match hashed.salt() {
        Some(_) => FileDigest::Salted(digest),
        None => FileDigest::Plain(Digest::Sha512(digest)),
    };
    if *entry.digest() != expected {
        return Err(NotInLog::OtherFile);
    }
    entry.check()?;
    Ok(recorded)
}

/// Whether the log hides the name of the file at `path` with the salt in the file at `salt`, if
/// there is one; where the log hides no name, there is nothing to tell.
pub(crate) fn opens(
    recorded: &Recorded,
    path: &Path,
    salt: &Path,
) -> Result<Result<bool, NotInLog>, Error> {
    let name = recorded.entry().name();
    let Some(text) = read_text(salt)?.filter(|_| name.commitment().is_some()) else {
        return Ok(Ok(false));
    };
    let hidden = match text.parse::<NameSalt>() {
        Ok(hidden) => hidden,
        Err(source) => {
            let salt = salt.to_owned();
            return Ok(Err(NotInLog::NameSalt { salt, source }));
        }
    };
    let alleged = path.file_name().and_then(|name| name.to_str());
    let is_it = (alleged.and_then(AllegedName::new))
        .is_some_and(|alleged| name.is(&alleged, hidden.as_octets()));
    let other = || NotInLog::OtherName {
        name: alleged.unwrap_or_default().to_owned(),
        salt: salt.to_owned(),
    };
    Ok(is_it.then_some(true).ok_or_else(other))
}

/// The proof, or the salt of a name, in the file at `path`, if there is one.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, Error> {
    match read(path) {
        Ok(octets) => Ok(Some(String::from_utf8_lossy(&octets).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::read(path, source)),
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(MAX_READ).read_to_end(&mut octets)?;
    Ok(octets)
}
