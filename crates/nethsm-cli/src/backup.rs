//! Backups: made and restored by the device, looked into without one.

mod create;
mod export;
mod look;
mod restore;
mod source;

use crate::noun::noun;

use self::create::Create;
use self::export::Export;
use self::look::{List, Verify};
use self::restore::Restore;

noun! {
    /// Backups.
    Backup {
        /// Make a backup of all keys, users and namespaces, encrypted.
        Create: [MakeBackup],
        /// Restore a backup. What the device has beyond it is deleted.
        Restore: [RestoreBackup],
        /// List what is in a backup, without a device.
        List: [],
        /// Verify every value of a backup, without a device.
        Verify: [],
        /// Take a private key out of a backup, without a device.
        Export: [],
    }
}
