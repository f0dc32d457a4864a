//! One thing that many use, one after the other.

use std::{
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// A thing that is taken in turns.
#[derive(Debug)]
pub(super) struct Turns<T> {
    /// Not there while somebody has it.
    thing: Mutex<Option<T>>,
    back: Condvar,
}

/// The turn of somebody.
#[derive(Debug)]
pub(super) struct Turn<'a, T: Default> {
    turns: &'a Turns<T>,
    /// The thing. What is here in the end is there for the next one.
    pub(super) thing: T,
}

impl<T: Default> Turns<T> {
    pub(super) fn new() -> Self {
        Self {
            thing: Mutex::new(Some(T::default())),
            back: Condvar::new(),
        }
    }

    /// Waits for a turn until `end`.
    pub(super) fn take(&self, end: Instant) -> Option<Turn<'_, T>> {
        let left = end.saturating_duration_since(Instant::now());
        let waited = (self.back).wait_timeout_while(self.lock(), left, |thing| thing.is_none());
        let (mut thing, _) = waited.unwrap_or_else(PoisonError::into_inner);
        thing.take().map(|thing| Turn { turns: self, thing })
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        // It is there or not, whatever happened to who looked.
        self.thing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        *self.turns.lock() = Some(mem::take(&mut self.thing));
        self.turns.back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;

    #[test]
    fn nobody_has_it_at_the_same_time_as_somebody_else() {
        let turns = Turns::<u32>::new();
        let later = || Instant::now() + Duration::from_secs(60);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let mut turn = turns.take(later()).expect("in time");
                        let before = turn.thing;
                        thread::yield_now();
                        turn.thing = before + 1;
                    }
                });
            }
        });
        assert_eq!(turns.take(later()).expect("in time").thing, 800);
    }

    #[test]
    fn who_waits_too_long_gets_nothing() {
        let turns = Turns::<u32>::new();
        let first = turns.take(Instant::now());
        assert!(turns.take(Instant::now()).is_none());
        drop(first);
        assert!(turns.take(Instant::now()).is_some());
    }
}
