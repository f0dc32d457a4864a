//! The server: TLS and HTTP/1.1 around a device.

mod connections;
mod service;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use self::connections::{ENDING, accept};
use self::service::Service;
use crate::device::Device;
use crate::error::Error;
use crate::misbehave::Misbehaviour;
use crate::tls::Identity;

/// A running server. Dropping it ends it like [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    device: Arc<Device>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the device at `address` (`ADDR:PORT`; port 0 picks a free one), in threads of its own.
    /// Connections are accepted when this returns.
    ///
    /// Without an identity, the device uses the certificate that it keeps, which anybody may read
    /// in its data folder as `tls-cert.pem`: made by itself, or set through the API. With one, it
    /// is shown until another is set through the API.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the address is not free, [`Error::Certificate`] or [`Error::File`] if
    /// the device's own certificate cannot be used.
    pub fn start(device: Device, address: &str, identity: Option<Identity>) -> Result<Self, Error> {
        Self::start_misbehaving(device, address, identity, Misbehaviour::default())
    }

    /// Like [`Server::start`], with wrong answers if they were built in and asked for.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub fn start_misbehaving(
        device: Device,
        address: &str,
        identity: Option<Identity>,
        misbehaviour: Misbehaviour,
    ) -> Result<Self, Error> {
        match identity {
            Some(identity) => device.show(identity),
            None => drop(device.identity()?),
        }
        let failed = |source| Error::Listen {
            address: address.to_owned(),
            source,
        };
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let listener = runtime
            .block_on(TcpListener::bind(address))
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let device = Arc::new(device);
        let (stop, stopped) = watch::channel(false);
        let service = Service {
            device: Arc::clone(&device),
            misbehaviour,
        };
        let thread = std::thread::spawn(move || run(runtime, listener, service, stopped));
        Ok(Self {
            address,
            stop,
            device,
            thread: Some(thread),
        })
    }

    /// Waits until somebody turns the device off through the API. The server has stopped, or is
    /// about to: [`Server::stop`] waits for that.
    pub async fn turned_off(&self) {
        self.device.turned_off().await;
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server: no new connections, ten seconds for requests under way, and all counts on
    /// disk.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the counts cannot be written.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end();
        Ok(self.device.settle()?)
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there was already reported where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(runtime: Runtime, listener: TcpListener, service: Service, stopped: watch::Receiver<bool>) {
    runtime.block_on(accept(listener, service, stopped));
    runtime.shutdown_timeout(ENDING);
}
