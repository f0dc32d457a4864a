//! What is too large to be held in memory: backups and updates.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::body::{self, BadBody, Body, Kind, json};
use crate::multipart;
use crate::passphrase::Passphrase;
use crate::time::DeviceTime;

/// A backup in memory, for what is small. The client streams, see `Client::backup`; what is
/// inside tells the module `backup`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackupFile(pub Vec<u8>);

/// The most bytes of a backup that a client takes from a device.
const LARGEST_BACKUP: u64 = 1 << 30;

impl Body for BackupFile {
    const KIND: Kind = Kind::Octets;
    const MOST: Option<u64> = Some(LARGEST_BACKUP);

    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, BadBody> {
        Ok(Zeroizing::new(self.0.clone()))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, BadBody> {
        Ok(Self(bytes.to_vec()))
    }
}

/// An update in memory, for what is small. The client streams, see `Client::update`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UpdateFile(pub Vec<u8>);

impl Body for UpdateFile {
    const KIND: Kind = Kind::Octets;
    const MOST: Option<u64> = None;

    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, BadBody> {
        Ok(Zeroizing::new(self.0.clone()))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, BadBody> {
        Ok(Self(bytes.to_vec()))
    }
}

/// What an update brings. It waits to be committed or cancelled.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseNotes {
    /// For people.
    pub release_notes: String,
}

/// A restore in memory, for what is small: two parts, `arguments` and `backup_file`. The client
/// streams, see `Client::restore`.
#[derive(Debug)]
pub struct Restore {
    /// What opens the backup.
    pub arguments: RestoreArguments,
    /// The backup.
    pub backup: BackupFile,
}

/// What goes with a backup to be restored; at most 1 KiB as JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoreArguments {
    /// The passphrase of the backup. An operational device can do without, if the backup is of
    /// its own and has the passphrase in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_passphrase: Option<Passphrase>,
    /// Now, for a device that is not provisioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_time: Option<DeviceTime>,
}

impl Body for Restore {
    const KIND: Kind = Kind::Multipart;
    const MOST: Option<u64> = None;

    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, BadBody> {
        let arguments = self.arguments.to_bytes()?;
        let parts = [
            ("arguments", arguments.as_slice()),
            ("backup_file", self.backup.0.as_slice()),
        ];
        Ok(multipart::write(parts))
    }

    /// The device goes by the order of the parts, not by their names.
    fn from_bytes(bytes: &[u8]) -> Result<Self, BadBody> {
        let [arguments, backup] = multipart::read_two(bytes)?;
        Ok(Self {
            arguments: body::read(arguments.content)?,
            backup: BackupFile(backup.content.to_vec()),
        })
    }
}

json!(ReleaseNotes, RestoreArguments);
