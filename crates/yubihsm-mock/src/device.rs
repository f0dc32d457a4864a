//! The device: its sessions, and what it answers.

use std::{
    collections::{
        BTreeMap,
        btree_map::{Entry, OccupiedEntry},
    },
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use signstar_hsm::yubihsm2::command::{
    ASYMMETRIC_KEY, Algorithm, BY_LABEL, BY_TYPE, Command, Frame, Refusal, label,
};

use crate::{Capabilities, Error, Key, Kind, Objects, Operator, key::PrivateKey, session::Session};

const MOST_SESSIONS: u8 = 16;
/// A session that nobody uses for so long has ended.
const IDLE: Duration = Duration::from_secs(30);

/// How the device misbehaves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Misbehaviour {
    /// Not at all.
    #[default]
    None,
    /// It answers, octet by octet, later than anybody waits.
    Slow,
    /// Its signatures are wrong.
    WrongSignatures,
    /// It answers with octets that are no message.
    Garbage,
    /// The answers are changed on their way.
    Tampering,
    /// It is not plugged in: the connector answers without it.
    Unplugged,
}

/// A device with its objects.
pub struct Device {
    serial: u32,
    operators: Vec<Operator>,
    keys: Vec<(Key, Kind, PrivateKey)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: BTreeMap<u8, Session>,
    misbehaviour: Misbehaviour,
    begun: usize,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device")
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

type Answered = Result<Vec<u8>, Refusal>;

impl Device {
    /// A device with these objects. Fails if a key is none.
    pub fn new(objects: Objects) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for key in objects.keys {
            let read = || {
                let kind: Kind = key.kind.parse().ok()?;
                let pkcs8 = hex::decode(&key.pkcs8).ok()?;
                label(&key.label)?;
                Some((kind, PrivateKey::read(kind, &pkcs8)?))
            };
            let Some((kind, private)) = read() else {
                return Err(Error::Key(key.label));
            };
            keys.push((key, kind, private));
        }
        Ok(Self {
            serial: objects.serial,
            operators: objects.operators,
            keys,
            state: Mutex::default(),
        })
    }

    /// From now on it misbehaves like this.
    pub fn misbehave(&self, how: Misbehaviour) {
        self.lock().misbehaviour = how;
    }

    /// How it misbehaves.
    pub fn misbehaviour(&self) -> Misbehaviour {
        self.lock().misbehaviour
    }

    /// Ends all sessions, as it does when it is plugged in again.
    pub fn forget_sessions(&self) {
        self.lock().sessions.clear();
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.lock().sessions.len()
    }

    /// How many sessions have been begun.
    pub fn begun(&self) -> usize {
        self.lock().begun
    }

    /// The algorithm and the public half of the key called `label`, as the device shows them.
    pub fn public(&self, label: &str) -> Option<(Kind, Vec<u8>)> {
        let (_, kind, private) = self.keys.iter().find(|(key, ..)| key.label == label)?;
        Some((*kind, private.public()))
    }

