//! Connections to the device: TCP, then TLS by our own rules.
//!
//! ureq's own TLS takes roots of trust but no verifier, so it cannot pin. Its interface for
//! transports is outside its promise of stable versions; this file and `resolver.rs` are all that
//! touches it.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use ureq::config::{AutoHeaderValue, Config};
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, TcpConnector, Transport,
    TransportAdapter,
};
use zeroize::{Zeroize, Zeroizing};

use super::options::Options;
use super::resolver::Remembering;

/// The size of a buffer, in octets. A connection has four: two of TCP, two of TLS. Those of ureq take
/// 128 KiB each, and who signs has a connection for every request in flight.
const BUFFER: usize = 2 * WHOLE;

/// The pool of connections.
pub(super) fn agent(tls: Arc<ClientConfig>, options: &Options) -> ureq::Agent {
    let config = Config::builder()
        .https_only(true)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .no_delay(true)
        .user_agent(AutoHeaderValue::Provided(Arc::new(
            concat!("nethsm/", env!("CARGO_PKG_VERSION")).to_owned(),
        )))
        .timeout_connect(Some(options.connect_timeout))
        .timeout_global(Some(options.timeout))
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .max_idle_age(options.idle_timeout)
        .max_idle_connections(options.idle_connections)
        .max_idle_connections_per_host(options.idle_connections)
        .build();
    let tls = TlsConnector {
        tls,
        read_timeout: options.read_timeout,
    };
    let connector = ().chain(TcpConnector::default()).chain(tls);
    ureq::Agent::with_parts(config, connector, Remembering::default())
}

/// Wraps every connection in TLS; there is no other kind.
struct TlsConnector {
    tls: Arc<ClientConfig>,
    read_timeout: std::time::Duration,
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = TlsTransport;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<TlsTransport>, ureq::Error> {
        let Some(tcp) = chained else {
            return Ok(None);
        };
        let mut connection = ClientConnection::new(self.tls.clone(), name(details)?)
            .map_err(|error| ureq::Error::Other(error.into()))?;
        let mut socket = TransportAdapter::new(tcp.boxed(), details.current_time.clone());
        socket.set_timeout(what_is_left(details));
        connection.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        Ok(Some(TlsTransport {
            buffers,
            unsent: Zeroizing::new(Vec::with_capacity(WHOLE)),
            stream: StreamOwned::new(connection, socket),
            read_timeout: self.read_timeout,
        }))
    }
}

fn name(details: &ConnectionDetails<'_>) -> Result<ServerName<'static>, ureq::Error> {
    let host = details.uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare).map_err(|error| ureq::Error::Other(error.into()))?;
    Ok(name.to_owned())
}

/// The time to connect, less what TCP has taken of it.
fn what_is_left(details: &ConnectionDetails<'_>) -> NextTimeout {
    let mut timeout = details.timeout;
    let now = (details.current_time)();
    if let (Duration::Exact(limit), Instant::Exact(now), Instant::Exact(start)) =
        (timeout.after, now, details.now)
    {
        timeout.after = Duration::Exact(limit.saturating_sub(now.duration_since(start)));
    }
    timeout
}

/// As much as one TLS record carries (RFC 8446 §5.1). No question of the signing path is larger.
const WHOLE: usize = 16 * 1024;

/// A connection with TLS. A question goes out whole: ureq sends head and body one by one, and
/// the device would meet half a question twice.
struct TlsTransport {
    buffers: LazyBuffers,
    unsent: Zeroizing<Vec<u8>>,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    /// For a call without a limit in all.
    read_timeout: std::time::Duration,
}

impl TlsTransport {
    fn set_timeout(&mut self, mut timeout: NextTimeout) {
        if timeout.after.is_not_happening() {
            timeout.after = Duration::Exact(self.read_timeout);
        }
        self.stream.sock.set_timeout(timeout);
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        if self.unsent.len() + output.len() > WHOLE {
            self.stream.write_all(&self.unsent)?;
            self.unsent.zeroize();
        }
        self.unsent.extend_from_slice(output);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.set_timeout(timeout);
        if !self.unsent.is_empty() {
            self.stream.write_all(&self.unsent)?;
            self.unsent.zeroize();
        }
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Tls;

    #[test]
    fn connections_are_direct_encrypted_and_prompt() {
        let tls = Tls::Insecure.configuration().expect("no files needed");
        let agent = agent(tls, &Options::default());
        assert!(agent.config().no_delay());
        assert!(agent.config().https_only());
        assert!(agent.config().proxy().is_none());
        assert_eq!(agent.config().max_redirects(), 0);
    }
}
