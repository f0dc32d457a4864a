//! What a holder may know, and what is put where the holder can read it.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use nix::unistd::Uid;
use serde::{Deserialize, Serialize};
use signstar::config::Sharing;

use super::{
    SharesError,
    file::{Access, folder, text, way_to, write},
    layout::Layout,
    set::{Set, damaged},
    sets::Sets,
};

const FACTS: &str = "facts.json";

/// What one holder may know of the sets that it has shares of.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Facts {
    /// The set in force first.
    pub(super) sets: Vec<Fact>,
}

/// What a holder may know of one set.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fact {
    /// Its id.
    pub(super) set: String,
    pub(super) state: State,
    /// As `3 of 5`.
    pub(super) scheme: String,
    /// The number of the own share.
    pub(super) share: u8,
    /// That of the own share.
    pub(super) receipt: String,
    pub(super) holders: Vec<String>,
    pub(super) confirmed: Vec<String>,
}

/// What a set is for at the moment.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// Its shares open the credentials.
    InForce,
    /// Its holders have to show that they can read their shares.
    Waiting,
}

impl Facts {
    /// What `holder` may know.
    fn of(sets: &Sets, holder: &str) -> Self {
        let in_force = sets.in_force.iter().map(|set| (set, State::InForce));
        let next = sets.next.iter().map(|set| (set, State::Waiting));
        let fact = |(set, state): (&Set, State)| {
            let (share, held) = set.register.of(holder)?;
            Some(Fact {
                set: set.id(),
                state,
                scheme: set.scheme().to_string(),
                share,
                receipt: held.receipt()?.to_string(),
                holders: set.register.names().map(str::to_owned).collect(),
                confirmed: set.confirmed.iter().cloned().collect(),
            })
        };
        Self {
            sets: in_force.chain(next).filter_map(fact).collect(),
        }
    }

    /// Reads those of one holder; none if there are none.
    pub(super) fn read(own: &Path) -> Result<Self, SharesError> {
        let path = own.join(FACTS);
        match text(&path).map_err(SharesError::file(&path))? {
            None => Ok(Self::default()),
            Some(content) => {
                serde_json::from_str(&content).map_err(|error| damaged(&path, error.to_string()))
            }
        }
    }
}

/// Puts into the folder of every holder what it may know, and takes away everything else. What is
/// there follows from the sets alone, so it can be done at any time, and is.
pub(super) fn publish(layout: &Layout, sets: &Sets, sharing: &Sharing) -> Result<(), SharesError> {
    let names = sets.all().flat_map(|set| set.register.names());
    let wanted = sharing.holders.iter();
    let mut holders: Vec<String> = names
        .chain(wanted.map(signstar::config::UserName::as_str))
        .map(str::to_owned)
        .collect();
    holders.sort();
    holders.dedup();
    for path in [layout.state(), layout.volatile()] {
        way_to(path).map_err(SharesError::file(path))?;
    }
    for holder in &holders {
        let is_wanted = sharing.holders.iter().any(|one| one.as_str() == holder);
        match layout.owner(holder) {
            Some(_) => provide(layout, sets, holder)?,
            None if is_wanted => {
                return Err(SharesError::Unfit(format!(
                    "there is no Unix user `{holder}` to have a share; make it with \
                     `signstar-configure host apply`"
                )));
            }
            // Nobody can log in as that any more.
            None => {}
        }
    }
    clear(layout, &holders)
}

fn provide(layout: &Layout, sets: &Sets, holder: &str) -> Result<(), SharesError> {
    let Some(owner) = layout.owner(holder) else {
        return Ok(());
    };
    let mine = Uid::effective().as_raw();
    let readable = |mode| Access {
        mode,
        of: (Some(mine), Some(owner.gid)),
    };
    let own = layout.own(holder);
    let upload = layout.upload(holder);
    let above = own.parent().unwrap_or(Path::new("/"));
    let theirs = Access {
        mode: 0o700,
        of: (Some(owner.uid), Some(owner.gid)),
    };
    for (path, access) in [
        (above, readable(0o750)),
        (&*own, readable(0o750)),
        (&*upload, theirs),
    ] {
        folder(path, access).map_err(SharesError::file(path))?;
    }
    let facts = Facts::of(sets, holder);
    let mut files = Vec::new();
    for fact in &facts.sets {
        let set = sets.all().find(|set| set.id() == fact.set);
        if let Some(set) = set {
            files.push((format!("{}.age", fact.set), set.sealed_for(holder)?));
        }
    }
    let list = serde_json::to_string_pretty(&facts)
        .map_err(|error| SharesError::file(&own)(error.into()))?;
    files.push((FACTS.to_owned(), format!("{list}\n")));
    for (name, content) in &files {
        let path = own.join(name);
        // What is right already stays as it is.
        if text(&path).ok().flatten().as_deref() != Some(content) {
            write(&path, content.as_bytes(), readable(0o640)).map_err(SharesError::file(&path))?;
        }
    }
    for entry in fs::read_dir(&own).map_err(SharesError::file(&own))? {
        let path = entry.map_err(SharesError::file(&own))?.path();
        let is_wanted = files.iter().any(|(name, _)| own.join(name) == path);
        if !is_wanted {
            fs::remove_file(&path).map_err(SharesError::file(&path))?;
        }
    }
    Ok(())
}

/// Takes away what people have who hold no share any more.
fn clear(layout: &Layout, holders: &[String]) -> Result<(), SharesError> {
    let state = layout.state();
    let mine = Uid::effective().as_raw();
    for entry in fs::read_dir(state).map_err(SharesError::file(state))? {
        let entry = entry.map_err(SharesError::file(state))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let own = layout.own(&name);
        // A folder of a client belongs to the client: what is in there is theirs.
        let is_ours = entry.metadata().is_ok_and(|folder| folder.uid() == mine);
        if is_ours && !holders.contains(&name) && own.join(FACTS).is_file() {
            fs::remove_dir_all(&own).map_err(SharesError::file(&own))?;
        }
    }
    Ok(())
}
