//! The device itself: its state, its start, its random numbers.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::body::json;
use crate::names::names;
use crate::octets::Octets;
use crate::passphrase::Passphrase;
use crate::time::DeviceTime;

names! {
    /// What the device is ready for.
    pub enum SystemState {
        /// Fresh: waits for [`Provision`].
        Unprovisioned = "Unprovisioned",
        /// Waits for [`Unlock`].
        Locked = "Locked",
        /// At work.
        Operational = "Operational",
        /// Its store cannot be reached.
        Failed = "Failed",
    }
}

names! {
    /// Something that is on or off.
    pub enum Switch {
        /// On.
        On = "on",
        /// Off.
        Off = "off",
    }
}

/// Who made the device.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// The maker.
    pub vendor: String,
    /// The model.
    pub product: String,
}

/// The state of the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// The state.
    pub state: SystemState,
}

/// First start of a fresh device. It is operational afterwards, with one user `admin`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provision {
    /// What will unlock the device; as long as one [to be set](Passphrase::fresh).
    pub unlock_passphrase: Passphrase,
    /// The passphrase of the user `admin`, likewise.
    pub admin_passphrase: Passphrase,
    /// Now.
    pub system_time: DeviceTime,
}

/// Makes a locked device operational.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlock {
    /// The unlock passphrase.
    pub passphrase: Passphrase,
}

/// Changes what unlocks the device.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUnlockPassphrase {
    /// [`Passphrase::MIN`] to [`Passphrase::MAX`] bytes.
    pub new_passphrase: Passphrase,
    /// The one in force.
    pub current_passphrase: Passphrase,
}

/// Whether the device starts operational, without being unlocked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnattendedBoot {
    /// On or off.
    pub status: Switch,
}

/// Asks for random bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomRequest {
    /// How many, one of [`RandomRequest::LENGTHS`]. Signed, so that a server can tell a wrong
    /// number from no number.
    pub length: i64,
}

impl RandomRequest {
    /// How many bytes may be asked for.
    pub const LENGTHS: RangeInclusive<i64> = 1..=1024;
}

/// Random bytes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Random {
    /// The bytes.
    pub random: Octets,
}

/// Versions and identity of the device.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemInfo {
    /// For instance `5.0`.
    pub software_version: String,
    /// The tag of its source.
    #[serde(default)]
    pub software_build: String,
    /// Version of the firmware below.
    pub firmware_version: String,
    /// Version of the hardware.
    pub hardware_version: String,
    /// Ten hexadecimal digits.
    #[serde(default)]
    pub device_id: String,
    /// Attestation keys.
    #[serde(default)]
    pub ak_pub: AttestationKeys,
    /// Measurements of the boot.
    #[serde(default)]
    pub pcr: Measurements,
}

/// Public attestation keys of the device, each a DER `SubjectPublicKeyInfo`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct AttestationKeys {
    /// On the curve P-256.
    #[serde(rename = "P256", default, skip_serializing_if = "Option::is_none")]
    pub p256: Option<Octets>,
    /// On the curve P-384.
    #[serde(rename = "P384", default, skip_serializing_if = "Option::is_none")]
    pub p384: Option<Octets>,
}

/// Platform configuration registers, each as hexadecimal text.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// Register 0.
    #[serde(rename = "0", default, skip_serializing_if = "Option::is_none")]
    pub pcr0: Option<String>,
    /// Register 2.
    #[serde(rename = "2", default, skip_serializing_if = "Option::is_none")]
    pub pcr2: Option<String>,
}

json!(
    Health,
    Info,
    NewUnlockPassphrase,
    Provision,
    Random,
    RandomRequest,
    SystemInfo,
    UnattendedBoot,
    Unlock,
);
