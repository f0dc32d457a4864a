//! The log: numbered lines to a log host, syslog over UDP (RFC 3164).

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::fmt::strtime;
use nethsm::config::{LogLevel, Logging};

/// The facility `daemon` (RFC 3164 §4.1.1).
const FACILITY: u8 = 3;
/// What a packet may have (RFC 3164 §4.1).
const LONGEST: usize = 1024;

/// Sends lines to where the settings say, and counts them wherever they go.
///
/// A line that cannot be sent is lost; its number shows that.
#[derive(Default)]
pub(crate) struct Syslog {
    host: Mutex<Option<Host>>,
    number: AtomicU64,
    warnings: AtomicU64,
    errors: AtomicU64,
}

struct Host {
    socket: UdpSocket,
    least: LogLevel,
}

impl Syslog {
    /// Goes to another log host, or to none: `0.0.0.0`, or a port that can be none.
    pub(crate) fn direct(&self, wish: &Logging) {
        let port = u16::try_from(wish.port).ok().filter(|port| *port > 0);
        let address = port.filter(|_| !wish.ip_address.is_unspecified());
        let address = address.map(|port| SocketAddr::new(wish.ip_address, port));
        *self.host() = address.and_then(|address| {
            Some(Host {
                socket: connected(address).ok()?,
                least: wish.log_level,
            })
        });
    }

    /// Writes one line; `now` is the time of the device.
    pub(crate) fn line(&self, level: LogLevel, now: Timestamp, text: &str) {
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        match level {
            LogLevel::Warning => self.warnings.fetch_add(1, Ordering::Relaxed),
            LogLevel::Error => self.errors.fetch_add(1, Ordering::Relaxed),
            LogLevel::Debug | LogLevel::Info | LogLevel::App => 0,
        };
        let host = self.host();
        if let Some(host) = host.as_ref().filter(|host| level >= host.least) {
            let packet = packet(level, now, number, text);
            // Nobody can be told.
            let _ = host.socket.send(packet.as_bytes());
        }
    }

    /// Warnings so far.
    pub(crate) fn warnings(&self) -> u64 {
        self.warnings.load(Ordering::Relaxed)
    }

    /// Errors so far.
    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    fn host(&self) -> MutexGuard<'_, Option<Host>> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connected(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: SocketAddr = if address.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    socket.connect(address)?;
    Ok(socket)
}

fn packet(level: LogLevel, now: Timestamp, number: u64, text: &str) -> String {
    let (severity, name) = match level {
        LogLevel::Error => (3, "error"),
        LogLevel::Warning => (4, "warning"),
        LogLevel::Info => (6, "info"),
        LogLevel::Debug => (7, "debug"),
        LogLevel::App => (6, "app"),
    };
    let priority = FACILITY * 8 + severity;
    let time = strtime::format("%b %e %H:%M:%S", now).unwrap_or_default();
    let mut packet = format!("<{priority}>{time} softnethsm keyfender: [{number}] {name}: ");
    // One line, whatever a client put into it.
    packet.extend(text.chars().map(|character| {
        if character.is_control() {
            '?'
        } else {
            character
        }
    }));
    let end = (0..=LONGEST.min(packet.len()))
        .rev()
        .find(|end| packet.is_char_boundary(*end));
    packet.truncate(end.unwrap_or_default());
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_one_short_line() {
        let now = "2026-02-03T04:05:06Z".parse().expect("a time");
        assert_eq!(
            packet(LogLevel::Info, now, 7, "admin GET /x\n<1>"),
            "<30>Feb  3 04:05:06 softnethsm keyfender: [7] info: admin GET /x?<1>"
        );
        let long = packet(LogLevel::Error, now, 8, &"ü".repeat(2000));
        assert!((LONGEST - 1..=LONGEST).contains(&long.len()));
    }
}
