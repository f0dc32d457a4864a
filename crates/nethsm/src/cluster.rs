//! Several devices with one store (preview in version 4.0, version 5.0).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::body::json;
use crate::id::MemberId;
use crate::passphrase::Passphrase;

/// Where a member listens for the others: `https://...`, at most 1024 bytes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerUrl(String);

/// A text is not the address of a member.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the address of a member is https:// and something, at most 1024 bytes")]
pub struct BadPeerUrl;

impl PeerUrl {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PeerUrl {
    type Err = BadPeerUrl;

    fn from_str(text: &str) -> Result<Self, BadPeerUrl> {
        match text.strip_prefix("https://") {
            Some(rest) if !rest.is_empty() && text.len() <= 1024 => Ok(Self(text.to_owned())),
            _ => Err(BadPeerUrl),
        }
    }
}

impl fmt::Display for PeerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for PeerUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PeerUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A member of the cluster.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Made up by the device.
    pub id: MemberId,
    /// Empty until the member has joined.
    pub name: String,
    /// Where it listens, port 2380.
    pub urls: Vec<PeerUrl>,
    /// Whether it still waits to be promoted; at most one does.
    pub learner: bool,
}

/// The addresses of a member: to add one, or to change those it has.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberUrls {
    /// Where it listens.
    pub urls: Vec<PeerUrl>,
}

/// What a new member needs to join.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberAdded {
    /// All members, the new one included.
    pub members: Vec<Member>,
    /// The keys of the cluster, encrypted with the backup passphrase; base64 of JSON.
    pub joiner_kit: String,
}

/// Makes a device a member. **It loses all that it has.**
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JoinCluster {
    /// All members, this one included.
    pub members: Vec<InitialMember>,
    /// From [`MemberAdded::joiner_kit`].
    pub joiner_kit: String,
    /// The backup passphrase of the cluster.
    pub backup_passphrase: Passphrase,
}

/// A member as a joining device is told.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitialMember {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub urls: Vec<PeerUrl>,
}

/// How the store of a device is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// What the store said lately.
    pub cluster_logs: Vec<ClusterLog>,
    /// The last snapshot; only while the store is not running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_snapshot: Option<ClusterSnapshot>,
    /// Whether the store is running.
    pub cluster_state: ClusterState,
}

/// One line of the log of the store, a warning or worse.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ClusterLog {
    /// For instance `warn` or `error`.
    pub level: String,
    /// The line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<String>,
}

/// Statistics of a snapshot.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSnapshot {
    /// A checksum.
    pub hash: i64,
    /// How many changes there were.
    pub revision: i64,
    /// How many values there are.
    pub total_key: i64,
    /// Bytes.
    pub total_size: i64,
    /// The version of the format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Whether the store is running, and how it ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ClusterState {
    /// It ended with this status; 0 if the device left the cluster in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited: Option<u8>,
    /// It was ended by this signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signaled: Option<u8>,
    /// It was stopped by this signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<u8>,
    /// It is running.
    pub running: bool,
}

json!(Vec<Member>, Diagnosis, JoinCluster, MemberAdded, MemberUrls);
