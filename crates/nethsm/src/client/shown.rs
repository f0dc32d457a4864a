//! The certificate that a device shows, before anybody trusts it.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use rustls::ClientConnection;
use rustls_pki_types::ServerName;
use ureq::http::Uri;

use super::{Error, Tls, Url};

impl Tls {
    /// The pin of the certificate that whoever answers at `url` shows, and has the key of. Nothing
    /// is sent but a handshake; `timeout` is for each of its parts.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::Timeout`], and [`Error::Tls`] if there is no handshake.
    pub fn shown(url: &Url, timeout: Duration) -> Result<Self, Error> {
        let tls = |error: rustls::Error| Error::Tls {
            source: error.into(),
        };
        let unreachable = |source: &'static str| Error::Unreachable {
            source: source.into(),
        };
        let configuration = Self::Insecure.configuration().map_err(|error| Error::Tls {
            source: error.into(),
        })?;
        let uri: Uri = (url.to_string().parse()).map_err(|_| unreachable("no address"))?;
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(443);
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| Error::Tls {
            source: error.into(),
        })?;

        let mut socket = None;
        let mut last = unreachable("its name has no address");
        for address in (bare, port).to_socket_addrs().map_err(Error::from_io)? {
            match TcpStream::connect_timeout(&address, timeout) {
                Ok(stream) => {
                    socket = Some(stream);
                    break;
                }
                Err(error) => last = Error::from_io(error),
            }
        }
        let Some(mut socket) = socket else {
            return Err(last);
        };
        socket
            .set_read_timeout(Some(timeout))
            .and_then(|()| socket.set_write_timeout(Some(timeout)))
            .map_err(Error::from_io)?;
        let mut connection = ClientConnection::new(configuration, name).map_err(tls)?;
        while connection.is_handshaking() {
            connection
                .complete_io(&mut socket)
                .map_err(Error::from_io)?;
        }
        let leaf = connection.peer_certificates().and_then(<[_]>::first);
        let pin = leaf.map(|leaf| Self::pin(leaf)).ok_or(Error::Protocol {
            problem: "it shows no certificate",
            source: None,
        })?;
        // Not to be missed, and nothing depends on it.
        connection.send_close_notify();
        let _ = connection.write_tls(&mut socket);
        Ok(pin)
    }
}
