//! Settings of the device that can be read in any state: network, log, clock.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use nethsm::backup::Setting;
use nethsm::config::{LogLevel, Logging, Network, Ntp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::hierarchy::Hierarchy;
use crate::store::{Change, Store};

/// A setting, kept as JSON under its name.
pub(crate) trait Kept: Serialize + DeserializeOwned {
    const NAME: &'static str;

    /// What is set in a fresh device.
    fn fresh() -> Self;

    /// The form in a backup; nothing if devices have no such setting.
    fn exported(self) -> Option<Setting>;

    /// What is set.
    fn read(hierarchy: &Hierarchy, store: &Store) -> Result<Self, StoreError> {
        Self::find(hierarchy, store).map(|found| found.unwrap_or_else(Self::fresh))
    }

    /// What was set, if anything.
    fn find(hierarchy: &Hierarchy, store: &Store) -> Result<Option<Self>, StoreError> {
        let Some(json) = hierarchy.setting(store, Self::NAME)? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&json);
        value.map(Some).map_err(|_| StoreError::Value {
            path: hierarchy.config(Self::NAME),
        })
    }

    /// The change that sets it.
    fn change(&self, hierarchy: &Hierarchy) -> Result<Change, StoreError> {
        let json =
            serde_json::to_vec(self).map_err(|error| StoreError::Database(error.to_string()))?;
        Ok(hierarchy.keep(Self::NAME, &json)?)
    }
}

impl Kept for Network {
    const NAME: &'static str = "ip-config";

    fn fresh() -> Self {
        Self {
            ip_address: Ipv4Addr::new(192, 168, 1, 1),
            netmask: Ipv4Addr::new(255, 255, 255, 0),
            gateway: Ipv4Addr::UNSPECIFIED,
            ipv6: None,
        }
    }

    fn exported(self) -> Option<Setting> {
        Some(Setting::Network(self))
    }
}

impl Kept for Logging {
    const NAME: &'static str = "log-config";

    fn fresh() -> Self {
        Self {
            ip_address: Ipv4Addr::UNSPECIFIED.into(),
            port: 514,
            log_level: LogLevel::Info,
        }
    }

    fn exported(self) -> Option<Setting> {
        Some(Setting::Logging(self))
    }
}

impl Kept for Ntp {
    const NAME: &'static str = "ntp";

    fn fresh() -> Self {
        Self::default()
    }

    fn exported(self) -> Option<Setting> {
        None
    }
}

/// Seconds by which the clock of the device is ahead of the clock of this machine.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TimeOffset(pub(crate) i64);

impl TimeOffset {
    /// The offset with which it is `now`.
    pub(crate) fn of(now: Timestamp) -> Self {
        Self(now.as_second().saturating_sub(Timestamp::now().as_second()))
    }

    /// The time with this offset.
    pub(crate) fn now(self) -> Timestamp {
        let wall = Timestamp::now();
        let second = wall.as_second().saturating_add(self.0);
        Timestamp::new(second, wall.subsec_nanosecond()).unwrap_or(wall)
    }
}

impl Kept for TimeOffset {
    const NAME: &'static str = "time-offset";

    fn fresh() -> Self {
        Self(0)
    }

    fn exported(self) -> Option<Setting> {
        Some(Setting::TimeOffset(self.0))
    }
}
