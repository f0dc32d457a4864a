//! How other hosts are asked over HTTP.

use std::{io::Read as _, sync::Arc, time::Duration};

use rustls::crypto::aws_lc_rs;
use ureq::{
    Agent, Body,
    tls::{Certificate, RootCerts, TlsConfig},
};

/// How long a connection may take.
const TO_CONNECT: Duration = Duration::from_secs(10);

/// An agent that gives up a question after `patience`, and follows so many redirects. Certificates
/// are checked with the authorities that the system trusts; a status that is an error is an answer.
pub(crate) fn agent(patience: Duration, redirects: u32) -> Agent {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<Certificate<'static>> = roots
        .iter()
        .map(|root| Certificate::from_der(root).to_owned())
        .collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .max_redirects(redirects)
        .http_status_as_error(false)
        .no_delay(true)
        .timeout_connect(Some(TO_CONNECT.min(patience)))
        .timeout_global(Some(patience))
        .user_agent(concat!("signstar-log/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// The octets of an answer; nothing if there are more than `limit`.
pub(crate) fn octets(body: &mut Body, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut octets = Vec::new();
    let fits = octets_into(body, limit, &mut octets)?;
    Ok(fits.then_some(octets))
}

/// The same in place of what was in `octets`, whose memory is used again. Returns whether there are
/// no more than `limit`.
pub(crate) fn octets_into(
    body: &mut Body,
    limit: u64,
    octets: &mut Vec<u8>,
) -> std::io::Result<bool> {
    octets.clear();
    let stated = body.content_length().unwrap_or_default();
    if stated > limit {
        return Ok(false);
    }
    // All at once, and not by doubling.
    octets.reserve(usize::try_from(stated).unwrap_or_default());
    body.as_reader()
        .take(limit.saturating_add(1))
        .read_to_end(octets)?;
    Ok(u64::try_from(octets.len()).unwrap_or(u64::MAX) <= limit)
}
