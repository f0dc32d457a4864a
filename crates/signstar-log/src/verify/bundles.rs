//! Bundles of entries, each checked with the tile of its hashes, several at a time.

use std::{
    collections::HashMap,
    iter,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use signstar::{
    log::{Entry, Hash, InvalidEntry, Kind, Tile, WIDTH, bundle},
    sign::Certificate,
};

use super::{Finding, Findings, tower::is_tile};
use crate::{
    folder::limit,
    source::{Source, SourceError},
};

/// How many bundles each worker may be ahead.
const AHEAD: usize = 4;
/// Longer bundles have one buffer for all workers, so that these need little memory whatever is in
/// the log. A usual bundle has a fifth of this.
const LONG: u64 = 1 << 20;

/// What was found out about one bundle.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    pub(super) entries: u64,
    pub(super) later: u64,
    pub(super) signatures: u64,
    pub(super) unknown: u64,
    /// The hashes of the leaves, as they follow from the entries if these can be read.
    pub(super) hashes: Vec<Hash>,
    pub(super) findings: Findings,
}

/// Threads that check bundles.
pub(super) struct Workers<'a> {
    source: &'a Source,
    size: u64,
    certificates: HashMap<String, &'a Certificate>,
    threads: usize,
    long: Mutex<Vec<u8>>,
}

impl<'a> Workers<'a> {
    pub(super) fn new(
        source: &'a Source,
        size: u64,
        certificates: &'a [Certificate],
        threads: usize,
    ) -> Self {
        let by_issuer = |certificate: &'a Certificate| {
            let issuer = certificate.fingerprint().to_ascii_lowercase();
            (issuer, certificate)
        };
        Self {
            source,
            size,
            certificates: certificates.iter().map(by_issuer).collect(),
            threads,
            long: Mutex::new(Vec::new()),
        }
    }

    /// Gives all bundles to `take`, in their order. Ends with the first file that cannot be read.
    pub(super) fn run(
        &self,
        mut take: impl FnMut(Bundle) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let bundles = self.size.div_ceil(WIDTH.into());
        thread::scope(|scope| {
            // Worker 0 has bundles 0, n, 2n; so their order is that of the workers.
            let results: Vec<Receiver<_>> = (0..self.threads)
                .map(|first| {
                    let (done, results) = sync_channel(AHEAD);
                    scope.spawn(move || self.work(first, bundles, &done));
                    results
                })
                .collect();
            for results in results.iter().cycle() {
                let Ok(bundle) = results.recv() else {
                    break;
                };
                take(bundle?)?;
            }
            Ok(())
        })
    }

    fn work(&self, first: usize, bundles: u64, done: &SyncSender<Result<Bundle, SourceError>>) {
        let first = u64::try_from(first).unwrap_or(u64::MAX);
        let step = u64::try_from(self.threads).unwrap_or(u64::MAX);
        let mine = iter::successors(Some(first), |index| index.checked_add(step));
        let mut buffer = Vec::new();
        for index in mine.take_while(|&index| index < bundles) {
            // Nobody takes it once something cannot be read.
            if done.send(self.bundle(index, &mut buffer)).is_err() {
                break;
            }
        }
    }

    fn bundle(&self, index: u64, buffer: &mut Vec<u8>) -> Result<Bundle, SourceError> {
        let tile = |kind| Tile::in_log(kind, index, self.size);
        let (Some(entries), Some(hashes)) = (tile(Kind::Entries), tile(Kind::Hashes { level: 0 }))
        else {
            return Ok(Bundle::default());
        };
        let width = usize::from(entries.width());
        let mut result = Bundle::default();
        let mut read = self.source.tile_into(entries, LONG, buffer);
        let mut long = None;
        if read.as_ref().is_err_and(SourceError::is_excess) {
            // It holds nothing that somebody who panicked could have left half done.
            let buffer = long.insert(self.long.lock().unwrap_or_else(PoisonError::into_inner));
            read = self.source.tile_into(entries, limit(entries), buffer);
        }
        let octets: &[u8] = long.as_ref().map_or(buffer, |long| long);
        let octets = result.findings.take(entries, read.map(|()| octets))?;
        let stored = result.findings.read(self.source, hashes)?;
        let Some(all) = octets.and_then(|octets| split(octets, width)) else {
            if octets.is_some() {
                result.findings.push(Finding::Tile(entries));
            }
            let stored = stored.unwrap_or_default();
            result.hashes = leaves(&stored).take(width).collect();
            result.hashes.resize(width, Hash::empty());
            return Ok(result);
        };
        for (number, entry) in (index.saturating_mul(WIDTH.into())..).zip(&all) {
            result.hashes.push(Hash::leaf(entry));
            self.entry(number, entry, &mut result);
        }
        if let Some(stored) = stored
            && !is_tile(&stored, hashes, &result.hashes)
        {
            result.findings.push(Finding::Tile(hashes));
        }
        Ok(result)
    }

    fn entry(&self, number: u64, octets: &[u8], result: &mut Bundle) {
        result.entries += 1;
        let entry = match Entry::parse(octets) {
            Ok(entry) => entry,
            Err(InvalidEntry::Version(_)) => {
                result.later += 1;
                return;
            }
            Err(error) => {
                let finding = Finding::Entry(number, error.to_string());
                return result.findings.push(finding);
            }
        };
        if self.certificates.is_empty() {
            return;
        }
        let Some(certificate) = self.certificates.get(entry.issuer()) else {
            result.unknown += 1;
            return;
        };
        match entry.verify(certificate) {
            Ok(()) => result.signatures += 1,
            Err(error) => {
                let finding = Finding::Signature(number, error.to_string());
                result.findings.push(finding);
            }
        }
    }
}

/// The first `width` entries of a bundle that has so many, or is full.
fn split(octets: &[u8], width: usize) -> Option<Vec<&[u8]>> {
    let mut all = bundle::entries(octets).ok()?;
    let fits = all.len() == width || all.len() == usize::from(WIDTH);
    all.truncate(width);
    fits.then_some(all)
}

fn leaves(tile: &[u8]) -> impl Iterator<Item = Hash> {
    let (hashes, _) = tile.as_chunks::<{ Hash::OCTETS }>();
    hashes.iter().copied().map(Hash::from_octets)
}
