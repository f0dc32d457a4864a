//! One checkpoint after the other, each shown to all witnesses.

use std::{
    fmt, mem,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use signstar::log::{KeyName, NoteSignature, SignedCheckpoint};

use super::{Journal, Objection, submission::Refusal};

/// The pause before a witness that is away is asked again; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The pause before a witness that claims to have seen more is asked a second time.
const TO_THINK: Duration = Duration::from_secs(1);

/// Where the log and its witnesses meet.
pub(super) struct Table {
    round: Mutex<Round>,
    changed: Condvar,
    journal: Journal,
    news: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// Whether a round goes on until all who answer have cosigned, although there is a newer
    /// checkpoint.
    is_patient: bool,
}

/// A checkpoint, and what the witnesses say of it.
#[derive(Debug)]
pub(super) struct Round {
    number: u64,
    checkpoint: SignedCheckpoint,
    next: Option<SignedCheckpoint>,
    /// What came of the round before, if that went on until all had cosigned who answer.
    settled: Option<SignedCheckpoint>,
    seats: Vec<Seat>,
    objection: Option<Objection>,
    is_closed: bool,
}

/// One witness.
#[derive(Debug)]
struct Seat {
    name: KeyName,
    cosignature: Option<NoteSignature>,
    presence: Presence,
    /// It claimed to have seen more than there is.
    is_doubted: bool,
    /// The journal knows that it is away.
    is_missed: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Presence {
    Unknown,
    Answers,
    /// Not to be asked before then, with the pause before that.
    Away(Instant, Duration),
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("round", &self.round)
            .finish_non_exhaustive()
    }
}

impl Round {
    /// The checkpoint with the cosignatures that arrived, one of each witness.
    pub(super) fn cosigned(&self) -> SignedCheckpoint {
        let lines = self
            .seats
            .iter()
            .filter_map(|seat| seat.cosignature.clone());
        let lines: Vec<NoteSignature> = lines.collect();
        let checkpoint = self.checkpoint.clone();
        // There are no more witnesses than fit into a note.
        checkpoint.clone().with(&lines).unwrap_or(checkpoint)
    }

    /// Whether each witness has cosigned or is away.
    pub(super) fn is_heard(&self) -> bool {
        self.seats.iter().all(|seat| {
            let is_away = matches!(seat.presence, Presence::Away(..)) && !seat.is_doubted;
            seat.cosignature.is_some() || is_away
        })
    }

    fn newest(&self) -> &SignedCheckpoint {
        self.next.as_ref().unwrap_or(&self.checkpoint)
    }

    /// Goes on to the next checkpoint if it is time.
    fn advance(&mut self, is_patient: bool) {
        if is_patient && !self.is_heard() {
            return;
        }
        if let Some(next) = self.next.take() {
            if is_patient && self.seats.iter().any(|seat| seat.cosignature.is_some()) {
                self.settled = Some(self.cosigned());
            }
            self.checkpoint = next;
            self.number += 1;
            for seat in &mut self.seats {
                seat.cosignature = None;
            }
        }
    }
}

impl Table {
    pub(super) fn new(
        names: Vec<KeyName>,
        checkpoint: SignedCheckpoint,
        is_patient: bool,
        journal: Journal,
    ) -> Self {
        let seat = |name| Seat {
            name,
            cosignature: None,
            presence: Presence::Unknown,
            is_doubted: false,
            is_missed: false,
        };
        Self {
            round: Mutex::new(Round {
                number: 0,
                checkpoint,
                next: None,
                settled: None,
                seats: names.into_iter().map(seat).collect(),
                objection: None,
                is_closed: false,
            }),
            changed: Condvar::new(),
            journal,
            news: OnceLock::new(),
            is_patient,
        }
    }

    pub(super) fn on_news(&self, tell: Box<dyn Fn() + Send + Sync>) {
        // Only one is ever given.
        let _ = self.news.set(tell);
    }

    pub(super) fn offer(&self, checkpoint: SignedCheckpoint) {
        let mut round = self.lock();
        round.next = Some(checkpoint);
        round.advance(self.is_patient);
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// What there is once `is_enough` or `patience` is over.
    pub(super) fn wait(
        &self,
        patience: Duration,
        is_enough: impl Fn(&Round) -> bool,
    ) -> Result<SignedCheckpoint, Objection> {
        let waits = |round: &mut Round| round.objection.is_none() && !is_enough(round);
        let waited = (self.changed).wait_timeout_while(self.lock(), patience, waits);
        let (round, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match &round.objection {
            Some(objection) => Err(objection.clone()),
            None => Ok(round.cosigned()),
        }
    }

    /// The checkpoint of the last round that is over and went on until all had cosigned who answer.
    /// While much is appended, the round that is under way never has as many cosignatures.
    pub(super) fn settled(&self) -> Option<SignedCheckpoint> {
        self.lock().settled.clone()
    }

    /// What the witness in `seat` is to be shown next, and in which round; waits for it. Nothing
    /// when all is over.
    pub(super) fn task(&self, seat: usize) -> Option<(u64, SignedCheckpoint)> {
        let mut round = self.lock();
        loop {
            if round.is_closed || round.objection.is_some() {
                return None;
            }
            let mine = round.seats.get(seat)?;
            let pause = match (&mine.cosignature, mine.presence) {
                (Some(_), _) => None,
                (None, Presence::Away(until, _)) => {
                    Some(until.saturating_duration_since(Instant::now()))
                }
                (None, _) => Some(Duration::ZERO),
            };
            round = match pause {
                Some(Duration::ZERO) => return Some((round.number, round.checkpoint.clone())),
                Some(pause) => {
                    let waited = self.changed.wait_timeout(round, pause);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.changed.wait(round);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }

    /// Takes what the witness in `seat` said in the round `number`.
    pub(super) fn heard(&self, seat: usize, number: u64, said: Result<NoteSignature, Refusal>) {
        let mut guard = self.lock();
        let round = &mut *guard;
        let (found, is_now) = (round.newest().head().size, round.number == number);
        let Some(mine) = round.seats.get_mut(seat) else {
            return;
        };
        let witness = mine.name.clone();
        let was_doubted = mem::replace(&mut mine.is_doubted, false);
        match said {
            Ok(cosignature) => {
                if mem::replace(&mut mine.is_missed, false) {
                    (self.journal)(&format!("the witness {witness} answers again"));
                }
                mine.presence = Presence::Answers;
                if is_now {
                    mine.cosignature = Some(cosignature);
                }
            }
            Err(Refusal::Forked(size)) => {
                round.objection = Some(Objection::Forked { witness, size });
            }
            Err(Refusal::Ahead(known)) if known > found && was_doubted => {
                round.objection = Some(Objection::Ahead {
                    witness,
                    known,
                    found,
                });
            }
            // Others may show it what is published, and be quicker: it is asked a second time.
            Err(Refusal::Ahead(known)) => {
                mine.is_doubted = known > found;
                mine.presence = Presence::Away(Instant::now() + TO_THINK, FIRST_PAUSE);
            }
            Err(Refusal::Away(reason)) => {
                if !mem::replace(&mut mine.is_missed, true) {
                    (self.journal)(&format!("the witness {witness} {reason}"));
                }
                let pause = match mine.presence {
                    Presence::Away(_, pause) => (pause * 2).min(LONGEST_PAUSE),
                    _ => FIRST_PAUSE,
                };
                mine.presence = Presence::Away(Instant::now() + pause, pause);
            }
        }
        round.advance(self.is_patient);
        drop(guard);
        self.changed.notify_all();
        if let Some(tell) = self.news.get() {
            tell();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Round> {
        // Who panicked left each seat with a cosignature or without one.
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
