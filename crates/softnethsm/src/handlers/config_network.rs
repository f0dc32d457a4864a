//! Settings: where the device is, where its log goes, what time it is.

use std::net::Ipv4Addr;

use nethsm::config::{Clock, Logging, Network, Ntp};
use nethsm::table::{
    GetLogging, GetNetwork, GetNtp, GetTime, SetLogging, SetNetwork, SetNtp, SetTime,
};
use nethsm::time::DeviceTime;

use super::{Caching, Done, Handle};
use crate::answer::Refusal;
use crate::request::Request;
use crate::settings::TimeOffset;

impl Handle for GetNetwork {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Network>, Refusal> {
        Done::with(request.device.setting()?)
    }
}

/// Kept and told, nothing more: the address of a process is that of its machine.
impl Handle for SetNetwork {
    const SCHEMA: &'static str = "network_api";
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), wish: Network) -> Result<Done<()>, Refusal> {
        if !is_mask(wish.netmask) {
            return Err(Refusal::bad("Ipaddr: invalid netmask"));
        }
        request.device.set(&wish)?;
        Done::with(())
    }
}

/// Ones, then zeros.
fn is_mask(mask: Ipv4Addr) -> bool {
    let bits = mask.to_bits();
    bits.leading_ones() + bits.trailing_zeros() == u32::BITS
}

impl Handle for GetLogging {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Logging>, Refusal> {
        Done::with(request.device.setting()?)
    }
}

impl Handle for SetLogging {
    const SCHEMA: &'static str = "log";
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), wish: Logging) -> Result<Done<()>, Refusal> {
        request.device.set(&wish)?;
        Done::with(())
    }
}

impl Handle for GetNtp {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Ntp>, Refusal> {
        Done::with(request.device.setting()?)
    }
}

/// Kept and told, nothing more: the machine of a process keeps its clock right.
impl Handle for SetNtp {
    const SCHEMA: &'static str = "ntp";
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), wish: Ntp) -> Result<Done<()>, Refusal> {
        request.device.set(&wish)?;
        Done::with(())
    }
}

impl Handle for GetTime {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Clock>, Refusal> {
        Done::with(Clock {
            time: DeviceTime(request.device.now()),
        })
    }
}

impl Handle for SetTime {
    const SCHEMA: &'static str = "time_req";

    fn handle(request: &Request, (): (), wish: Clock) -> Result<Done<()>, Refusal> {
        request.device.set(&TimeOffset::of(wish.time.0))?;
        Done::with(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_no_holes() {
        for (mask, is_one) in [
            ([255, 255, 255, 0], true),
            ([0, 0, 0, 0], true),
            ([255, 255, 255, 255], true),
            ([255, 0, 255, 0], false),
            ([0, 0, 0, 255], false),
        ] {
            assert_eq!(is_mask(mask.into()), is_one, "{mask:?}");
        }
    }
}
