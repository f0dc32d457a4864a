//! The way to a YubiHSM2: the HTTP of its connector, or USB.

use std::time::{Duration, Instant};

use signstar::config;

use super::{command::MAX_MESSAGE, trouble::Trouble, usb};

/// Where the device answers.
#[derive(Clone, Debug)]
pub(super) enum Connector {
    Http(Http),
    /// The serial number of a device that is plugged into this host.
    Usb(String),
}

/// The HTTP of a connector. One connection is kept.
///
/// The crate `yubihsm` has one as well, which waits 20 seconds whatever it is told, and takes an answer in
/// two pieces for another one.
#[derive(Clone, Debug)]
pub(super) struct Http {
    agent: ureq::Agent,
    url: String,
}

impl Connector {
    pub(super) fn new(device: &config::YubiHsm2) -> Self {
        match &device.connector {
            config::Connector::Http(url) => Self::Http(Http::new(url)),
            config::Connector::Usb => Self::Usb(device.serial.as_str().to_owned()),
        }
    }

    /// Sends a message, and waits for the answer until `end`.
    pub(super) fn send(&self, message: &[u8], end: Instant) -> Result<Vec<u8>, Trouble> {
        match self {
            Self::Http(http) => http.send(message, end),
            Self::Usb(serial) => usb::send(serial, message, end),
        }
    }
}

impl Http {
    fn new(url: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .no_delay(true)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .input_buffer_size(2 * MAX_MESSAGE)
            .output_buffer_size(2 * MAX_MESSAGE)
            .build()
            .new_agent();
        let url = format!("{url}/connector/api");
        Self { agent, url }
    }

    fn send(&self, message: &[u8], end: Instant) -> Result<Vec<u8>, Trouble> {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Trouble::Late);
        }
        // A whole millisecond at least: none would be no limit.
        let left = left.max(Duration::from_millis(1));
        let mut answer = (self.agent.post(&self.url))
            .config()
            .timeout_global(Some(left))
            .build()
            .content_type("application/octet-stream")
            .send(message)
            .map_err(told)?;
        if answer.status() != 200 {
            return Err(Trouble::Status(answer.status().as_u16()));
        }
        let limit = u64::try_from(MAX_MESSAGE).unwrap_or(u64::MAX);
        let body = answer.body_mut().with_config().limit(limit);
        body.read_to_vec().map_err(told)
    }
}

fn told(error: ureq::Error) -> Trouble {
    match error {
        ureq::Error::Timeout(_) => Trouble::Late,
        error => Trouble::Unreachable(Box::new(error)),
    }
}
