//! A set of shares as it rests on this host: the box, who holds what, who has confirmed it.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use signstar_shares::{Receipt, Recipient, Scheme, SealedBox, Secret, split};

use super::{
    SharesError,
    file::{Access, sync, text, write},
    register::{Held, Register},
};

const BOX: &str = "box";
const REGISTER: &str = "register.json";
const CONFIRMED: &str = "confirmed";

/// A set in a folder of its own, whose name is its id.
#[derive(Clone, Debug)]
pub(super) struct Set {
    pub(super) folder: PathBuf,
    pub(super) sealed: SealedBox,
    pub(super) register: Register,
    /// The holders who have shown that they can read their share.
    pub(super) confirmed: BTreeSet<String>,
}

impl Set {
    /// Seals `secret`, splits the key among `holders`, and writes all of it into a folder of its own
    /// below `sets`. The shares themselves are gone when this returns.
    pub(super) fn make(
        sets: &Path,
        secret: &Secret,
        threshold: u8,
        holders: &[(String, Recipient)],
    ) -> Result<Self, SharesError> {
        let count = u8::try_from(holders.len()).unwrap_or(u8::MAX);
        let scheme = Scheme::new(threshold, count)
            .map_err(|error| SharesError::Unfit(format!("{error}: {}", error.hint())))?;
        let (sealed, shares) = split(secret, scheme, getrandom::fill)
            .map_err(|error| SharesError::Random(io::Error::other(error.to_string())))?;
        let folder = sets.join(sealed.set_id().to_string());
        let mut register = Register {
            holders: Vec::new(),
        };
        let mut files = Vec::new();
        for (share, (holder, key)) in shares.iter().zip(holders) {
            files.push((format!("{holder}.age"), share.seal_to(key)));
            let held = Held::new(holder.clone(), key, &share.receipt());
            register.holders.push(held);
        }
        drop(shares);
        files.push((BOX.to_owned(), sealed.to_string()));
        let list = serde_json::to_string_pretty(&register)
            .map_err(|error| SharesError::file(&folder)(error.into()))?;
        files.push((REGISTER.to_owned(), format!("{list}\n")));
        super::file::folder(
            &folder,
            Access {
                mode: 0o700,
                ..Access::PRIVATE
            },
        )
        .map_err(SharesError::file(&folder))?;
        for (name, content) in files {
            let path = folder.join(name);
            write(&path, content.as_bytes(), Access::PRIVATE).map_err(SharesError::file(&path))?;
        }
        sync(sets).map_err(SharesError::file(sets))?;
        Ok(Self {
            folder,
            sealed,
            register,
            confirmed: BTreeSet::new(),
        })
    }

    /// Reads what is in `folder`.
    pub(super) fn read(folder: PathBuf) -> Result<Self, SharesError> {
        let content = |name: &str| {
            let path = folder.join(name);
            let content = text(&path).map_err(SharesError::file(&path))?;
            content.ok_or_else(|| damaged(&path, "it is not there"))
        };
        let sealed = SealedBox::parse(&content(BOX)?)
            .map_err(|error| damaged(&folder.join(BOX), error.to_string()))?;
        let register: Register = serde_json::from_str(&content(REGISTER)?)
            .map_err(|error| damaged(&folder.join(REGISTER), error.to_string()))?;
        let is_whole = sealed.set_id().to_string() == name_of(&folder)
            && register.holders.len() == usize::from(sealed.scheme().count())
            && (1..).zip(&register.holders).all(|(number, held)| {
                let receipt = held.receipt();
                receipt.and_then(|receipt| sealed.confirms(&receipt)) == Some(number)
            });
        if !is_whole {
            return Err(damaged(&folder, "box and register are of different sets"));
        }
        let path = folder.join(CONFIRMED);
        let confirmed = text(&path).map_err(SharesError::file(&path))?;
        let confirmed = confirmed.unwrap_or_default();
        Ok(Self {
            confirmed: confirmed.lines().map(str::to_owned).collect(),
            folder,
            sealed,
            register,
        })
    }

    /// 32 hexadecimal digits.
    pub(super) fn id(&self) -> String {
        self.sealed.set_id().to_string()
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.sealed.scheme()
    }

    /// The share of `holder` as it rests, encrypted.
    pub(super) fn sealed_for(&self, holder: &str) -> Result<String, SharesError> {
        let path = self.folder.join(format!("{holder}.age"));
        let content = text(&path).map_err(SharesError::file(&path))?;
        content.ok_or_else(|| damaged(&path, "it is not there"))
    }

    /// Whether this is the receipt of the share of `holder`.
    pub(super) fn is_share_of(&self, holder: &str, receipt: &Receipt) -> bool {
        let held = self.register.of(holder).map(|(_, held)| held);
        held.and_then(Held::receipt).as_ref() == Some(receipt)
    }

    /// Remembers that `holder` can read its share; tells whether that is news.
    pub(super) fn confirm(&mut self, holder: &str) -> Result<bool, SharesError> {
        if !self.confirmed.insert(holder.to_owned()) {
            return Ok(false);
        }
        let lines = self.confirmed.iter().map(|name| format!("{name}\n"));
        let path = self.folder.join(CONFIRMED);
        write(&path, lines.collect::<String>().as_bytes(), Access::PRIVATE)
            .map_err(SharesError::file(path))?;
        Ok(true)
    }

    /// Puts another box of the same set in place of the one that is there.
    pub(super) fn replace_box(folder: &Path, sealed: &SealedBox) -> io::Result<()> {
        write(
            &folder.join(BOX),
            sealed.to_string().as_bytes(),
            Access::PRIVATE,
        )
    }

    /// The files of a set that go when it does.
    pub(super) fn remove(folder: &Path) -> io::Result<()> {
        // The box first: without it, shares open nothing.
        let owner = super::layout::Owner {
            uid: nix::unistd::Uid::effective().as_raw(),
            gid: nix::unistd::Gid::effective().as_raw(),
        };
        super::file::erase(&folder.join(BOX), owner)?;
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

fn name_of(folder: &Path) -> &str {
    let name = folder.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default()
}

pub(super) fn damaged(path: &Path, why: impl Into<String>) -> SharesError {
    SharesError::Damaged {
        path: path.to_owned(),
        why: why.into(),
    }
}
