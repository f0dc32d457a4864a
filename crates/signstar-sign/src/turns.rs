//! The requests of a session from their arrival to their answer, in order.

use std::{
    collections::VecDeque,
    io::Write,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use signstar::{
    request::{Octets, Request},
    response::progress_to_json,
};

use crate::stop::Stop;

/// How many answers may wait for one that takes longer, for each request that is worked on.
const AHEAD: usize = 4;
/// The most octets that are written at once: as many as a pipe that is ready takes without
/// waiting (`PIPE_BUF`).
const AT_ONCE: usize = 4096;
/// How long nothing is answered before a client that wants to know is told.
const SILENCE: Duration = Duration::from_secs(2);

/// The requests of a session that are not answered yet.
///
/// Memory is bounded by the room: a request takes its place when it arrives and leaves it when its
/// answer is written. Nobody has to write answers: whoever has made the one whose turn it is
/// writes it, with all that are ready behind it.
#[derive(Debug)]
pub(crate) struct Turns<'a, W> {
    state: Mutex<State>,
    /// A request arrived, or there will be none.
    asked: Condvar,
    /// A request was answered, or none will be.
    answered: Condvar,
    output: Mutex<W>,
    stop: &'a Stop,
    room: usize,
}

#[derive(Debug)]
struct State {
    /// The request that is answered next is the first.
    places: VecDeque<Place>,
    /// How many were answered before that.
    before: u64,
    /// How many of the places are taken over by a worker, or answered.
    begun: usize,
    /// Workers that wait.
    idle: usize,
    writing: bool,
    closed: bool,
    broken: bool,
    /// When something was last written.
    spoke: Instant,
}

#[derive(Debug)]
struct Place {
    arrived: Instant,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Asked {
        octets: Arc<Octets>,
        wants_progress: Option<bool>,
    },
    Answered(String),
}

/// A request for a worker.
#[derive(Debug)]
pub(crate) struct Job {
    /// Its number in the session, from 0.
    pub(crate) number: u64,
    pub(crate) octets: Arc<Octets>,
    pub(crate) arrived: Instant,
}

impl<'a, W: Write> Turns<'a, W> {
    /// Room for `in_flight` workers and the answers that wait for the slowest of them.
    pub(crate) fn new(output: W, in_flight: usize, stop: &'a Stop) -> Self {
        Self {
            state: Mutex::new(State {
                places: VecDeque::new(),
                before: 0,
                begun: 0,
                idle: 0,
                writing: false,
                closed: false,
                broken: false,
                spoke: Instant::now(),
            }),
            asked: Condvar::new(),
            answered: Condvar::new(),
            output: Mutex::new(output),
            stop,
            room: in_flight.saturating_mul(AHEAD),
        }
    }

    /// Whether there is room for a request; waits up to `patience` for it.
    pub(crate) fn has_room(&self, patience: Duration) -> bool {
        let full = |state: &mut State| state.places.len() >= self.room && !state.broken;
        let waited = (self.answered).wait_timeout_while(self.lock(), patience, full);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        !timeout.timed_out()
    }

    /// Takes a request that arrived now. True if no worker waits for it.
    pub(crate) fn admit(&self, octets: Octets) -> bool {
        let mut state = self.lock();
        state.places.push_back(Place {
            arrived: Instant::now(),
            content: Content::Asked {
                octets: Arc::new(octets),
                wants_progress: None,
            },
        });
        let waiting = state.places.len().saturating_sub(state.begun);
        let all_busy = state.idle < waiting;
        drop(state);
        self.asked.notify_one();
        all_busy
    }

    /// Appends an answer that needs no work, and takes no further requests.
    pub(crate) fn close_with(&self, line: String) {
        let mut state = self.lock();
        state.places.push_back(Place {
            arrived: Instant::now(),
            content: Content::Answered(line),
        });
        state.closed = true;
        drop(state);
        self.asked.notify_all();
        self.write_what_is_ready();
    }

