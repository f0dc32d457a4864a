//! The device: its sessions, and what it answers.

use std::{
    collections::{
        BTreeMap,
        btree_map::{Entry, OccupiedEntry},
    },
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use signstar_hsm::yubihsm2::{
    command::{Algorithm, Command, Frame, Refusal},
    log::CAPACITY,
    object::{Capabilities, ObjectType},
};

use crate::{Error, Kind, Object, Objects, audit::Logged, key::PrivateKey, session::Session};

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

/// What is lost of a message that the connector breaks off at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lost {
    /// All of it: the device never hears of it.
    Question,
    /// The answer: what was asked for is done.
    Answer,
}

/// The connector breaks off, and is gone from then on.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// The messages until then.
    left: usize,
    lost: Lost,
    happened: bool,
}

/// A device with its objects.
pub struct Device {
    serial: u32,
    /// Where it is kept, if anywhere.
    path: Option<PathBuf>,
    switched_on: Instant,
    state: Mutex<State>,
}

struct State {
    objects: Objects,
    /// The keys that were used, ready to be used again.
    ready: BTreeMap<u16, (Kind, PrivateKey)>,
    sessions: BTreeMap<u8, Session>,
    misbehaviour: Misbehaviour,
    cut: Option<Cut>,
    begun: usize,
    /// Whether what is kept is not what is here.
    is_changed: bool,
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
    /// A device with these objects, in memory only. Fails if a key is none.
    pub fn new(objects: Objects) -> Result<Self, Error> {
        for key in objects.keys() {
            if ready(key).is_none() {
                return Err(Error::Key(key.label.clone()));
            }
        }
        Ok(Self {
            serial: objects.serial,
            path: None,
            switched_on: Instant::now(),
            state: Mutex::new(State {
                objects,
                ready: BTreeMap::new(),
                sessions: BTreeMap::new(),
                misbehaviour: Misbehaviour::None,
                cut: None,
                begun: 0,
                is_changed: false,
            }),
        })
    }

    /// The device that is kept at `path`. What changes is written there.
    pub fn kept_in(path: &Path) -> Result<Self, Error> {
        let mut device = Self::new(Objects::read(path)?)?;
        device.path = Some(path.to_owned());
        Ok(device)
    }

    /// What is in it at the moment.
    pub fn objects(&self) -> Objects {
        self.lock().objects.clone()
    }

    /// From now on it misbehaves like this.
    pub fn misbehave(&self, how: Misbehaviour) {
        self.lock().misbehaviour = how;
    }

    /// How it misbehaves.
    pub fn misbehaviour(&self) -> Misbehaviour {
        self.lock().misbehaviour
    }

    /// From the next message with this number on, counted from 1, the connector has no device.
    pub fn cut_at(&self, message: usize, lost: Lost) {
        self.lock().cut = Some(Cut {
            left: message,
            lost,
            happened: false,
        });
    }

    /// It is there again. Tells whether it was gone.
    pub fn mend(&self) -> bool {
        let cut = self.lock().cut.take();
        cut.is_some_and(|cut| cut.happened)
    }

    /// The answer that comes back, if one does.
    pub(crate) fn answer_that_comes_back(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut state = self.lock();
        let Some(cut) = &mut state.cut else {
            drop(state);
            return Some(self.answer(message));
        };
        cut.left = cut.left.saturating_sub(1);
        let was_gone = cut.happened;
        cut.happened |= cut.left == 0;
        let (happened, lost) = (cut.happened, cut.lost);
        drop(state);
        match (happened, lost) {
            (false, _) => Some(self.answer(message)),
            (true, Lost::Answer) if !was_gone => {
                self.answer(message);
                None
            }
            (true, _) => None,
        }
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
        let state = self.lock();
        let key = state.objects.keys().find(|key| key.label == label)?;
        let (kind, private) = ready(key)?;
        Some((kind, private.public()))
    }

