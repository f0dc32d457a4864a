//! Limits of a client.

use std::time::Duration;

/// How long a client waits and how many connections it keeps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Options {
    /// For a connection to stand, TLS included. Usually 5 seconds.
    pub connect_timeout: Duration,
    /// For a call in all, from looking up the name to the last byte. Usually 30 seconds.
    pub timeout: Duration,
    /// For the next byte of a transfer (backup, restore, update), which has no limit in all.
    /// Usually 2 minutes: a device looks at an update before it answers.
    pub read_timeout: Duration,
    /// How long a connection may be idle and still be used again. Usually 15 seconds; less
    /// than the device's own limit, or calls will meet a closed connection.
    pub idle_timeout: Duration,
    /// How many idle connections are kept. Usually 32; as many as threads that call at once.
    pub idle_connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(15),
            idle_connections: 32,
        }
    }
}
