//! What the device shows to clients: its certificate.

use std::sync::PoisonError;

use super::Device;
use crate::error::Error;
use crate::tls::Identity;

impl Device {
    /// What is shown to clients that connect from now on.
    pub(crate) fn identity(&self) -> Result<Identity, Error> {
        let known = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(identity) => Ok(identity.clone()),
            None => {
                drop(known);
                let own = Identity::own(&self.folder)?;
                self.show(own.clone());
                Ok(own)
            }
        }
    }

    /// Shows this to clients that connect from now on, without keeping it.
    pub(crate) fn show(&self, identity: Identity) {
        let mut known = self
            .identity
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(identity);
    }

    /// Keeps this and shows it to clients that connect from now on.
    pub(crate) fn change_identity(&self, identity: Identity) -> Result<(), Error> {
        identity.keep(&self.folder)?;
        self.show(identity);
        Ok(())
    }
}
