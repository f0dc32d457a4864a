//! Where a device is.

use std::fmt;
use std::str::FromStr;

use ureq::http::Uri;

use crate::call::BASE;

/// The address of a device: `https://HOST[:PORT]`, with or without `/api/v1` behind it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Url(String);

/// A text is not the address of a device. The text is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the address of a device is https://HOST[:PORT][/api/v1], without user or query")]
pub struct BadUrl;

impl FromStr for Url {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        let uri: Uri = text.parse().map_err(|_| BadUrl)?;
        let authority = uri.authority().ok_or(BadUrl)?.as_str();
        let path_fits = matches!(uri.path().trim_end_matches('/'), "" | BASE);
        let is_plain = uri.query().is_none() && !authority.contains('@') && !text.contains('#');
        let is_https = uri.scheme_str() == Some("https");
        if !is_https || !is_plain || !path_fits || uri.host().is_none_or(str::is_empty) {
            return Err(BadUrl);
        }
        Ok(Self(format!("https://{authority}{BASE}")))
    }
}

/// In full: `https://HOST[:PORT]/api/v1`.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_address() {
        for text in [
            "https://hsm.example:8443",
            "https://hsm.example:8443/",
            "https://hsm.example:8443/api/v1",
            "https://hsm.example:8443/api/v1/",
        ] {
            let url: Url = text.parse().expect(text);
            assert_eq!(url.to_string(), "https://hsm.example:8443/api/v1");
        }
        assert!("https://[2001:db8::1]".parse::<Url>().is_ok());
    }

    #[test]
    fn what_is_no_address_of_a_device_is_refused() {
        for text in [
            "",
            "hsm.example",
            "http://hsm.example",
            "https://",
            "https://user:password@hsm.example",
            "https://hsm.example/api/v2",
            "https://hsm.example/?a=b",
            "https://hsm.example/#a",
            "ftp://hsm.example",
        ] {
            assert_eq!(text.parse::<Url>(), Err(BadUrl), "{text}");
        }
    }
}
