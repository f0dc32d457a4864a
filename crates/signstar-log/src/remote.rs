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
        self.get("checkpoint", MAX_CHECKPOINT)
    }

    /// Reads one file of at most `limit` octets; nothing if it is not there.
    fn get(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, RemoteError> {
        let address = format!("{}/{path}", self.address);
        let unreachable = |reason: String| RemoteError::Unreachable {
            address: address.clone(),
            reason,
        };
        let answer = self.agent.get(&address).call();
        let mut answer = answer.map_err(|error| unreachable(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(None),
            status => return Err(RemoteError::Status { address, status }),
        }
        let octets = http::octets(answer.body_mut(), limit);
        match octets.map_err(|error| unreachable(error.to_string()))? {
            Some(octets) => Ok(Some(octets)),
            None => Err(RemoteError::TooLong { address, limit }),
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
        let limit = limit(tile);
        if let Some(octets) = self.get(&tile.path(), limit)? {
            return Ok(octets);
        }
        let path = tile.full().path();
        self.get(&path, limit)?.ok_or_else(|| RemoteError::Status {
            address: format!("{}/{path}", self.address),
            status: 404,
        })
    }
}
