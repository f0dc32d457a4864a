//! The device itself: its state, its start, its random numbers.

use hyper::StatusCode;
use nethsm::octets::Octets;
use nethsm::system::{
    AttestationKeys, Health, Info, Measurements, Provision, Random, RandomRequest, SystemInfo,
    Unlock,
};
use nethsm::table::{
    FactoryReset, GetAlive, GetInfo, GetRandom, GetReady, GetState, GetSystemInfo, LockDevice,
    ProvisionDevice, Reboot, Shutdown, UnlockDevice,
};

use super::{Caching, Done, Handle, settable};
use crate::answer::Refusal;
use crate::error::StoreError;
use crate::hierarchy::UnlockError;
use crate::request::Request;
use crate::{random, update};

impl Handle for GetInfo {
    const CACHING: Caching = Caching::Tagged;

    fn handle(_: &Request, (): (), (): ()) -> Result<Done<Info>, Refusal> {
        Done::with(Info {
            vendor: "Nitrokey GmbH".to_owned(),
            product: "NetHSM".to_owned(),
        })
    }
}

impl Handle for GetAlive {
    fn handle(_: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        Done::with(())
    }
}

impl Handle for GetReady {
    fn handle(_: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        Done::with(())
    }
}

impl Handle for GetState {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Health>, Refusal> {
        Done::with(Health {
            state: request.device.state(),
        })
    }
}

impl Handle for ProvisionDevice {
    const SCHEMA: &'static str = "provision_req";

    fn handle(request: &Request, (): (), wish: Provision) -> Result<Done<()>, Refusal> {
        settable("unlockPassphrase", &wish.unlock_passphrase)?;
        settable("adminPassphrase", &wish.admin_passphrase)?;
        request
            .device
            .provision(&wish)?
            .map_err(|_| Refusal::unavailable())?;
        Done::with(())
    }
}

/// The name under which failed unlocking is counted, as on the device.
const UNLOCKING: &str = "_unlock";

impl Handle for UnlockDevice {
    const SCHEMA: &'static str = "unlock_req";

    fn handle(request: &Request, (): (), key: Unlock) -> Result<Done<()>, Refusal> {
        let logins = request.device.logins();
        logins.may_try(request.peer, UNLOCKING).map_err(|_| {
            let message = "Service unavailable: too many requests";
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, message)
        })?;
        if let Err(refusal) = settable("passphrase", &key.passphrase) {
            logins.note_failure(request.peer, UNLOCKING);
            return Err(refusal);
        }
        match request.device.unlock(key.passphrase.expose()) {
            Ok(Ok(())) => Done::with(()),
            Ok(Err(_)) => Err(Refusal::unavailable()),
            Err(UnlockError::Passphrase) => {
                logins.note_failure(request.peer, UNLOCKING);
                Err(Refusal::new(StatusCode::FORBIDDEN, "not authenticated"))
            }
            Err(UnlockError::Store(error)) => Err(error.into()),
        }
    }
}

impl Handle for LockDevice {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        request.device.lock()?;
        Done::with(())
    }
}

impl Handle for GetRandom {
    const SCHEMA: &'static str = "random_req";

    fn handle(_: &Request, (): (), wish: RandomRequest) -> Result<Done<Random>, Refusal> {
        let length = usize::try_from(wish.length)
            .ok()
            .filter(|length| (1..=1024).contains(length));
        let length = length.ok_or_else(|| {
            Refusal::bad("Invalid data for JSON schema: length must be between 1 and 1024.")
        })?;
        let mut octets = vec![0; length];
        random::fill(&mut octets).map_err(StoreError::from)?;
        Done::with(Random {
            random: Octets(octets),
        })
    }
}

impl Handle for GetSystemInfo {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<SystemInfo>, Refusal> {
        Done::with(SystemInfo {
            // The version of the API; what it is really made of stands in the build.
            software_version: update::version(),
            software_build: concat!("softnethsm-", env!("CARGO_PKG_VERSION")).to_owned(),
            firmware_version: "none".to_owned(),
            hardware_version: "none".to_owned(),
            device_id: request.device.hierarchy().device_id().to_owned(),
            ak_pub: AttestationKeys::default(),
            pcr: Measurements::default(),
        })
    }
}

impl Handle for Reboot {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        request.device.start()?;
        Done::with(())
    }
}

impl Handle for Shutdown {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        request.device.turn_off();
        Done::with(())
    }
}

impl Handle for FactoryReset {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        request.device.reset()?;
        Done::with(())
    }
}
