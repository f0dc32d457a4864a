//! Where the answer to one question goes.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use super::Recorded;
use crate::wire::{Answer, Trouble};

/// What is answered. Proofs are written out by the connection, not by the one writer of the log.
#[derive(Debug)]
pub(super) enum Outcome {
    Recorded(Box<Recorded>),
    Other(Answer),
}

/// The place of one answer. Dropped without one, it says that the log has ended.
#[derive(Debug)]
pub(super) struct Reply {
    number: u64,
    to: Option<SyncSender<(u64, Outcome)>>,
}

/// The answers to the questions of one connection.
#[derive(Debug)]
pub(super) struct Replies {
    next: u64,
    to: SyncSender<(u64, Outcome)>,
    room: SyncSender<()>,
}

/// The answers in the order of the questions.
#[derive(Debug)]
pub(super) struct Answers {
    next: u64,
    from: Receiver<(u64, Outcome)>,
    early: Vec<(u64, Outcome)>,
    room: Receiver<()>,
}

/// Both ends for a connection on which at most `most` questions wait.
pub(super) fn replies(most: usize) -> (Replies, Answers) {
    let (to, from) = sync_channel(most);
    let (room, taken) = sync_channel(most);
    let replies = Replies { next: 0, to, room };
    let answers = Answers {
        next: 0,
        from,
        early: Vec::new(),
        room: taken,
    };
    (replies, answers)
}

impl Replies {
    /// A place for the next answer, as soon as fewer than the most are waited for. Nothing if
    /// nobody takes answers any more.
    pub(super) fn place(&mut self) -> Option<Reply> {
        self.room.send(()).ok()?;
        let number = self.next;
        self.next += 1;
        Some(Reply {
            number,
            to: Some(self.to.clone()),
        })
    }
}

impl Reply {
    /// A place for an answer that nobody waits for.
    pub(super) fn nowhere() -> Self {
        Self {
            number: 0,
            to: None,
        }
    }

    /// Answers. Whoever does not wait any more need not be told.
    pub(super) fn tell(mut self, outcome: Outcome) {
        if let Some(to) = self.to.take() {
            // There is room for as many as may wait.
            let _ = to.try_send((self.number, outcome));
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(to) = self.to.take() {
            let gone = Answer::Trouble(Trouble::Stopped, "the log has ended".to_owned());
            let _ = to.try_send((self.number, Outcome::Other(gone)));
        }
    }
}

impl Answers {
    /// The next answer. Calls `idle` before it waits. Nothing once no more will come.
    pub(super) fn next<E>(
        &mut self,
        mut idle: impl FnMut() -> Result<(), E>,
    ) -> Result<Option<Outcome>, E> {
        loop {
            let here = |(number, _): &(u64, Outcome)| *number == self.next;
            if let Some(at) = self.early.iter().position(here) {
                self.next += 1;
                // Taken by `place`, before the answer was given.
                let _ = self.room.try_recv();
                return Ok(Some(self.early.swap_remove(at).1));
            }
            let answer = match self.from.try_recv() {
                Err(TryRecvError::Empty) => {
                    idle()?;
                    self.from.recv().ok()
                }
                answer => answer.ok(),
            };
            let Some(answer) = answer else {
                return Ok(None);
            };
            self.early.push(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answers: &mut Answers) -> Option<Answer> {
        let outcome = answers.next(|| Ok::<(), ()>(())).expect("idle is fine")?;
        match outcome {
            Outcome::Other(answer) => Some(answer),
            Outcome::Recorded(_) => None,
        }
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions_and_none_is_left_out() {
        let (mut replies, mut answers) = replies(3);
        let mut place = || replies.place().expect("room");
        let (first, second, third) = (place(), place(), place());
        let say = |text: &str| Outcome::Other(Answer::Proof(text.to_owned()));
        third.tell(say("third"));
        drop(second);
        first.tell(say("first"));
        drop(replies);
        assert_eq!(told(&mut answers), Some(Answer::Proof("first".to_owned())));
        assert!(matches!(
            told(&mut answers),
            Some(Answer::Trouble(Trouble::Stopped, _))
        ));
        assert_eq!(told(&mut answers), Some(Answer::Proof("third".to_owned())));
        assert_eq!(told(&mut answers), None);
    }

    #[test]
    fn who_takes_no_answers_gets_no_further_place() {
        let (mut replies, answers) = replies(1);
        drop(replies.place());
        drop(answers);
        assert!(replies.place().is_none());
    }
}
