//! A profile as it is written.

use std::str::FromStr;

use nethsm::client::{Tls, Url};
use serde::{Deserialize, Deserializer, de};

use super::{Profile, User};

/// How a [`Profile`] is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    url: Option<Parsed<Url>>,
    urls: Option<Vec<Parsed<Url>>>,
    tls: Option<OneOrMore>,
    #[serde(default)]
    users: Vec<User>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "system, ca:FILE, pin:SHA256 or insecure, or a list of these"
)]
enum OneOrMore {
    One(Parsed<Tls>),
    More(Vec<Parsed<Tls>>),
}

impl TryFrom<Written> for Profile {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let urls: Vec<_> = match (written.url, written.urls) {
            (Some(url), None) => vec![url.0],
            (None, Some(urls)) if !urls.is_empty() => urls.into_iter().map(|url| url.0).collect(),
            _ => return Err("a profile has either url = \"...\" or urls = [\"...\", ...]"),
        };
        let tls: Vec<_> = match written.tls {
            None => vec![Tls::System],
            Some(OneOrMore::One(tls)) => vec![tls.0],
            Some(OneOrMore::More(all)) => all.into_iter().map(|tls| tls.0).collect(),
        };
        if tls.len() != 1 && tls.len() != urls.len() {
            return Err("tls is one mode for all devices, or a list with one for each");
        }
        Ok(Self {
            urls,
            tls,
            users: written.users,
        })
    }
}

/// Something that stands there as text.
struct Parsed<T>(T);

impl<'de, T: FromStr<Err: std::fmt::Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}