    /// The answer to a message.
    pub fn answer(&self, message: &[u8]) -> Vec<u8> {
        let mut state = self.lock();
        let answered = Frame::decode(message)
            .map_err(|_| Refusal::INVALID_DATA)
            .and_then(|frame| match Command::of_code(frame.code) {
                Some(Command::CreateSession) => self.create_session(&mut state, &frame.body),
                Some(Command::AuthenticateSession) => authenticate(&mut state, &frame.body),
                Some(Command::SessionMessage) => self.carried(&mut state, &frame.body),
                _ => Err(Refusal::INVALID_COMMAND),
            });
        answered.unwrap_or_else(Frame::refusal).encode()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn create_session(&self, state: &mut State, body: &[u8]) -> Result<Frame, Refusal> {
        let (&id, challenge) = body.split_first_chunk().ok_or(Refusal::INVALID_DATA)?;
        let challenge = challenge.try_into().map_err(|_| Refusal::INVALID_DATA)?;
        let id = u16::from_be_bytes(id);
        let operator = self.operators.iter().find(|operator| operator.id == id);
        let operator = operator.ok_or(Refusal::OBJECT_NOT_FOUND)?.clone();
        state
            .sessions
            .retain(|_, session| session.used.elapsed() < IDLE);
        let number = (0..MOST_SESSIONS).find(|number| !state.sessions.contains_key(number));
        let number = number.ok_or(Refusal::SESSIONS_FULL)?;
        let mut own = [0; 8];
        getrandom::fill(&mut own).map_err(|_| Refusal::SESSION_FAILED)?;
        let session = Session::new(number, operator, challenge, own);
        let body = [&[number][..], &own, &session.cryptogram()].concat();
        state.sessions.insert(number, session);
        state.begun += 1;
        Ok(Frame::answer(Command::CreateSession, body))
    }

    /// Answers a command that is carried in a session.
    fn carried(&self, state: &mut State, body: &[u8]) -> Result<Frame, Refusal> {
        let wrong = state.misbehaviour == Misbehaviour::WrongSignatures;
        let mut entry = session(state, body)?;
        let Ok(plain) = entry.get_mut().open(body) else {
            entry.remove();
            return Err(Refusal::SESSION_FAILED);
        };
        let session = entry.get_mut();
        let answer = Frame::decode(&plain)
            .map_err(|_| Refusal::INVALID_DATA)
            .and_then(|frame| {
                let command = Command::of_code(frame.code).ok_or(Refusal::INVALID_COMMAND)?;
                let mut body = self.run(&session.operator, command, &frame.body)?;
                if wrong && needed(command).is_some() {
                    // In the middle, where it is neither length nor padding.
                    let middle = body.len() / 2;
                    body.iter_mut()
                        .skip(middle)
                        .take(1)
                        .for_each(|octet| *octet ^= 1);
                }
                Ok((command, body))
            });
        let ends = matches!(answer, Ok((Command::CloseSession, _)));
        let answer = match answer {
            Ok((command, body)) => Frame::answer(command, body),
            Err(why) => Frame::refusal(why),
        };
        let sealed = session.seal(&answer);
        if ends {
            entry.remove();
        }
        Ok(sealed)
    }

    fn run(&self, operator: &Operator, command: Command, body: &[u8]) -> Answered {
        match command {
            Command::CloseSession => Ok(Vec::new()),
            Command::DeviceInfo => {
                let [version, log] = [&[2, 4, 0][..], &[62, 0]];
                let algorithms = Kind::ALL.map(|kind| kind.algorithm().0);
                Ok([version, &self.serial.to_be_bytes(), log, &algorithms].concat())
            }
            Command::ListObjects => self.list(operator, body),
            Command::GetPublicKey => {
                let (_, kind, private) = self.key(operator, body)?;
                Ok([&[kind.algorithm().0][..], &private.public()].concat())
            }
            _ => self.sign(operator, command, body),
        }
    }

    fn sign(&self, operator: &Operator, command: Command, body: &[u8]) -> Answered {
        let needed = needed(command).ok_or(Refusal::INVALID_COMMAND)?;
        let (key, _, private) = self.key(operator, body)?;
        if !(operator.capabilities.contain(needed) && key.capabilities.contain(needed)) {
            return Err(Refusal::INSUFFICIENT_PERMISSIONS);
        }
        let octets = body.get(2..).unwrap_or_default();
        let signature = match command {
            Command::SignEddsa => private.sign_eddsa(octets),
            Command::SignEcdsa => private.sign_ecdsa(octets),
            Command::SignPkcs1 => private.sign_pkcs1(octets),
            _ => octets.split_first_chunk().and_then(|(head, digest)| {
                let [mask, high, low] = *head;
                private.sign_pss(Algorithm(mask), u16::from_be_bytes([high, low]), digest)
            }),
        };
        signature.ok_or(Refusal::INVALID_DATA)
    }

    /// The key whose number is at the beginning of `body`, if the operator sees it.
    fn key(&self, operator: &Operator, body: &[u8]) -> Result<&(Key, Kind, PrivateKey), Refusal> {
        let (&id, _) = body.split_first_chunk().ok_or(Refusal::INVALID_DATA)?;
        let id = u16::from_be_bytes(id);
        (self.seen_by(operator))
            .find(|(key, ..)| key.id == id)
            .ok_or(Refusal::OBJECT_NOT_FOUND)
    }

    fn seen_by(&self, operator: &Operator) -> impl Iterator<Item = &(Key, Kind, PrivateKey)> {
        let domains = operator.domains;
        let keys = self.keys.iter();
        keys.filter(move |(key, ..)| key.domains & domains != 0)
    }

    /// Which keys pass the filters: number, type and how often the object was replaced.
    fn list(&self, operator: &Operator, mut filters: &[u8]) -> Answered {
        let mut wanted = None;
        let mut of_type = None;
        while let Some((&tag, rest)) = filters.split_first() {
            filters = match tag {
                BY_TYPE => {
                    let (&kind, rest) = rest.split_first().ok_or(Refusal::INVALID_DATA)?;
                    of_type = Some(kind);
                    rest
                }
                BY_LABEL => {
                    let (&label, rest) = rest.split_first_chunk().ok_or(Refusal::INVALID_DATA)?;
                    wanted = Some(label);
                    rest
                }
                _ => return Err(Refusal::INVALID_DATA),
            };
        }
        if of_type.is_some_and(|kind| kind != ASYMMETRIC_KEY) {
            return Ok(Vec::new());
        }
        let found = self.seen_by(operator);
        let found = found.filter(|(key, ..)| wanted.is_none() || label(&key.label) == wanted);
        Ok(found
            .flat_map(|(key, ..)| {
                let [high, low] = key.id.to_be_bytes();
                [high, low, ASYMMETRIC_KEY, 0]
            })
            .collect())
    }
}

/// The session that a message belongs to.
fn session<'a>(
    state: &'a mut State,
    body: &[u8],
) -> Result<OccupiedEntry<'a, u8, Session>, Refusal> {
    let number = *body.first().ok_or(Refusal::INVALID_DATA)?;
    match state.sessions.entry(number) {
        Entry::Occupied(entry) if entry.get().used.elapsed() < IDLE => Ok(entry),
        _ => Err(Refusal::INVALID_SESSION),
    }
}

fn authenticate(state: &mut State, body: &[u8]) -> Result<Frame, Refusal> {
    let mut entry = session(state, body)?;
    if entry.get_mut().authenticate(body).is_err() {
        entry.remove();
        return Err(Refusal::AUTHENTICATION_FAILED);
    }
    Ok(Frame::answer(Command::AuthenticateSession, Vec::new()))
}

/// What it takes to sign like this.
fn needed(command: Command) -> Option<Capabilities> {
    match command {
        Command::SignPkcs1 => Some(Capabilities::SIGN_PKCS),
        Command::SignPss => Some(Capabilities::SIGN_PSS),
        Command::SignEcdsa => Some(Capabilities::SIGN_ECDSA),
        Command::SignEddsa => Some(Capabilities::SIGN_EDDSA),
        _ => None,
    }
}
