//! The order in which entries become part of a log.

use signstar::log::{
    Checkpoint, Edge, Entry, Growth, Head, Proof, Reader, RequestId, SignedCheckpoint, VerifierKey,
};

use super::{Error, State, crash, ids::Ids};
use crate::{Folder, durable::Hands, key::CheckpointKey};

/// How often the key is asked for one signature before the log stops.
const TRIES: u32 = 3;

/// An entry that is in the log for good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// Its number.
    pub index: u64,
    /// What proves it, with the entry.
    pub proof: Proof,
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
    edge: Edge,
    checkpoint: SignedCheckpoint,
    ids: Ids,
    hands: Hands,
}

impl Sequencer {
    /// Opens the log in `folder`, or begins it, and finishes what a crash left pending.
    ///
    /// Everything that is built on is authenticated: the checkpoint with the key, the partial
    /// tiles with the checkpoint, the newest entries with the tiles.
    ///
    /// A log that was closed ([`shard`](crate::shard)) is not opened.
    pub fn open(folder: Folder, state: State, key: Box<dyn CheckpointKey>) -> Result<Self, Error> {
        if let Some(successor) = folder.frozen()? {
            return Err(Error::Frozen(successor));
        }
        Self::open_frozen(folder, state, key)
    }

    /// The same, also for a log that is closed.
    pub(crate) fn open_frozen(
        folder: Folder,
        state: State,
        key: Box<dyn CheckpointKey>,
    ) -> Result<Self, Error> {
        folder.create()?;
        let pending = state.pending()?;
        let published = read_checkpoint(&folder, key.verifier())?;
        let checkpoint = match (published, pending) {
            (None, pending) => begin(&folder, &state, &*key, pending)?,
            (Some(published), Some(pending)) if pending.size > published.head().size => {
                finish(&folder, &*key, &published, pending)?
            }
            (Some(published), Some(pending))
                if pending.size == published.head().size && pending != *published.head() =>
            {
                return Err(Error::Forked(pending.size));
            }
            (Some(published), _) => published,
        };
        let mut reader = Reader::open(folder.clone(), *checkpoint.head())?;
        let edge = reader.edge()?;
        let ids = Ids::read(&mut reader)?;
        folder.tidy_edge(edge.size())?;
        Ok(Self {
            folder,
            state,
            key,
            edge,
            checkpoint,
            ids,
            hands: Hands::new(),
        })
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Appends the entries that are not in the log yet, and returns the proofs of all, in the
    /// order of the question. One whose client and id are on record is not appended: its proof is
    /// that of the earlier entry.
    ///
    /// When this returns, they are durable under a checkpoint that is published: the order of
    /// `spec/log.md`, "Commit".
    pub fn append(&mut self, entries: &[Entry]) -> Result<Vec<Recorded>, Error> {
        // 1. A batch.
        let mut fresh: Vec<Vec<u8>> = Vec::new();
        let mut places = Vec::new();
        let first = self.edge.size();
        for entry in entries {
            let place = self.ids.of(entry).unwrap_or_else(|| {
                let next = first.saturating_add(u64::try_from(fresh.len()).unwrap_or(u64::MAX));
                fresh.push(entry.to_octets());
                self.ids.insert(entry, next);
                next
            });
            places.push(place);
        }
        let mut growth = self.edge.grow(&fresh)?;
        if !fresh.is_empty() {
            self.commit(&growth)?;
        }
        let recorded = places.into_iter().map(|index| {
            if index < first {
                return self.prove(index);
            }
            let fresh = usize::try_from(index - first)
                .ok()
                .and_then(|at| fresh.get(at));
            let (entry, hashes) = fresh
                .zip(growth.prove(index))
                .ok_or(Error::NoProof(index))?;
            Ok(Recorded {
                index,
                proof: Proof::new(entry, index, hashes, &self.checkpoint),
            })
        });
        let recorded = recorded.collect();
        self.edge = growth.into_edge();
        recorded
    }

    /// The entry of the request `id` of `client`, if it is among the newest.
    pub fn find(&self, client: &str, id: &RequestId) -> Result<Option<Recorded>, Error> {
        let place = self.ids.find(client, id);
        place.map(|index| self.prove(index)).transpose()
    }

    /// The entry `index` with its proof.
    pub fn prove(&self, index: u64) -> Result<Recorded, Error> {
        let mut reader = Reader::open(self.folder.clone(), *self.checkpoint.head())?;
        let entry = reader.entry(index)?;
        let hashes = reader.prove(index)?;
        Ok(Recorded {
            index,
            proof: Proof::new(&entry, index, hashes, &self.checkpoint),
        })
    }

    fn commit(&mut self, growth: &Growth) -> Result<(), Error> {
        crash::after(1);
        // 2. New files, durably: contents and names in one wait, as nobody relies on them yet.
        self.folder.write(growth.files(), &self.hands)?;
        crash::after(2);
        // 3. What is about to be signed, durably.
        self.state.remember(growth.head())?;
        crash::after(3);
        // 4. The signature, verified.
        let checkpoint = sign(&*self.key, growth.head())?;
        crash::after(4);
        // 5. The commit point.
        self.folder.publish(&checkpoint.note().to_string())?;
        crash::after(5);
        self.checkpoint = checkpoint;
        // Nothing depends on this; what stays is removed at the next start.
        let _ = self.folder.tidy(growth.first_index(), growth.head().size);
        crash::after(6);
        Ok(())
    }
}

fn read_checkpoint(folder: &Folder, key: &VerifierKey) -> Result<Option<SignedCheckpoint>, Error> {
    let Some(octets) = folder.checkpoint()? else {
        return Ok(None);
    };
    let opened = SignedCheckpoint::open(&octets, key);
    opened.map(Some).map_err(|source| Error::Checkpoint {
        path: folder.path().join("checkpoint"),
        source,
    })
}

/// Begins a log: an empty one has a checkpoint too.
fn begin(
    folder: &Folder,
    state: &State,
    key: &dyn CheckpointKey,
    pending: Option<Head>,
) -> Result<SignedCheckpoint, Error> {
    let head = Edge::new().head();
    if folder.has_tiles() || pending.is_some_and(|pending| pending != head) {
        return Err(Error::NoCheckpoint(folder.path().join("checkpoint")));
    }
    state.remember(head)?;
    let checkpoint = sign(key, head)?;
    folder.publish(&checkpoint.note().to_string())?;
    Ok(checkpoint)
}

/// Publishes what was pending when the writer was ended: it may have been signed already, so
/// nothing else may ever be signed for that size.
fn finish(
    folder: &Folder,
    key: &dyn CheckpointKey,
    published: &SignedCheckpoint,
    pending: Head,
) -> Result<SignedCheckpoint, Error> {
    let before = *published.head();
    let set_back = |_| Error::SetBack {
        known: pending.size,
        found: before.size,
    };
    let mut reader = Reader::open(folder.clone(), pending).map_err(set_back)?;
    if reader.root_at(before.size).map_err(set_back)? != before.root {
        return Err(Error::Forked(before.size));
    }
    reader.edge().map_err(set_back)?;
    let checkpoint = sign(key, pending)?;
    folder.publish(&checkpoint.note().to_string())?;
    Ok(checkpoint)
}

/// Has the key sign, and verifies what it signed.
fn sign(key: &dyn CheckpointKey, head: Head) -> Result<SignedCheckpoint, Error> {
    let verifier = key.verifier();
    let checkpoint = Checkpoint::new(verifier.name(), head);
    let octets = checkpoint.to_string();
    let mut tries = 1;
    let raw = loop {
        match key.sign(octets.as_bytes()) {
            Ok(raw) => break raw,
            Err(_) if tries < TRIES => tries += 1,
            Err(error) => return Err(Error::Key(error.to_string())),
        }
    };
    SignedCheckpoint::assemble(&checkpoint, verifier, &raw)
        .map_err(|error| Error::Key(error.to_string()))
}
