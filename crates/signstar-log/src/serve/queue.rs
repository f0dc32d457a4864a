//! What waits for the sequencer, and in which batches it goes.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use signstar::log::{Entry, RequestId};

use super::{
    Error, Sequencer, Standing,
    reply::{Outcome, Reply},
};
use crate::wire::{Answer, Trouble};

/// The most entries in one commit: as many as may wait.
const MAX_BATCH: usize = 1024;
/// The longest wait for further entries while there is much to do.
const MAX_LINGER: Duration = Duration::from_millis(5);

/// One question, and where its answer goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) reply: Reply,
}

/// What the sequencer is asked.
#[derive(Debug)]
pub(super) enum Task {
    Append(Box<Entry>),
    Find {
        client: String,
        id: RequestId,
    },
    Prove(u64),
    /// Make use of what the witnesses said.
    Listen,
    /// Answer what waits, and end.
    Stop,
}

/// Works off the queue until it is told to stop, or until nothing can be appended any more. Then
/// whoever still waits is told so by the end of their channel.
pub(super) fn work(mut sequencer: Sequencer, jobs: &Receiver<Job>) -> Result<(), Error> {
    let mut pace = Pace::default();
    loop {
        let Some(batch) = pace.next(jobs) else {
            return Ok(());
        };
        let is_last = batch.iter().any(|job| matches!(job.task, Task::Stop));
        let begin = Instant::now();
        let appended = answer(&mut sequencer, batch)?;
        pace.was(appended, begin.elapsed());
        if is_last {
            return Ok(());
        }
    }
}

/// How large the last batch was and how long it took: when there is much to do, the next one is
/// worth a short wait.
#[derive(Debug, Default)]
struct Pace {
    entries: usize,
    linger: Duration,
}

impl Pace {
    fn was(&mut self, entries: usize, took: Duration) {
        self.entries = entries;
        self.linger = if entries > 1 {
            (took / 4).min(MAX_LINGER)
        } else {
            Duration::ZERO
        };
    }

    /// The next jobs: at once if one is alone, else as many as the last time if they come soon.
    fn next(&self, jobs: &Receiver<Job>) -> Option<Vec<Job>> {
        let mut batch = vec![jobs.recv().ok()?];
        let end = Instant::now() + self.linger;
        while batch.len() < MAX_BATCH {
            let wait = if batch.len() < self.entries {
                end.saturating_duration_since(Instant::now())
            } else {
                Duration::ZERO
            };
            match jobs.recv_timeout(wait) {
                Ok(job) => batch.push(job),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Some(batch)
    }
}

/// Answers a batch, appends first. Returns how many entries it had.
fn answer(sequencer: &mut Sequencer, batch: Vec<Job>) -> Result<usize, Error> {
    let mut entries = Vec::new();
    let mut waiting = Vec::new();
    let mut others = Vec::new();
    for Job { task, reply } in batch {
        match task {
            Task::Append(entry) => {
                entries.push(*entry);
                waiting.push(reply);
            }
            Task::Find { .. } | Task::Prove(_) | Task::Listen | Task::Stop => {
                others.push((task, reply));
            }
        }
    }
    match sequencer.append(&entries) {
        Ok(standing) => {
            for (standing, reply) in standing.into_iter().zip(waiting) {
                reply.tell(told(standing));
            }
        }
        Err(error) => {
            for reply in waiting {
                reply.tell(stopped(&error));
            }
            return Err(error);
        }
    }
    for (task, reply) in others {
        let found = match task {
            Task::Find { client, id } => sequencer.find(&client, &id),
            Task::Prove(index) => sequencer.prove(index),
            Task::Listen | Task::Stop | Task::Append(_) => Ok(Standing::Absent),
        };
        reply.tell(found.map_or_else(|error| stopped(&error), told));
    }
    Ok(entries.len())
}

fn told(standing: Standing) -> Outcome {
    match standing {
        Standing::Recorded(recorded) => Outcome::Recorded(Box::new(recorded)),
        Standing::Absent => Outcome::Other(Answer::Nothing),
        Standing::Waiting => {
            let words = "the key or the witnesses of the log are away".to_owned();
            Outcome::Other(Answer::Trouble(Trouble::Stopped, words))
        }
    }
}

/// What the cause is stands in the journal of the log; signing processes need not know.
fn stopped(_error: &Error) -> Outcome {
    let words = "the log cannot be written".to_owned();
    Outcome::Other(Answer::Trouble(Trouble::Stopped, words))
}
