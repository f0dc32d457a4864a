//! The order in which entries become part of a log.

use std::fs::File;

use signstar::log::{Edge, Entry, Growth, Head, Proof, Reader, RequestId, SignedCheckpoint};

use super::{
    Error, Panel, State, crash,
    ids::Ids,
    opening::{self, Release},
    tidying::Tidying,
    witnesses::Witnesses,
};
use crate::{Folder, durable::Hands, key::CheckpointKey};

/// An entry that is in the log for good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// Its number.
    pub index: u64,
    /// What proves it, with the entry.
    pub proof: Proof,
}

/// What is known about an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It is not in the log.
    Absent,
    /// It may be, but nothing proves it yet: the key or the witnesses of the log are away.
    Waiting,
    /// It is in the log.
    Recorded(Recorded),
}

/// The one that appends: it owns the folder, the edge of the tree and the key.
///
/// Any error of [`Sequencer::append`] leaves it unusable: what is on the disk is then found out
/// by opening the log again, never guessed.
#[derive(Debug)]
pub struct Sequencer {
    folder: Folder,
    state: State,
    key: Box<dyn CheckpointKey>,
    /// The tree as it is written, and its head, which may wait for its signature.
    edge: Edge,
    head: Head,
    /// The newest that is signed, which may wait for witnesses.
    checkpoint: SignedCheckpoint,
    /// The newest that proves something, and one with more cosignatures, which may be older.
    shown: Option<SignedCheckpoint>,
    cosigned: Option<SignedCheckpoint>,
    witnesses: Option<Witnesses>,
    ids: Ids,
    hands: Hands,
    // These are dropped in this order: no other process may write before the thread has ended.
    tidying: Tidying,
    _lock: File,
}

impl Sequencer {
    /// Opens the log in `folder`, or begins it, and finishes what a crash left pending.
    ///
    /// Everything that is built on is authenticated: the checkpoint with the key, the partial
    /// tiles with the checkpoint, the newest entries with the tiles.
    ///
    /// A log that was closed ([`shard`](crate::shard)) is not opened.
    pub fn open(folder: Folder, state: State, key: Box<dyn CheckpointKey>) -> Result<Self, Error> {
        opening::refuse_frozen(&folder)?;
        Self::open_frozen(folder, state, key)
    }

    /// The same for a log with witnesses, who are asked before this returns: a log that they know
    /// better is not opened. One that cannot be had objects later, with an error of
    /// [`Sequencer::append`].
    pub fn open_witnessed(
        folder: Folder,
        state: State,
        key: Box<dyn CheckpointKey>,
        panel: Panel,
    ) -> Result<Self, Error> {
        opening::refuse_frozen(&folder)?;
        let release = if panel.policy.needs_witnesses() {
            Release::Witnessed
        } else {
            Release::Signed
        };
        let mut log = Self::read(folder, state, key, release)?;
        let verifier = log.key.verifier();
        let witnesses = Witnesses::start(panel, verifier, &log.folder, &log.checkpoint)?;
        log.witnesses = Some(witnesses);
        log.collect(Patience::None)?;
        Ok(log)
    }

    /// The same without witnesses, also for a log that is closed.
    pub(crate) fn open_frozen(
        folder: Folder,
        state: State,
        key: Box<dyn CheckpointKey>,
    ) -> Result<Self, Error> {
        let mut log = Self::read(folder, state, key, Release::Signed)?;
        log.collect(Patience::None)?;
        Ok(log)
    }

    fn read(
        folder: Folder,
        state: State,
        key: Box<dyn CheckpointKey>,
        release: Release,
    ) -> Result<Self, Error> {
        folder.create()?;
        let lock = folder.lock()?;
        let lock = lock.ok_or_else(|| Error::Locked(folder.path().to_owned()))?;
        let checkpoint = opening::checkpoint(&folder, &state, &*key, release)?;
        let mut reader = Reader::open(folder.clone(), *checkpoint.head())?;
        let edge = reader.edge()?;
        let ids = Ids::read(&mut reader)?;
        folder.tidy_edge(edge.size())?;
        Ok(Self {
            tidying: Tidying::of(folder.clone()),
            folder,
            state,
            key,
            head: *checkpoint.head(),
            edge,
            checkpoint,
            shown: None,
            cosigned: None,
            witnesses: None,
            ids,
            _lock: lock,
            hands: Hands::new(),
        })
    }

    /// The newest checkpoint that is signed.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Has `tell` called when the witnesses said something: an append, of nothing as well, then
    /// makes use of it.
    pub(super) fn on_news(&self, tell: impl Fn() + Send + Sync + 'static) {
        if let Some(witnesses) = &self.witnesses {
            witnesses.on_news(tell);
        }
    }