    /// The answer to a message. What it changes is kept before.
    pub fn answer(&self, message: &[u8]) -> Vec<u8> {
        let mut state = self.lock();
        let answered = Frame::decode(message)
            .map_err(|_| Refusal::INVALID_DATA)
            .and_then(|frame| match Command::of_code(frame.code) {
                Some(Command::CreateSession) => self.create_session(&mut state, &frame.body),
                Some(Command::AuthenticateSession) => self.authenticate(&mut state, &frame.body),
                Some(Command::SessionMessage) => self.carried(&mut state, &frame.body),
                // Who it is the device tells everybody.
                Some(Command::DeviceInfo) => Ok(Frame::answer(
                    Command::DeviceInfo,
                    state.device_info(&frame.body),
                )),
                _ => Err(Refusal::INVALID_COMMAND),
            });
        if let (true, Some(path)) = (state.is_changed, &self.path) {
            // Whoever tries something with it notices that the file is gone.
            state.is_changed = state.objects.write(path).is_err();
        }
        answered.unwrap_or_else(Frame::refusal).encode()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock of the device, in ticks of ten milliseconds.
    fn tick(&self) -> u32 {
        u32::try_from(self.switched_on.elapsed().as_millis() / 10).unwrap_or(u32::MAX)
    }

    fn create_session(&self, state: &mut State, body: &[u8]) -> Result<Frame, Refusal> {
        let (&id, challenge) = body.split_first_chunk().ok_or(Refusal::INVALID_DATA)?;
        let challenge = challenge.try_into().map_err(|_| Refusal::INVALID_DATA)?;
        let id = u16::from_be_bytes(id);
        let operator = state.objects.get(ObjectType::AUTHENTICATION_KEY, id);
        let operator = operator.ok_or(Refusal::OBJECT_NOT_FOUND)?.clone();
        state
            .sessions
            .retain(|_, session| session.used.elapsed() < IDLE);
        let number = (0..MOST_SESSIONS).find(|number| !state.sessions.contains_key(number));
        let number = number.ok_or(Refusal::SESSIONS_FULL)?;
        let mut own = [0; 8];
        getrandom::fill(&mut own).map_err(|_| Refusal::SESSION_FAILED)?;
        let session = Session::new(number, operator, challenge, own);
        let session = session.ok_or(Refusal::SESSION_FAILED)?;
        let answer = [&[number][..], &own, &session.cryptogram()].concat();
        state.sessions.insert(number, session);
        state.begun += 1;
        let answer = Frame::answer(Command::CreateSession, answer);
        let logged = Logged::of(Command::CreateSession, u16::MAX, body);
        state.is_changed |= state.objects.log(logged, answer.code, self.tick());
        Ok(answer)
    }

    fn authenticate(&self, state: &mut State, body: &[u8]) -> Result<Frame, Refusal> {
        let mut entry = session(&mut state.sessions, body)?;
        let logged = Logged {
            target: entry.get().operator.id,
            ..Logged::of(Command::AuthenticateSession, u16::MAX, body)
        };
        let answer = match entry.get_mut().authenticate(body) {
            Ok(()) => Ok(Frame::answer(Command::AuthenticateSession, Vec::new())),
            Err(_) => {
                entry.remove();
                Err(Refusal::AUTHENTICATION_FAILED)
            }
        };
        let code = match &answer {
            Ok(frame) => frame.code,
            Err(why) => Frame::refusal(*why).code,
        };
        state.is_changed |= state.objects.log(logged, code, self.tick());
        answer
    }

    /// Answers a command that is carried in a session.
    fn carried(&self, state: &mut State, body: &[u8]) -> Result<Frame, Refusal> {
        let mut entry = session(&mut state.sessions, body)?;
        let Ok(plain) = entry.get_mut().open(body) else {
            entry.remove();
            return Err(Refusal::SESSION_FAILED);
        };
        let operator = entry.get().operator.clone();
        let number = *entry.key();
        let answer = Frame::decode(&plain)
            .map_err(|_| Refusal::INVALID_DATA)
            .and_then(|frame| {
                let command = Command::of_code(frame.code).ok_or(Refusal::INVALID_COMMAND)?;
                state.objects.can_log(command)?;
                let logged = Logged::of(command, operator.id, &frame.body);
                let answer = match state.run(&operator, command, &frame.body) {
                    Ok(body) => Frame::answer(command, body),
                    Err(why) => Frame::refusal(why),
                };
                state.is_changed |= state.objects.log(logged, answer.code, self.tick());
                Ok(answer)
            });
        let answer = answer.unwrap_or_else(Frame::refusal);
        let ended = |code| answer.code == Frame::answer(code, Vec::new()).code;
        let is_reset = ended(Command::ResetDevice);
        let Entry::Occupied(mut entry) = state.sessions.entry(number) else {
            return Err(Refusal::INVALID_SESSION);
        };
        let sealed = entry.get_mut().seal(&answer);
        if ended(Command::CloseSession) {
            entry.remove();
        } else if is_reset {
            state.sessions.clear();
        }
        Ok(sealed)
    }
}

impl State {
    fn run(&mut self, operator: &Object, command: Command, body: &[u8]) -> Answered {
        if let Some(answered) = self.objects.administer(operator, command, body) {
            if answered.is_ok() && changes(command) {
                self.is_changed = true;
                self.ready.clear();
            }
            return answered;
        }
        match command {
            Command::CloseSession => Ok(Vec::new()),
            Command::DeviceInfo => Ok(self.device_info(body)),
            Command::GetPublicKey => {
                let (_, kind, private) = self.key(operator, body)?;
                Ok([&[kind.algorithm().0][..], &private.public()].concat())
            }
            _ => {
                let wrong = self.misbehaviour == Misbehaviour::WrongSignatures;
                let mut signature = self.sign(operator, command, body)?;
                if wrong {
                    // In the middle, where it is neither length nor padding.
                    let middle = signature.len() / 2;
                    let octet = signature.get_mut(middle);
                    octet.into_iter().for_each(|octet| *octet ^= 1);
                }
                Ok(signature)
            }
        }
    }

