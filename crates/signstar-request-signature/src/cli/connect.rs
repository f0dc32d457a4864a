//! `connect`: what `ssh` starts to have a connection made.

use std::{io, time::Duration};

use signstar_request_signature::{Error, Family, hand_over};

use super::arguments::Connect;

/// Hands a connection to whoever is at the other end of standard output.
pub(crate) fn connect(arguments: &Connect) -> Result<u8, Error> {
    let family = match arguments.family.as_deref() {
        Some("4") => Family::V4,
        Some("6") => Family::V6,
        _ => Family::Any,
    };
    let limit = arguments.timeout.map(Duration::from_secs);
    let Connect { host, port, .. } = arguments;
    hand_over(host, *port, family, limit, io::stdout()).map_err(|source| Error::Connect {
        host: host.clone(),
        port: *port,
        source,
    })?;
    Ok(0)
}
