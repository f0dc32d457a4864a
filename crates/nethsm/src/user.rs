//! Users and what they may do.

use serde::{Deserialize, Serialize};

use crate::body::json;
use crate::id::UserId;
use crate::names::names;
use crate::passphrase::Passphrase;

names! {
    /// What a user may do. Exactly one per user, never changed.
    pub enum UserRole {
        /// Manages users, keys and the device. Cannot sign.
        Administrator = "Administrator",
        /// Uses keys.
        Operator = "Operator",
        /// Reads the metrics.
        Metrics = "Metrics",
        /// Makes backups.
        Backup = "Backup",
    }
}

/// A user to be created.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    /// Any text, may be empty.
    pub real_name: String,
    /// What they may do.
    pub role: UserRole,
    /// [`Passphrase::MIN`] to [`Passphrase::MAX`] bytes.
    pub passphrase: Passphrase,
}

/// A user as the device shows them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Any text, may be empty.
    pub real_name: String,
    /// What they may do.
    pub role: UserRole,
}

/// One line of the list of users.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct UserItem {
    /// The user.
    pub user: UserId,
}

/// A new passphrase for a user.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUserPassphrase {
    /// [`Passphrase::MIN`] to [`Passphrase::MAX`] bytes.
    pub passphrase: Passphrase,
}

json!(NewUser, User, Vec<UserItem>, NewUserPassphrase, Vec<String>);