    /// Firmware, serial number, room and entries of the log, algorithms; on the second page what it is
    /// sold as.
    fn device_info(&self, page: &[u8]) -> Vec<u8> {
        if page == [1] {
            return env!("CARGO_PKG_NAME").into();
        }
        let serial = self.objects.serial.to_be_bytes();
        let used = self.objects.told_log().entries.len();
        let log = [CAPACITY, used].map(|count| u8::try_from(count).unwrap_or(u8::MAX));
        let algorithms = Kind::ALL.map(|kind| kind.algorithm().0);
        [&[2, 4, 0][..], &serial, &log, &algorithms].concat()
    }

    fn sign(&mut self, operator: &Object, command: Command, body: &[u8]) -> Answered {
        let needed = needed(command).ok_or(Refusal::INVALID_COMMAND)?;
        let (may, _, private) = self.key(operator, body)?;
        if !(operator.may(needed) && may.contain(needed)) {
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

    /// The key whose number is at the beginning of `body`, if the operator sees it, and what may be
    /// done with it.
    fn key(
        &mut self,
        operator: &Object,
        body: &[u8],
    ) -> Result<(Capabilities, Kind, &PrivateKey), Refusal> {
        let (&id, _) = body.split_first_chunk().ok_or(Refusal::INVALID_DATA)?;
        let id = u16::from_be_bytes(id);
        let key = self.objects.get(ObjectType::ASYMMETRIC_KEY, id);
        let key = key.filter(|key| key.domains & operator.domains != 0);
        let key = key.ok_or(Refusal::OBJECT_NOT_FOUND)?;
        let (kind, private) = match self.ready.entry(id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(ready(key).ok_or(Refusal::INVALID_DATA)?),
        };
        Ok((Capabilities(key.capabilities), *kind, private))
    }
}

/// A key, ready to be used.
fn ready(key: &Object) -> Option<(Kind, PrivateKey)> {
    let kind = Kind::of_algorithm(Algorithm(key.algorithm))?;
    Some((kind, PrivateKey::read(kind, &key.secret())?))
}

/// Whether a command leaves something that has to be kept.
fn changes(command: Command) -> bool {
    !matches!(
        command,
        Command::ListObjects
            | Command::GetObjectInfo
            | Command::GetOption
            | Command::GetLogEntries
            | Command::ExportWrapped
    )
}

/// The session that a message belongs to.
fn session<'a>(
    sessions: &'a mut BTreeMap<u8, Session>,
    body: &[u8],
) -> Result<OccupiedEntry<'a, u8, Session>, Refusal> {
    let number = *body.first().ok_or(Refusal::INVALID_DATA)?;
    match sessions.entry(number) {
        Entry::Occupied(entry) if entry.get().used.elapsed() < IDLE => Ok(entry),
        _ => Err(Refusal::INVALID_SESSION),
    }
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
