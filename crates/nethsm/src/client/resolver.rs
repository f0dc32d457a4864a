//! The address of the device, looked up now and then.
//!
//! ureq asks for it before every call, also when a connection is open, and its own resolver starts
//! a thread each time. That took longer than to sign.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long an address is taken for granted. A device that moved is found after that.
const FOR_GRANTED: Duration = Duration::from_secs(10);

/// Looks up a name with the system's resolver, and remembers what it said for ten seconds.
/// An address that is written as one needs no lookup.
#[derive(Debug, Default)]
pub(super) struct Remembering {
    system: DefaultResolver,
    last: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    host: String,
    port: Option<u16>,
    addresses: Vec<SocketAddr>,
    since: Instant,
}

impl Remembering {
    fn remembered(&self, host: &str, port: Option<u16>) -> Option<Vec<SocketAddr>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &&Known| {
            known.host == host && known.port == port && known.since.elapsed() < FOR_GRANTED
        };
        last.as_ref()
            .filter(is_it)
            .map(|known| known.addresses.clone())
    }
}

impl Resolver for Remembering {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16();
        let known = literal(host, port.unwrap_or(443))
            .map(|address| vec![address])
            .or_else(|| self.remembered(host, port));
        if let Some(known) = known {
            let mut addresses = self.empty();
            for address in known {
                addresses.push(address);
            }
            return Ok(addresses);
        }
        let addresses = self.system.resolve(uri, config, timeout)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Known {
            host: host.to_owned(),
            port,
            addresses: addresses.iter().copied().collect(),
            since: Instant::now(),
        });
        Ok(addresses)
    }
}

/// An address that is written as one.
fn literal(host: &str, port: u16) -> Option<SocketAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: IpAddr = bare.parse().ok()?;
    Some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use ureq::unversioned::transport::time::Duration as Limit;

    use super::*;

    fn resolve(resolver: &Remembering, uri: &str) -> Vec<SocketAddr> {
        let uri: Uri = uri.parse().expect("an address");
        let timeout = NextTimeout {
            after: Limit::from_secs(10),
            reason: ureq::Timeout::Global,
            ..NextTimeout::default()
        };
        let found = resolver.resolve(&uri, &Config::default(), timeout);
        found.expect("found").iter().copied().collect()
    }

    #[test]
    fn what_is_an_address_is_not_looked_up() {
        let resolver = Remembering::default();
        for (uri, address) in [
            ("https://192.0.2.1/api/v1", "192.0.2.1:443"),
            ("https://192.0.2.1:8443/api/v1", "192.0.2.1:8443"),
            ("https://[2001:db8::1]/api/v1", "[2001:db8::1]:443"),
        ] {
            let address: SocketAddr = address.parse().expect("an address");
            assert_eq!(resolve(&resolver, uri), [address], "{uri}");
        }
        assert!(resolver.last.lock().expect("whole").is_none());
    }

    #[test]
    fn a_name_is_looked_up_once_and_not_mixed_up() {
        let resolver = Remembering::default();
        let first = resolve(&resolver, "https://localhost:1234/");
        assert!(
            first.iter().all(|address| address.port() == 1234),
            "{first:?}"
        );
        // What is remembered is used,
        let elsewhere: SocketAddr = "192.0.2.7:1234".parse().expect("an address");
        let mut last = resolver.last.lock().expect("whole");
        last.as_mut().expect("remembered").addresses = vec![elsewhere];
        drop(last);
        assert_eq!(resolve(&resolver, "https://localhost:1234/"), [elsewhere]);
        // but not for another port.
        let other = resolve(&resolver, "https://localhost:4321/");
        assert!(
            other.iter().all(|address| address.port() == 4321),
            "{other:?}"
        );
    }
}
