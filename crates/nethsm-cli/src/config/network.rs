//! Where the device is in the network.

use std::net::{Ipv4Addr, Ipv6Addr};

use clap::Args;
use nethsm::config::{self, Ipv6Cidr, Ipv6Network};
use nethsm::table;

use super::shown;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::session::Session;

noun! {
    /// Where the device is in the network.
    Network {
        /// Tell where it is.
        Show: [GetNetwork],
        /// Move it. With a wrong address it is out of reach.
        Set: [SetNetwork],
    }
}

shown!(Network by GetNetwork);

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// Its address.
    #[arg(long, value_name = "IP")]
    address: Ipv4Addr,
    /// The mask of its network.
    #[arg(long, value_name = "MASK")]
    netmask: Ipv4Addr,
    /// The way out.
    #[arg(long, value_name = "IP", default_value = "0.0.0.0")]
    gateway: Ipv4Addr,
    /// Its address in an IPv6 network, like `fc00::2/64` [default: no IPv6].
    #[arg(long, value_name = "CIDR")]
    ipv6: Option<Ipv6Cidr>,
    /// The way out of that.
    #[arg(long, value_name = "IP", requires = "ipv6")]
    ipv6_gateway: Option<Ipv6Addr>,
}

impl Verb for Set {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let address = self.address.to_string();
        session.confirm(&format!("move the device to {address}"))?;
        let network = config::Network {
            ip_address: self.address,
            netmask: self.netmask,
            gateway: self.gateway,
            ipv6: self.ipv6.map(|cidr| Ipv6Network {
                cidr,
                gateway: self.ipv6_gateway,
            }),
        };
        session.call::<table::SetNetwork>(self, &(), &network)?;
        Ok(Answer::done("network set", &[("address", &address)]))
    }
}
