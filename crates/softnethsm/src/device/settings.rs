//! What the device goes by: its clock, its log, its settings.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use nethsm::config::{LogLevel, Logging};

use super::Device;
use crate::error::StoreError;
use crate::settings::{Kept, TimeOffset};

impl Device {
    /// What time it is for the device.
    pub(crate) fn now(&self) -> Timestamp {
        TimeOffset(self.time_offset.load(Ordering::Relaxed)).now()
    }

    /// Writes one line to the log.
    pub(crate) fn log(&self, level: LogLevel, text: &str) {
        self.syslog.line(level, self.now(), text);
    }

    /// Keeps a setting, and goes by it.
    pub(crate) fn set(&self, setting: &impl Kept) -> Result<(), StoreError> {
        let change = setting.change(&self.hierarchy)?;
        // So that a restore does not come in between.
        let vault = self.vault().ok_or(StoreError::Closed)?;
        vault.writing()?.commit(&[change])?;
        self.go_by_settings()
    }

    /// A setting.
    pub(crate) fn setting<T: Kept>(&self) -> Result<T, StoreError> {
        T::read(&self.hierarchy, &self.store)
    }

    /// Goes by what is kept.
    pub(super) fn go_by_settings(&self) -> Result<(), StoreError> {
        let TimeOffset(offset) = self.setting()?;
        self.time_offset.store(offset, Ordering::Relaxed);
        self.syslog.direct(&self.setting::<Logging>()?);
        Ok(())
    }
}
