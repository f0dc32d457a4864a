//! Where shares are on this host.

use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User};
use signstar::config::{AdministrativeCredentials, Config, Identity, Sharing};

/// The folders of one configuration (spec/ceremony.md, Places).
#[derive(Clone, Debug)]
pub(super) struct Layout {
    folder: PathBuf,
    state: PathBuf,
    volatile: PathBuf,
    identity: Identity,
}

/// A Unix user and the group of the same name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Layout {
    /// `None` unless the credentials are in shares.
    pub(super) fn of(config: &Config) -> Option<(Self, &Sharing)> {
        let administration = config.administration.as_ref()?;
        let AdministrativeCredentials::Shares(sharing) = &administration.credentials else {
            return None;
        };
        let layout = Self {
            folder: administration.folder.join("shares"),
            state: config.state.clone(),
            volatile: sharing.volatile.clone(),
            identity: config.identity,
        };
        Some((layout, sharing))
    }

    /// The folder of the sets, for root alone.
    pub(super) fn sets(&self) -> &Path {
        &self.folder
    }

    /// The folder with the folders of clients and users.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// What `holder` may read: its shares as they rest, and what is known of them.
    pub(super) fn own(&self, holder: &str) -> PathBuf {
        self.state.join(holder).join("share")
    }

    /// The folder with the folders for uploads.
    pub(super) fn volatile(&self) -> &Path {
        &self.volatile
    }

    /// Where `holder` puts its share for a ceremony.
    pub(super) fn upload(&self, holder: &str) -> PathBuf {
        self.volatile.join(holder)
    }

    /// The Unix user that is `holder`; `None` if there is none.
    pub(super) fn owner(&self, holder: &str) -> Option<Owner> {
        match self.identity {
            Identity::UnixUser => User::from_name(holder).ok().flatten().map(|user| Owner {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            }),
            Identity::AuthorizedKeys => Some(Owner {
                uid: Uid::effective().as_raw(),
                gid: Gid::effective().as_raw(),
            }),
        }
    }
}
