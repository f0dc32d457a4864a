//! A key in a YubiHSM2.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use signstar::{
    config::{Credential, Key, YubiHsm2},
    sign::{Message, PublicKey, Signer, SignerError},
};

use super::{
    channel::AuthenticationKey,
    command::{self, Algorithm, Label},
    connector::Connector,
    session::{Found, Session},
    trouble::{Trouble, Unfit},
    turns::Turns,
};
use crate::{
    CannotRead, Conduct, Event, OpenError, credential,
    patience::{Attempts, Outage},
};

/// How long a passphrase that was wrong is not tried again. Each try takes one of the 16 sessions of
/// the device for half a minute.
const REFUSED: Duration = Duration::from_secs(30);
/// How long a session is kept that nobody uses: a device has 16 of them, and whoever has none waits.
const IDLE: Duration = Duration::from_secs(1);
/// How long one is kept that is used all the time.
const LONGEST: Duration = Duration::from_secs(4);
/// The public exponent of every RSA key in a YubiHSM2.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// A key in a YubiHSM2, with one session that all who sign take in turns.
///
/// Tries again for a while when the device cannot be reached, and uses it no more after a wrong signature.
pub(super) struct DeviceKey {
    place: Place,
    turns: Arc<Turns<State>>,
    lied: AtomicBool,
    outage: Outage,
    conduct: Conduct,
}

/// Where a key is, and how it is reached.
#[derive(Debug)]
struct Place {
    connector: Connector,
    serial: String,
    operator: u16,
    passphrase: Credential,
    label: Label,
    /// The longest wait for one answer.
    timeout: Duration,
}

/// What one signature leaves for the next.
#[derive(Default)]
struct State {
    session: Option<(Session, Found)>,
    /// A passphrase that is wrong, and when that was found out.
    refused: Option<(AuthenticationKey, Instant)>,
    /// Whether somebody watches that the session is not kept for nothing.
    is_watched: bool,
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceKey")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Place {
    fn new(key: &Key, device: &YubiHsm2) -> Result<Self, OpenError> {
        let unfit = |value: &str, source: Unfit| OpenError::Value {
            value: value.to_owned(),
            source: Box::new(source),
        };
        let operator = key.operator.as_ref().ok_or(OpenError::NoOperator)?.as_str();
        let number = operator.parse().ok().filter(|number| *number > 0);
        let label = command::label(key.id.as_str());
        // It is read when it is needed, and should be readable before.
        credential::open(&key.passphrase).map_err(|source| OpenError::Credential {
            path: key.passphrase.path().to_owned(),
            source,
        })?;
        Ok(Self {
            connector: Connector::new(device),
            serial: device.serial.as_str().to_owned(),
            operator: number.ok_or_else(|| unfit(operator, Unfit::Operator))?,
            passphrase: key.passphrase.clone(),
            label: label.ok_or_else(|| unfit(key.id.as_str(), Unfit::Label))?,
            timeout: Duration::from_secs(device.timeout_seconds.get().into()),
        })
    }

    /// Logs in, checks which device it is, and finds the key.
    fn begin(&self, state: &mut State, end: Instant) -> Result<(Session, Found), Trouble> {
        let passphrase = credential::open(&self.passphrase)?;
        let key = AuthenticationKey::of_password(passphrase.expose().as_bytes());
        if let Some((refused, when)) = &state.refused
            && when.elapsed() < REFUSED
            && refused.is_same_as(&key)
        {
            return Err(Trouble::KnownWrongPassphrase);
        }
        let begun = Session::begin(&self.connector, self.operator, &key, end);
        state.refused = match &begun {
            Err(Trouble::WrongPassphrase) => Some((key, Instant::now())),
            _ => None,
        };
        let mut session = begun?;
        let serial = session.serial(end)?;
        if serial != self.serial {
            return Err(Trouble::Serial(serial));
        }
        let found = session.find(&self.label, end)?;
        Ok((session, found))
    }
}

impl DeviceKey {
    pub(super) fn open(key: &Key, device: &YubiHsm2, conduct: Conduct) -> Result<Self, OpenError> {
        Ok(Self {
            place: Place::new(key, device)?,
            turns: Arc::new(Turns::new()),
            lied: AtomicBool::new(false),
            outage: Outage::default(),
            conduct,
        })
    }

