//! Figures about a client, for whoever watches the host.

mod counts;
mod exposition;
mod store;

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use signstar::{config::ClientName, refusal::Code};

pub(crate) use exposition::{Page, label};
pub(crate) use store::replace;

use self::{counts::Counts, store::Store};

/// How often the figures of a session that goes on are published.
const EVERY: Duration = Duration::from_secs(5);

/// The figures of one session, to be added to those of all sessions of its client.
#[derive(Debug)]
pub(crate) struct Figures {
    store: Store,
    fresh: Mutex<Fresh>,
}

/// What is not published yet.
#[derive(Debug)]
struct Fresh {
    counts: Counts,
    in_flight: usize,
    published: Instant,
}

impl Figures {
    /// Figures about `client`: kept in `state`, a folder of this client alone, and published in
    /// the folder `metrics`.
    pub(crate) fn new(client: ClientName, state: PathBuf, metrics: PathBuf) -> Self {
        Self {
            store: Store::new(client, state, metrics),
            fresh: Mutex::new(Fresh {
                counts: Counts::default(),
                in_flight: 0,
                published: Instant::now(),
            }),
        }
    }

    /// A signature of the kind `output` was made.
    pub(crate) fn signed(&self, output: &'static str, hsm: Option<Duration>) {
        let mut fresh = self.lock();
        fresh.counts.signed(output);
        if let Some(took) = hsm {
            fresh.counts.hsm_took(took);
        }
    }

    /// A request was refused.
    pub(crate) fn refused(&self, code: Code, hsm: Option<Duration>) {
        let mut fresh = self.lock();
        fresh.counts.refused(code.as_str());
        if let Some(took) = hsm {
            fresh.counts.hsm_took(took);
        }
    }

    /// A device made a wrong signature.
    pub(crate) fn device_out_of_use(&self) {
        self.lock().counts.device_out_of_use();
    }

    /// Publishes, if there is something new and the last time is a while ago.
    pub(crate) fn publish_now_and_then(&self, in_flight: usize) -> io::Result<()> {
        let fresh = self.lock();
        let is_new = !fresh.counts.is_empty() || fresh.in_flight != in_flight;
        let is_due = is_new && fresh.published.elapsed() >= EVERY;
        drop(fresh);
        if is_due {
            self.publish(in_flight)
        } else {
            Ok(())
        }
    }

    /// Publishes, with so many requests in flight; with none, this session is over.
    pub(crate) fn publish(&self, in_flight: usize) -> io::Result<()> {
        let mut fresh = self.lock();
        let counts = std::mem::take(&mut fresh.counts);
        fresh.published = Instant::now();
        fresh.in_flight = in_flight;
        drop(fresh);
        let added = self.store.add(&counts, in_flight);
        if added.is_err() {
            self.lock().counts.add(&counts);
        }
        added
    }

    fn lock(&self) -> MutexGuard<'_, Fresh> {
        // Counters are sound at any moment.
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
