//! What a log goes on from when it is opened, and how its checkpoints are signed and published.

use signstar::log::{Checkpoint, Edge, Head, Reader, SignedCheckpoint, VerifierKey};

use super::{Error, State};
use crate::{
    Folder,
    key::{CheckpointKey, KeyError},
};

/// When a checkpoint is published.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Release {
    /// Once the log has signed it.
    Signed,
    /// Once the witnesses have cosigned it; until then it is kept in private.
    Witnessed,
}

impl Release {
    /// The commit point.
    pub(super) fn commit(
        self,
        folder: &Folder,
        state: &State,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), Error> {
        let note = checkpoint.note().to_string();
        match self {
            Self::Signed => Ok(folder.publish(&note)?),
            Self::Witnessed => state.commit(&note),
        }
    }
}

/// The newest checkpoint: what was pending when the writer was ended is finished first.
pub(super) fn checkpoint(
    folder: &Folder,
    state: &State,
    key: &dyn CheckpointKey,
    release: Release,
) -> Result<SignedCheckpoint, Error> {
    let pending = state.pending()?;
    let published = read_checkpoint(folder, key.verifier())?;
    let committed = read_committed(state, folder, key.verifier())?;
    let known = newer(published.as_ref(), committed)?;
    if let (Some(published), Some(known)) = (&published, &known) {
        // The private folder knows of more: the public one has to have it.
        whole(folder, *known.head(), published.head().size)?;
    }
    let checkpoint = match (known, pending) {
        (None, pending) => begin(folder, state, key, pending)?,
        (Some(known), Some(pending)) if pending.size > known.head().size => {
            let next = finish(folder, key, &known, pending)?;
            release.commit(folder, state, &next)?;
            next
        }
        (Some(known), Some(pending))
            if pending.size == known.head().size && pending != *known.head() =>
        {
            return Err(Error::Forked(pending.size));
        }
        (Some(known), _) => known,
    };
    if release == Release::Signed && published.is_none_or(|old| old.head() != checkpoint.head()) {
        // Witnesses were waited for before, and are not any more.
        folder.publish(&checkpoint.note().to_string())?;
    }
    Ok(checkpoint)
}

/// Fails if the log is closed.
pub(super) fn refuse_frozen(folder: &Folder) -> Result<(), Error> {
    match folder.frozen()? {
        Some(successor) => Err(Error::Frozen(successor)),
        None => Ok(()),
    }
}

/// The longer one of what is published and what waits for witnesses.
fn newer(
    published: Option<&SignedCheckpoint>,
    committed: Option<SignedCheckpoint>,
) -> Result<Option<SignedCheckpoint>, Error> {
    // An empty log is published when it is begun: without that, the public folder is gone.
    let Some(published) = published else {
        return Ok(None);
    };
    let Some(committed) = committed else {
        return Ok(Some(published.clone()));
    };
    let (public, private) = (published.head(), committed.head());
    if public.size == private.size && public != private {
        return Err(Error::Forked(public.size));
    }
    Ok(Some(if private.size > public.size {
        committed
    } else {
        published.clone()
    }))
}

fn read_committed(
    state: &State,
    folder: &Folder,
    key: &VerifierKey,
) -> Result<Option<SignedCheckpoint>, Error> {
    let Some(octets) = state.committed()? else {
        return Ok(None);
    };
    let opened = SignedCheckpoint::open(&octets, key);
    opened.map(Some).map_err(|source| Error::Checkpoint {
        path: folder.path().join("checkpoint"),
        source,
    })
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
    let checkpoint = sign(key, head)?.ok_or(Error::KeyAway)?;
    folder.publish(&checkpoint.note().to_string())?;
    Ok(checkpoint)
}

/// Signs what was pending when the writer was ended: it may have been signed already, so
/// nothing else may ever be signed for that size.
fn finish(
    folder: &Folder,
    key: &dyn CheckpointKey,
    published: &SignedCheckpoint,
    pending: Head,
) -> Result<SignedCheckpoint, Error> {
    let before = *published.head();
    let mut reader = whole(folder, pending, before.size)?;
    let root = reader.root_at(before.size).map_err(|_| Error::SetBack {
        known: pending.size,
        found: before.size,
    })?;
    if root != before.root {
        return Err(Error::Forked(before.size));
    }
    sign(key, pending)?.ok_or(Error::KeyAway)
}

/// A reader of the log with `head`, whose files have to be there if that is more than the `found`
/// entries that are published.
fn whole(folder: &Folder, head: Head, found: u64) -> Result<Reader<Folder>, Error> {
    let known = head.size;
    let opened = Reader::open(folder.clone(), head).and_then(|mut reader| {
        reader.edge()?;
        Ok(reader)
    });
    opened.map_err(|error| match error {
        _ if known > found => Error::SetBack { known, found },
        damage => damage.into(),
    })
}

/// Has the key sign, and verifies what it signed. Nothing if the key is away.
pub(super) fn sign(key: &dyn CheckpointKey, head: Head) -> Result<Option<SignedCheckpoint>, Error> {
    let verifier = key.verifier();
    let checkpoint = Checkpoint::new(verifier.name(), head);
    let raw = match key.sign(checkpoint.to_string().as_bytes()) {
        Ok(raw) => raw,
        Err(KeyError::Away(_)) => return Ok(None),
        Err(KeyError::Refused(error)) => return Err(Error::Key(error.to_string())),
    };
    SignedCheckpoint::assemble(&checkpoint, verifier, &raw)
        .map(Some)
        .map_err(|error| Error::Key(error.to_string()))
}
