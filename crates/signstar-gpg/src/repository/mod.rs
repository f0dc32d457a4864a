//! A repository of `pacman` whose database changes only together with its signature.
//!
//! `repo-add --sign` takes a signature that fails for a warning: it puts the new database into its
//! place beside the old signature and ends well. Here the new database is made in a folder of its
//! own by `repo-add` itself, then signed, and only then moved into its place.

mod arguments;
mod place;
mod staging;

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::Path,
    process::{self, Command},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use signstar_request_signature::check;

pub use arguments::RepoAdd;
use place::{Database, Lock};
use staging::Staging;

use crate::{Enclave, Enclaves, Error, Form, Signing, Surroundings};

/// What `repo-add` and `pacman` accept, in octets.
const MAX_SIGNATURE: u64 = 16_384;

/// What has to be gone at the end, however it comes.
struct Held {
    staging: Staging,
    _lock: Lock,
}

/// What is held by this process: a signal takes it away, and so does the end of its owner.
#[derive(Clone)]
struct Holding(Arc<Mutex<Option<Held>>>);

impl Holding {
    /// Takes hold of everything; a signal waits until it is given back.
    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one that everything is removed with, as the thread that waits for signals never ends.
struct Owner(Holding);

impl Drop for Owner {
    fn drop(&mut self) {
        drop(self.0.lock().take());
    }
}

impl RepoAdd {
    /// Changes the database and signs it.
    ///
    /// After an error the database and its signature are as they were.
    pub fn run(&self, around: &Surroundings) -> Result<(), Error> {
        let enclaves = around.enclaves()?;
        let enclave = self.enclave(&enclaves)?;
        let database = Database::at(&self.database)?;
        if !self.delete {
            for package in &self.packages {
                check_package_signature(Path::new(package))?;
            }
        }
        let lock = database.lock()?;
        if self.verify {
            verify(&database, enclave)?;
        }
        let mut staging = Staging::beside(&database)?;
        let packages = if self.delete {
            self.packages.clone()
        } else {
            staging.link(&self.packages)?
        };
        let made = staging.path().join(database.name());
        let owner = hold(Held {
            staging,
            _lock: lock,
        });
        self.change(&made, &packages)?;
        for name in database.names() {
            sign(enclave, &made.with_file_name(name))?;
        }
        // From here on a signal waits.
        let guard = owner.0.lock();
        if let Some(held) = &*guard {
            database.replace(held.staging.path())?;
            if self.remove {
                held.staging.remove_what_is_gone()?;
            }
        }
        Ok(())
    }

    fn enclave<'a>(&self, enclaves: &'a Enclaves) -> Result<&'a Enclave, Error> {
        let found = match &self.key {
            Some(key) => enclaves.find(key),
            None => enclaves.preferred()?,
        };
        found.ok_or_else(|| Error::NoSuchKey(self.key.clone().unwrap_or_default()))
    }

    /// Has `repo-add` or `repo-remove` change the database at `made`.
    fn change(&self, made: &Path, packages: &[OsString]) -> Result<(), Error> {
        let program = if self.delete {
            "repo-remove"
        } else {
            "repo-add"
        };
        let status = Command::new(program)
            .args(self.options())
            .arg(made)
            .args(packages)
            .status()
            .map_err(|source| Error::StartGpg {
                program: program.into(),
                source,
            })?;
        match status.success() {
            true => Ok(()),
            false => Err(Error::RepoAdd(program)),
        }
    }
}

/// Lets a signal clean up before it ends the process.
fn hold(held: Held) -> Owner {
    let held = Holding(Arc::new(Mutex::new(Some(held))));
    // Without it a signal ends the process at once and leaves a folder and a lock behind.
    if let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) {
        let held = held.clone();
        thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                drop(held.lock().take());
                process::exit(128 + signal);
            }
        });
    }
    Owner(held)
}

fn sign(enclave: &Enclave, path: &Path) -> Result<(), Error> {
    let signing = Signing {
        form: Form::Detached,
        armor: false,
        output: None,
        replace: true,
        users: Vec::new(),
        inputs: vec![path.into()],
        status: None,
        other_digest: None,
        obstacles: Vec::new(),
    };
    signing.make(enclave)
}

/// Checks the signatures of the databases that are there.
fn verify(database: &Database, enclave: &Enclave) -> Result<(), Error> {
    for path in database.paths() {
        if path.exists() {
            for verdict in check(&path, enclave.trust())? {
                verdict.outcome?;
            }
        }
    }
    Ok(())
}

/// Fails if the signature beside `package` is one that no package manager accepts.
fn check_package_signature(package: &Path) -> Result<(), Error> {
    let mut path = package.as_os_str().to_owned();
    path.push(".sig");
    let mut octets = Vec::new();
    let read = File::open(&path).and_then(|file| {
        let mut start = file.take(MAX_SIGNATURE + 1);
        start.read_to_end(&mut octets)
    });
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::read(path, source)),
    }
    let is_long = u64::try_from(octets.len()).is_ok_and(|length| length > MAX_SIGNATURE);
    let is_armored = octets.windows(10).any(|part| part == b"-----BEGIN");
    if is_long || is_armored {
        return Err(Error::PackageSignature(path));
    }
    Ok(())
}
