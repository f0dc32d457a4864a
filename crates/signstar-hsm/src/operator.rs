//! The operator of a key, whose passphrase may be changed while it signs.

use std::fmt;

use nethsm::{
    client::Error as DeviceError,
    id::UserId,
    passphrase::{Credentials, Passphrase},
};
use zeroize::Zeroizing;

use crate::{BadCredential, CredentialStore, Which};

/// Who uses a key, and where its passphrase rests.
#[derive(Debug)]
pub(crate) struct Operator {
    user: UserId,
    store: Box<dyn CredentialStore>,
}

/// The passphrase that is tried at the moment.
#[derive(Clone)]
pub(crate) struct InUse(Zeroizing<String>);

impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InUse(..)")
    }
}

impl Operator {
    pub(crate) fn new(user: UserId, store: Box<dyn CredentialStore>) -> Self {
        Self { user, store }
    }

    /// The passphrase to begin with: the current one; the newer one if there is no other.
    pub(crate) fn begin(&self) -> Result<InUse, BadCredential> {
        for which in [Which::Current, Which::New] {
            if let Some(passphrase) = self.store.read(which)? {
                return Ok(InUse::of(&passphrase));
            }
        }
        Err(BadCredential::Io(std::io::ErrorKind::NotFound.into()))
    }

    pub(crate) fn credentials(&self, passphrase: &InUse) -> Credentials {
        Credentials::new(self.user.clone(), Passphrase::new(passphrase.0.to_string()))
    }

    /// Another passphrase than the one that a device did not take, if there is one: it is being
    /// changed, or was a moment ago.
    ///
    /// A device that does not listen because somebody else has tried a wrong one says nothing about
    /// this one. But then it was most likely another session of the same client, which had the old
    /// one: the newest is the best guess, and a wrong guess costs everybody a second.
    pub(crate) fn another(&self, tried: &InUse, error: &DeviceError) -> Option<InUse> {
        let read = |which| {
            let passphrase = self.store.read(which).ok().flatten();
            passphrase.map(|passphrase| InUse::of(&passphrase))
        };
        // In this order: when the newer one takes the place of the other in between, it is read twice
        // rather than not at all.
        let new = read(Which::New);
        let current = read(Which::Current);
        let is_other = |one: &InUse| one.0 != tried.0;
        match error {
            DeviceError::Unauthorized => current.filter(is_other).or(new.filter(is_other)),
            DeviceError::TooManyRequests => new.or(current).filter(is_other),
            _ => None,
        }
    }
}

impl InUse {
    fn of(passphrase: &Passphrase) -> Self {
        Self(Zeroizing::new(passphrase.expose().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::{Plain, SecretFile};

    /// A store in which the newer passphrase takes the place of the other after so many readings.
    #[derive(Debug)]
    struct Promoted {
        file: SecretFile,
        readings: AtomicUsize,
        after: usize,
    }

    impl CredentialStore for Promoted {
        fn read(&self, which: Which) -> Result<Option<Passphrase>, BadCredential> {
            if self.readings.fetch_add(1, Ordering::Relaxed) == self.after {
                self.promote()?;
            }
            self.file.read(which)
        }

        fn write(&self, which: Which, passphrase: &Passphrase) -> Result<(), BadCredential> {
            self.file.write(which, passphrase)
        }

        fn promote(&self) -> Result<(), BadCredential> {
            self.file.promote()
        }

        fn drop_new(&self) -> Result<(), BadCredential> {
            self.file.drop_new()
        }
    }

    struct Story {
        operator: Operator,
        file: SecretFile,
        _folder: tempfile::TempDir,
    }

    impl Story {
        fn with(current: &str, new: Option<&str>) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let file = SecretFile::new(folder.path().join("operator"), None, Arc::new(Plain));
            let write = |which, text: &str| {
                let passphrase = Passphrase::new(text.to_owned());
                CredentialStore::write(&file, which, &passphrase).expect("stored");
            };
            write(Which::Current, current);
            if let Some(new) = new {
                write(Which::New, new);
            }
            let user = "operator".parse().expect("a name");
            Self {
                operator: Operator::new(user, Box::new(file.clone())),
                file,
                _folder: folder,
            }
        }

        #[track_caller]
        fn tries(&self, tried: &InUse, error: &DeviceError, expected: Option<&str>) {
            let next = self.operator.another(tried, error);
            assert_eq!(next.as_ref().map(|next| next.0.as_str()), expected);
        }
    }

    #[test]
    fn a_wrong_passphrase_is_wrong_when_there_is_no_other() {
        let story = Story::with("old", None);
        let old = story.operator.begin().expect("stored");
        story.tries(&old, &DeviceError::Unauthorized, None);
        story.tries(&old, &DeviceError::TooManyRequests, None);
    }

    #[test]
    fn while_it_is_changed_both_are_tried() {
        let story = Story::with("old", Some("new"));
        let old = story.operator.begin().expect("stored");
        assert_eq!(old.0.as_str(), "old");
        story.tries(&old, &DeviceError::Unauthorized, Some("new"));
        story.tries(&old, &DeviceError::TooManyRequests, Some("new"));
        let new = InUse(Zeroizing::new("new".to_owned()));
        story.tries(&new, &DeviceError::Unauthorized, Some("old"));
        story.tries(&new, &DeviceError::TooManyRequests, None);
    }

    #[test]
    fn after_it_was_changed_the_one_in_memory_is_dropped() {
        let story = Story::with("old", Some("new"));
        let old = story.operator.begin().expect("stored");
        story.file.promote().expect("there is a newer one");
        story.tries(&old, &DeviceError::Unauthorized, Some("new"));
        let new = story.operator.begin().expect("stored");
        story.tries(&new, &DeviceError::Unauthorized, None);
        story.tries(&new, &DeviceError::WrongState, None);
    }

    #[test]
    fn a_change_that_ends_while_the_passphrases_are_read_hides_none() {
        for after in 0..=2 {
            let Story { file, _folder, .. } = Story::with("old", Some("new"));
            let user = "operator".parse().expect("a name");
            let store = Promoted {
                file,
                readings: AtomicUsize::new(0),
                after,
            };
            let operator = Operator::new(user, Box::new(store));
            let old = InUse(Zeroizing::new("old".to_owned()));
            let next = operator.another(&old, &DeviceError::Unauthorized);
            assert_eq!(next.expect("there is another").0.as_str(), "new");
        }
    }
}
