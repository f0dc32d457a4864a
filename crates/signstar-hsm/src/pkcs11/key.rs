//! A key on a token.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use nethsm::passphrase::Passphrase;
use signstar::{
    config::{Key, Pkcs11, Token},
    sign::{Message, PublicKey, Signer, SignerError},
};

use super::{
    Failure, Setup, TokenError,
    helper::Helper,
    pin::Pin,
    pool::Pool,
    wire::{Answer, Garbled, Login, Name, Question},
};
use crate::{
    CannotRead, Conduct, Event, OpenError, credential,
    patience::{Attempts, Outage},
};

/// A key on a token, used by several processes of which each has a session.
///
/// Tries again for a while when one of them hangs, crashes or finds the token gone, and uses the token
/// no more after a wrong signature.
pub(super) struct TokenKey {
    module: PathBuf,
    token: Token,
    name: Name,
    environment: BTreeMap<String, String>,
    /// The longest wait for one answer.
    timeout: Duration,
    pin: Pin,
    pool: Pool,
    lied: AtomicBool,
    outage: Outage,
    conduct: Conduct,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("token", &self.token)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The token made a wrong signature.
#[derive(Debug, thiserror::Error)]
#[error("the token is not in use: it made a signature that does not verify")]
struct NotTrusted;

impl TokenKey {
    pub(super) fn open(key: &Key, token: &Pkcs11, conduct: Conduct) -> Result<Self, OpenError> {
        // It is read when it is needed, and should be readable before.
        pin(key)?;
        Ok(Self {
            module: token.module().to_owned(),
            token: token.token().clone(),
            name: name(key),
            environment: token.environment().clone(),
            timeout: timeout(token),
            pin: Pin::new(key.passphrase.clone(), token, conduct.state.clone()),
            pool: Pool::new(usize::from(token.sessions().get())),
            lied: AtomicBool::new(false),
            outage: Outage::default(),
            conduct,
        })
    }

    /// Asks once: at most for the time that is `left`, and one answer not longer than its time-out.
    fn attempt(&self, message: &Message, left: Duration) -> Result<Vec<u8>, SignerError> {
        if self.lied.load(Ordering::Relaxed) {
            return Err(SignerError::Nonsense(Box::new(NotTrusted)));
        }
        let made = self.ask(message, Instant::now() + left);
        if made.is_err() {
            self.pool.forget();
        }
        let signature = made.map_err(TokenError::kind)?;
        match &self.conduct.public_key {
            Some(key) if key.verify(message, &signature).is_err() => {
                // Of several that noticed at once, one tells.
                if !self.lied.swap(true, Ordering::Relaxed) {
                    let device = format!("{:?}", self.token);
                    self.conduct.witness.tell(&Event::OutOfUse { device });
                }
                Err(SignerError::Nonsense(Box::new(NotTrusted)))
            }
            _ => Ok(signature),
        }
    }

    fn ask(&self, message: &Message, end: Instant) -> Result<Vec<u8>, TokenError> {
        let mut place = self.pool.take(end)?;
        // Only now: it is no fault of the token that others come first.
        let end = end.min(Instant::now() + self.timeout);
        let mut helper = match place.helper.take() {
            Some(helper) => helper,
            None => self.begin(end)?,
        };
        match helper.ask(&Question::Sign(message.clone()), end)? {
            Answer::Signature(signature) => {
                place.helper = Some(helper);
                Ok(signature)
            }
            _ => Err(Garbled.into()),
        }
    }

    /// Starts a process, logs in and finds the key.
    fn begin(&self, end: Instant) -> Result<Helper, TokenError> {
        let (turn, pin) = self.pin.turn(end)?;
        let mut helper = Helper::start(&self.environment)?;
        let login = Login {
            module: self.module.clone(),
            token: self.token.clone(),
            pin,
        };
        let found = helper.ask(&Question::Open(login, self.name.clone()), end);
        if let Err(TokenError::Failed {
            failure: Failure::WrongPin,
            ..
        }) = found
        {
            turn.refused().map_err(TokenError::NoNote)?;
        }
        let Answer::Key(found) = found? else {
            return Err(Garbled.into());
        };
        // A token need not show public keys; then every signature tells.
        match (found, &self.conduct.public_key) {
            (Some(found), Some(known)) if !found.is_same_as(known) => Err(TokenError::OtherKey),
            _ => Ok(helper),
        }
    }
}

/// The public half of `key`, if the token shows it.
pub(super) fn public_key(key: &Key, token: &Pkcs11) -> Result<Option<PublicKey>, CannotRead> {
    let shown = Setup::new(token, timeout(token)).public_key(pin(key)?, &name(key));
    match shown {
        Ok(public) => Ok(Some(public)),
        Err(TokenError::NotShown) => Ok(None),
        Err(error) => Err(error.kind().into()),
    }
}

fn pin(key: &Key) -> Result<Passphrase, OpenError> {
    credential::open(&key.passphrase).map_err(|source| OpenError::Credential {
        path: key.passphrase.path().to_owned(),
        source,
    })
}

fn name(key: &Key) -> Name {
    let id = key.object_id.as_ref().map(|id| id.as_octets().to_vec());
    Name {
        label: key.id.to_string(),
        id: id.unwrap_or_default(),
    }
}

/// The longest wait for one answer.
fn timeout(token: &Pkcs11) -> Duration {
    Duration::from_secs(token.timeout_seconds().get().into())
}

impl Signer for TokenKey {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        let Conduct {
            patience, hurry, ..
        } = &self.conduct;
        let mut attempts = Attempts::within(*patience, &self.outage, hurry);
        loop {
            let error = match self.attempt(message, attempts.left()) {
                Err(SignerError::Unavailable(error)) => error,
                answered => {
                    self.outage.is_over();
                    return answered;
                }
            };
            self.conduct.witness.tell(&Event::Failed { error: &*error });
            if !attempts.wait() {
                return Err(SignerError::Unavailable(error));
            }
        }
    }
}