    /// Takes no further requests.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.asked.notify_all();
    }

    /// The next request to work on; waits for one, and returns none when there will be none.
    pub(crate) fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.broken {
                return None;
            }
            let begun = state.begun;
            if let Some(place) = state.places.get(begun) {
                let arrived = place.arrived;
                if let Content::Asked { octets, .. } = &place.content {
                    let octets = Arc::clone(octets);
                    state.begun = begun.saturating_add(1);
                    let position = u64::try_from(begun).unwrap_or(u64::MAX);
                    return Some(Job {
                        number: state.before.saturating_add(position),
                        octets,
                        arrived,
                    });
                }
            }
            if state.closed {
                return None;
            }
            state.idle = state.idle.saturating_add(1);
            let waited = self.asked.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
            state.idle = state.idle.saturating_sub(1);
        }
    }

    /// Puts the answer to the request `number` in its place.
    pub(crate) fn answer(&self, number: u64, line: String) {
        let mut state = self.lock();
        let position = number.checked_sub(state.before);
        let position = position.and_then(|position| usize::try_from(position).ok());
        if let Some(place) = position.and_then(|position| state.places.get_mut(position)) {
            place.content = Content::Answered(line);
        }
        drop(state);
        self.write_what_is_ready();
    }

    /// Whether all is answered that can be; waits up to `patience` for it.
    pub(crate) fn are_over(&self, patience: Duration) -> bool {
        let going_on = |state: &mut State| !state.places.is_empty() && !state.broken;
        let waited = (self.answered).wait_timeout_while(self.lock(), patience, going_on);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        !timeout.timed_out()
    }

    /// How many requests are not answered yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.lock().places.len()
    }

    /// How many requests are not answered because nobody read the answers.
    pub(crate) fn lost(&self) -> Option<usize> {
        let state = self.lock();
        state.broken.then_some(state.places.len())
    }

    /// Tells a client that wants to know how long its queue is, if it has waited for long.
    pub(crate) fn tell_progress(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        let silent = now.saturating_duration_since(state.spoke) >= SILENCE;
        if !silent || state.writing || state.broken {
            return;
        }
        let waits_long = |place: &Place| now.saturating_duration_since(place.arrived) >= SILENCE;
        let last = (state.places.iter_mut().enumerate().rev())
            .find_map(|(position, place)| {
                (waits_long(place) && place.wants_progress()).then_some(position)
            })
            .and_then(|position| u64::try_from(position).ok());
        let Some(ahead) = last else {
            return;
        };
        state.writing = true;
        drop(state);
        self.write(&(progress_to_json(ahead) + "\n"), 0);
        self.write_what_is_ready();
    }

    /// Writes the answers whose turn it is, unless another thread is at it, which then goes on
    /// with these.
    fn write_what_is_ready(&self) {
        while let Some((text, answers)) = self.ready() {
            self.write(&text, answers);
        }
    }

    /// The next answers, as many as are ready and fit; who gets them has to write them.
    fn ready(&self) -> Option<(String, usize)> {
        let mut state = self.lock();
        if state.writing || state.broken {
            return None;
        }
        let mut text = String::new();
        let mut answers = 0;
        for place in &state.places {
            match &place.content {
                Content::Answered(line) if text.is_empty() || text.len() + line.len() < AT_ONCE => {
                    text.push_str(line);
                    text.push('\n');
                    answers += 1;
                }
                _ => break,
            }
        }
        if answers == 0 {
            return None;
        }
        state.writing = true;
        Some((text, answers))
    }

    /// Writes `text`, which answers the first `answers` requests.
    fn write(&self, text: &str, answers: usize) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let written = (text.as_bytes().chunks(AT_ONCE))
            .try_for_each(|part| output.write_all(part))
            .and_then(|()| output.flush());
        drop(output);
        let mut state = self.lock();
        state.writing = false;
        state.spoke = Instant::now();
        match written {
            Ok(()) => {
                let written = answers.min(state.places.len());
                state.places.drain(..written);
                state.begun = state.begun.saturating_sub(answers);
                let answers = u64::try_from(answers).unwrap_or(u64::MAX);
                state.before = state.before.saturating_add(answers);
            }
            Err(_) => state.broken = true,
        }
        let broken = state.broken;
        drop(state);
        if broken {
            // Nobody reads the answers any more, so nobody needs to ask or to sign.
            self.stop.now();
            self.asked.notify_all();
        }
        self.answered.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic can lose the place of one answer, which ends the session; nothing else.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether whoever asked this wants to know how long it takes.
    fn wants_progress(&mut self) -> bool {
        match &mut self.content {
            Content::Answered(_) => false,
            Content::Asked {
                octets,
                wants_progress,
            } => *wants_progress.get_or_insert_with(|| {
                Request::parse(octets.as_slice()).is_ok_and(|request| request.wants_progress())
            }),
        }
    }
}