    /// Appends the entries that are not in the log yet, and returns the standing of all, in the
    /// order of the question. One whose client and id are on record is not appended: its proof is
    /// that of the earlier entry.
    ///
    /// What is recorded is durable under a checkpoint that is published: the order of
    /// `spec/log.md`, "Commit". While the key or the witnesses are away, nothing is appended, and
    /// what was is [`Standing::Waiting`].
    pub fn append(&mut self, entries: &[Entry]) -> Result<Vec<Standing>, Error> {
        let is_open = self.catch_up()?;
        // 1. A batch.
        let mut fresh: Vec<Vec<u8>> = Vec::new();
        let mut places = Vec::new();
        let first = self.edge.size();
        for entry in entries {
            let known = self.ids.of(entry);
            let place = known.or_else(|| {
                is_open.then(|| {
                    let next = first.saturating_add(u64::try_from(fresh.len()).unwrap_or(u64::MAX));
                    fresh.push(entry.to_octets());
                    self.ids.insert(entry, next);
                    next
                })
            });
            places.push(place);
        }
        let mut growth = self.edge.grow(&fresh)?;
        if !fresh.is_empty() {
            self.commit(&growth)?;
        }
        let standing = places.into_iter().map(|place| {
            let Some(index) = place else {
                return Ok(Standing::Waiting);
            };
            let at = index.checked_sub(first);
            let entry = at.and_then(|at| fresh.get(usize::try_from(at).ok()?));
            match (entry, &self.shown) {
                (Some(entry), Some(shown)) if *shown.head() == growth.head() => {
                    let hashes = growth.prove(index).ok_or(Error::NoProof(index))?;
                    let proof = Proof::new(entry, index, hashes, shown);
                    Ok(Standing::Recorded(Recorded { index, proof }))
                }
                (Some(_), _) => Ok(Standing::Waiting),
                (None, _) => self.prove(index),
            }
        });
        let standing = standing.collect();
        self.edge = growth.into_edge();
        standing
    }

    /// The entry of the request `id` of `client`, if it is among the newest.
    pub fn find(&self, client: &str, id: &RequestId) -> Result<Standing, Error> {
        let place = self.ids.find(client, id);
        place.map_or(Ok(Standing::Absent), |index| self.prove(index))
    }

    /// The entry `index` with its proof.
    pub fn prove(&self, index: u64) -> Result<Standing, Error> {
        if index >= self.head.size {
            return Ok(Standing::Absent);
        }
        let settled = self.witnesses.as_ref().and_then(Witnesses::settled);
        let all = [&self.shown, &self.cosigned, &settled];
        let covering = all.into_iter().flatten();
        let covering = covering.filter(|checkpoint| index < checkpoint.head().size);
        // The one that says most.
        let most = covering.max_by_key(|checkpoint| checkpoint.note().signatures().len());
        let Some(checkpoint) = most else {
            return Ok(Standing::Waiting);
        };
        let mut reader = Reader::open(self.folder.clone(), *checkpoint.head())?;
        let entry = reader.entry(index)?;
        let hashes = reader.prove(index)?;
        let proof = Proof::new(&entry, index, hashes, checkpoint);
        Ok(Standing::Recorded(Recorded { index, proof }))
    }

    fn commit(&mut self, growth: &Growth) -> Result<(), Error> {
        crash::after(1);
        // 2. New files, durably: contents and names in one wait, as nobody relies on them yet.
        self.folder.write(growth.files(), &self.hands)?;
        crash::after(2);
        // 3. What is about to be signed, durably.
        self.state.remember(growth.head())?;
        self.head = growth.head();
        crash::after(3);
        if self.catch_up()? {
            self.tidying.after(growth.first_index(), growth.head().size);
        }
        Ok(())
    }

    /// Has signed and published what is written, as far as that can be had now. Returns whether
    /// nothing waits any more.
    fn catch_up(&mut self) -> Result<bool, Error> {
        if self.head == *self.checkpoint.head() {
            return self.collect(Patience::None);
        }
        // 4. The signature, verified.
        let Some(checkpoint) = opening::sign(&*self.key, self.head)? else {
            return Ok(false);
        };
        crash::after(4);
        // 5. The commit point.
        self.release()
            .commit(&self.folder, &self.state, &checkpoint)?;
        crash::after(5);
        self.checkpoint = checkpoint;
        if let Some(witnesses) = &self.witnesses {
            witnesses.offer(&self.checkpoint);
        }
        self.collect(Patience::Some)
    }

    /// Makes use of what the witnesses say. Returns whether the newest checkpoint can be shown.
    fn collect(&mut self, patience: Patience) -> Result<bool, Error> {
        let Some(witnesses) = &self.witnesses else {
            patience.crash_after(6);
            self.shown = Some(self.checkpoint.clone());
            return Ok(true);
        };
        let cosigned = match patience {
            Patience::Some if witnesses.are_needed() => witnesses.await_quorum()?,
            _ => witnesses.shown()?,
        };
        let is_newest = cosigned.head() == self.checkpoint.head();
        let is_news = self.shown.as_ref() != Some(&cosigned);
        if witnesses.are_needed() {
            // 6. The quorum; only now it is published.
            if is_newest && is_news && witnesses.accept(&cosigned) {
                patience.crash_after(6);
                self.folder.publish(&cosigned.note().to_string())?;
                self.shown = Some(cosigned);
            }
            let shown = self.shown.as_ref().map_or(0, |shown| shown.head().size);
            return Ok(shown == self.checkpoint.head().size);
        }
        let has_any = cosigned.note().signatures().len() > 1;
        if is_newest && is_news && has_any {
            self.folder.publish(&cosigned.note().to_string())?;
            self.checkpoint = cosigned.clone();
        }
        if has_any {
            self.cosigned = Some(cosigned);
        }
        patience.crash_after(6);
        self.shown = Some(self.checkpoint.clone());
        Ok(true)
    }

    fn release(&self) -> Release {
        match &self.witnesses {
            Some(witnesses) if witnesses.are_needed() => Release::Witnessed,
            _ => Release::Signed,
        }
    }
}

/// Whether witnesses are waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Patience {
    None,
    Some,
}

impl Patience {
    /// Says that a step is done, if it is one of a commit: whoever asks in passing has no patience.
    fn crash_after(self, step: u8) {
        if self == Self::Some {
            crash::after(step);
        }
    }
}