    /// Asks once: at most for the time that is `left`, and the device not longer than its time-out.
    fn attempt(&self, message: &Message, left: Duration) -> Result<Vec<u8>, SignerError> {
        if self.lied.load(Ordering::Relaxed) {
            return Err(Trouble::NotTrusted.kind());
        }
        let asked = self.ask(message, Instant::now() + left);
        let signature = asked.map_err(Trouble::kind)?;
        match &self.conduct.public_key {
            Some(key) if key.verify(message, &signature).is_err() => {
                // Of several that noticed at once, one tells.
                if !self.lied.swap(true, Ordering::Relaxed) {
                    let device = self.place.serial.clone();
                    self.conduct.witness.tell(&Event::OutOfUse { device });
                }
                Err(Trouble::NotTrusted.kind())
            }
            _ => Ok(signature),
        }
    }

    fn ask(&self, message: &Message, end: Instant) -> Result<Vec<u8>, Trouble> {
        let mut turn = self.turns.take(end).ok_or(Trouble::Busy)?;
        // Only now: it is no fault of the device that others come first.
        let end = end.min(Instant::now() + self.place.timeout);
        let state = &mut turn.thing;
        let open = state.session.take();
        let (mut session, found) = match open.filter(|(session, _)| session.is_fresh()) {
            Some(open) => open,
            None => {
                let begun = self.place.begin(state, end)?;
                self.is_the_one(&begun.1)?;
                begun
            }
        };
        let signed = session.sign(&found, message, end);
        if !signed.as_ref().is_err_and(Trouble::ends_session) && session.age() < LONGEST {
            state.session = Some((session, found));
            if !state.is_watched {
                state.is_watched = self.watch();
            }
        }
        signed
    }

    /// Ends the session when nobody has used it for a while. Tells whether that can be done.
    fn watch(&self) -> bool {
        let turns = Arc::downgrade(&self.turns);
        let watch = move || {
            loop {
                thread::sleep(IDLE);
                // Whoever is signing at the moment has not left it.
                let Some(turns) = turns.upgrade() else { return };
                let Some(mut turn) = turns.take(Instant::now()) else {
                    continue;
                };
                let is_used = |(session, _): &mut (Session, Found)| session.idle() < IDLE;
                let state = &mut turn.thing;
                if state.session.take_if(|held| !is_used(held)).is_some() || state.session.is_none()
                {
                    state.is_watched = false;
                    return;
                }
            }
        };
        let started = thread::Builder::new().name("session".to_owned());
        started.spawn(watch).is_ok()
    }

    /// Refuses a key that is not that of the certificate.
    fn is_the_one(&self, found: &Found) -> Result<(), Trouble> {
        match (public(found), &self.conduct.public_key) {
            (Some(found), Some(known)) if found.is_same_as(known) => Ok(()),
            (_, None) => Ok(()),
            _ => Err(Trouble::OtherKey),
        }
    }
}

/// The public half of `key`, if signatures over data can be made with it.
pub(super) fn public_key(key: &Key, device: &YubiHsm2) -> Result<Option<PublicKey>, CannotRead> {
    let place = Place::new(key, device)?;
    let end = Instant::now() + place.timeout;
    let (_session, found) = place
        .begin(&mut State::default(), end)
        .map_err(Trouble::kind)?;
    Ok(public(&found))
}

/// A public key as the device shows it: points without what says that they are not compressed.
pub(super) fn public(found: &Found) -> Option<PublicKey> {
    let octets = &found.public[..];
    let point = || [&[4], octets].concat();
    Some(match found.algorithm {
        Algorithm::ED25519 => PublicKey::Ed25519(octets.to_vec()),
        Algorithm::P256 => PublicKey::P256(point()),
        Algorithm::P384 => PublicKey::P384(point()),
        Algorithm::P521 => PublicKey::P521(point()),
        Algorithm::RSA_2048 | Algorithm::RSA_3072 | Algorithm::RSA_4096 => PublicKey::Rsa {
            modulus: octets.to_vec(),
            exponent: EXPONENT.to_vec(),
        },
        _ => return None,
    })
}

impl Signer for DeviceKey {
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
