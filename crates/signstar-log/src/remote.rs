//! A log behind a web server that is not trusted, over HTTP.

use std::{fmt, time::Duration};

use signstar::log::{Tile, Tiles};
use ureq::Agent;

use crate::{
    folder::{MAX_CHECKPOINT, limit},
    http,
};

/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the server may send us elsewhere for one file.
const REDIRECTS: u32 = 3;

/// The address of a log.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    agent: Agent,
    address: String,
}

/// What the web server refused.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// No answer, or none that is one.
    #[error("cannot read {address}: {reason}")]
    Unreachable {
        /// Of which file.
        address: String,
        /// Why.
        reason: String,
    },
    /// An answer without the file.
    #[error("{address}: the server answers with status {status}")]
    Status {
        /// Of which file.
        address: String,
        /// The HTTP status.
        status: u16,
    },
    /// More than such a file can have.
    #[error("{address}: longer than {limit} octets")]
    TooLong {
        /// Of which file.
        address: String,
        /// The most it may have.
        limit: u64,
    },
}

impl Remote {
    /// The log at `address`, with `http://` or `https://`. Certificates are checked with the
    /// authorities that the system trusts.
    pub(crate) fn new(address: &str) -> Result<Self, RemoteError> {
        let agent = http::agent(PATIENCE, REDIRECTS);
        let address = address.trim_end_matches('/').to_owned();
        Ok(Self { agent, address })
    }

    pub(crate) fn checkpoint(&self) -> Result<Option<Vec<u8>>, RemoteError> {
        let mut octets = Vec::new();
        let is_there = self.get("checkpoint", MAX_CHECKPOINT, &mut octets)?;
        Ok(is_there.then_some(octets))
    }

    /// Reads one file of at most `limit` octets. Returns whether it is there.
    fn get(&self, path: &str, limit: u64, octets: &mut Vec<u8>) -> Result<bool, RemoteError> {
        let address = format!("{}/{path}", self.address);
        let unreachable = |reason: String| RemoteError::Unreachable {
            address: address.clone(),
            reason,
        };
        let answer = self.agent.get(&address).call();
        let mut answer = answer.map_err(|error| unreachable(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(false),
            status => return Err(RemoteError::Status { address, status }),
        }
        let read = http::octets_into(answer.body_mut(), limit, octets);
        if read.map_err(|error| unreachable(error.to_string()))? {
            Ok(true)
        } else {
            Err(RemoteError::TooLong { address, limit })
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl Tiles for Remote {
    type Error = RemoteError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, RemoteError> {
        let mut octets = Vec::new();
        self.tile_into(tile, limit(tile), &mut octets)?;
        Ok(octets)
    }
}

impl Remote {
    /// Reads the file of `tile`, which may have at most `limit` octets, in place of what was in
    /// `octets`.
    pub(crate) fn tile_into(
        &self,
        tile: Tile,
        limit: u64,
        octets: &mut Vec<u8>,
    ) -> Result<(), RemoteError> {
        if self.get(&tile.path(), limit, octets)? {
            return Ok(());
        }
        let path = tile.full().path();
        if self.get(&path, limit, octets)? {
            return Ok(());
        }
        Err(RemoteError::Status {
            address: format!("{}/{path}", self.address),
            status: 404,
        })
    }
}
