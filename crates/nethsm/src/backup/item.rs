//! The values of a backup, as they are stored: each under its path, most still sealed.

use std::io::Read;

use zeroize::Zeroizing;

use super::{BackupKey, Error, Version, field};

/// One value of a backup, authentic but in general still sealed inside.
#[derive(Debug)]
pub struct Item {
    /// For instance `/key/packages`.
    pub path: String,
    /// The value as the device stores it.
    pub value: Zeroizing<Vec<u8>>,
}

impl Item {
    /// Reads what was sealed: three bytes of length, path, value.
    fn parse(plain: &[u8]) -> Option<Self> {
        let (&[high, middle, low], rest) = plain.split_first_chunk()?;
        let length = u32::from_be_bytes([0, high, middle, low]);
        let (path, value) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        Some(Self {
            path: std::str::from_utf8(path).ok()?.to_owned(),
            value: Zeroizing::new(value.to_vec()),
        })
    }

    /// What is sealed.
    pub(super) fn plain(path: &str, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut plain = Zeroizing::new(Vec::with_capacity(3 + path.len() + value.len()));
        plain.extend_from_slice(&field::length(path.as_bytes())?);
        plain.extend_from_slice(path.as_bytes());
        plain.extend_from_slice(value);
        Ok(plain)
    }
}

/// What items are sealed for.
pub(super) const PURPOSE: &str = "backup";

/// What every backup has.
const REQUIRED: [&str; 4] = [
    "/authentication/.version",
    "/key/.version",
    NAMESPACES,
    UNLOCK_SALT,
];

/// Stands in every backup from firmware 2.0 on, behind all users and keys.
const NAMESPACES: &str = "/namespace/.version";

/// The end of the path of the salt of the unlock passphrase.
pub(super) const UNLOCK_SALT: &str = "/config/unlock-salt";

/// Reads all items of a backup, in order. Reading to the end checks the file as a whole: the
/// last item is an error if anything is missing, out of order, or behind the end.
#[derive(Debug)]
pub struct Items<'a, R> {
    source: R,
    key: &'a BackupKey,
    version: Version,
    order: Order,
    missing: Vec<&'static str>,
    is_done: bool,
}

impl<'a, R: Read> Items<'a, R> {
    pub(super) fn new(source: R, key: &'a BackupKey, version: Version, namespaces: bool) -> Self {
        let mut missing = REQUIRED.to_vec();
        missing.retain(|path| namespaces || *path != NAMESPACES);
        Self {
            source,
            key,
            version,
            order: Order::default(),
            missing,
            is_done: false,
        }
    }

    fn read(&mut self) -> Result<Option<Item>, Error> {
        let Some(sealed) = field::read(&mut self.source)? else {
            return match self.version {
                Version::V0 => self.complete(),
                Version::V1 => Err(Error::Truncated),
            };
        };
        if sealed.is_empty() && self.version == Version::V1 {
            self.end()?;
            return self.complete();
        }
        let damaged = || Error::Damaged(format!("what follows {}", self.order.place()));
        let plain = self.key.open(PURPOSE, &sealed).ok_or_else(damaged)?;
        let item = Item::parse(&plain).ok_or_else(damaged)?;
        self.order.next(&item.path)?;
        let is_it = |wanted: &str| {
            item.path == wanted || wanted == UNLOCK_SALT && item.path.ends_with(wanted)
        };
        self.missing.retain(|wanted| !is_it(wanted));
        Ok(Some(item))
    }

    fn end(&mut self) -> Result<(), Error> {
        let mut end = Vec::new();
        let most = u64::try_from(field::END.len() + 1).unwrap_or(u64::MAX);
        self.source.by_ref().take(most).read_to_end(&mut end)?;
        match end.strip_prefix(field::END) {
            Some([]) => Ok(()),
            Some(_) => Err(Error::Trailing),
            None if field::END.starts_with(&end) => Err(Error::Truncated),
            None => Err(Error::Damaged("the end".to_owned())),
        }
    }

    fn complete(&self) -> Result<Option<Item>, Error> {
        match self.missing.first() {
            Some(path) => Err(Error::Missing(path)),
            None => Ok(None),
        }
    }
}

impl<R: Read> Iterator for Items<'_, R> {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Result<Item, Error>> {
        if self.is_done {
            return None;
        }
        let item = self.read().transpose();
        self.is_done = !matches!(item, Some(Ok(_)));
        item
    }
}

/// Nothing in the format binds an item to its place, but devices write them sorted: by bytes,
/// or folder by folder.
#[derive(Debug)]
struct Order {
    last: Option<String>,
    by_bytes: bool,
    by_folder: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            last: None,
            by_bytes: true,
            by_folder: true,
        }
    }
}

impl Order {
    fn next(&mut self, path: &str) -> Result<(), Error> {
        if let Some(last) = &self.last {
            self.by_bytes &= last.as_str() < path;
            self.by_folder &= last.split('/').lt(path.split('/'));
        }
        if !self.by_bytes && !self.by_folder {
            return Err(Error::Order(path.to_owned()));
        }
        self.last = Some(path.to_owned());
        Ok(())
    }

    fn place(&self) -> &str {
        self.last.as_deref().unwrap_or("the header")
    }
}
