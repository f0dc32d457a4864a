//! Tokens behind PKCS#11: smart cards, HSMs in a network, HSMs in software.

use std::{
    collections::BTreeMap,
    num::{NonZeroU8, NonZeroU32},
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// One token, reached through the module of its maker.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Written")]
pub struct Pkcs11 {
    module: PathBuf,
    token: Token,
    sessions: NonZeroU8,
    timeout_seconds: NonZeroU32,
    environment: BTreeMap<String, String>,
}

/// How a token is told from the others that a module knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Token {
    /// By its label, 1 to 32 octets.
    Label(String),
    /// By its serial number, 1 to 16 octets.
    Serial(String),
}

/// The identifier of an object on a token (`CKA_ID`): 1 to 64 octets, written in hexadecimal digits
/// in lower case.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct ObjectId(Vec<u8>);

/// The same as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// `"pkcs11"`.
    #[serde(rename = "kind")]
    _kind: Option<super::hsm::Kind>,
    /// The shared library that knows the token, an absolute path.
    module: PathBuf,
    /// The label of the token: 1 to 32 octets.
    token: Option<String>,
    /// Its serial number, in place of the label: 1 to 16 octets.
    serial: Option<String>,
    /// The most sessions that sign at the same time; without this, 4.
    #[serde(default = "four")]
    sessions: NonZeroU8,
    /// The longest wait for one answer, in seconds; without this, 10.
    #[serde(default = "super::hsm::ten_seconds")]
    timeout_seconds: NonZeroU32,
    /// All environment variables that the module sees.
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

fn four() -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add(3)
}

impl TryFrom<Written> for Pkcs11 {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        if !written.module.is_absolute() {
            return Err("`module` is the absolute path of a shared library");
        }
        let fits = |text: &String, most: usize| {
            let edges = text.starts_with(' ') || text.ends_with(' ');
            (1..=most).contains(&text.len()) && !edges && !text.contains(char::is_control)
        };
        let token = match (written.token, written.serial) {
            (Some(label), None) if fits(&label, 32) => Token::Label(label),
            (None, Some(serial)) if fits(&serial, 16) => Token::Serial(serial),
            (Some(_), None) => return Err("`token` is a label of 1 to 32 octets"),
            (None, Some(_)) => return Err("`serial` is a serial number of 1 to 16 octets"),
            _ => return Err("a token has a label (`token`) or a `serial`, and not both"),
        };
        let variable = |name: &String| {
            let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
            !name.is_empty() && name.bytes().all(plain)
        };
        let said = |value: &String| !value.contains('\0');
        if !written.environment.keys().all(variable) || !written.environment.values().all(said) {
            return Err("`environment` has names of letters, digits and `_`, and text");
        }
        Ok(Self {
            module: written.module,
            token,
            sessions: written.sessions,
            timeout_seconds: written.timeout_seconds,
            environment: written.environment,
        })
    }
}

impl Pkcs11 {
    /// The shared library that knows the token, an absolute path.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// Which of its tokens it is.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The most sessions that sign at the same time.
    pub fn sessions(&self) -> NonZeroU8 {
        self.sessions
    }

    /// The longest wait for one answer, in seconds.
    pub fn timeout_seconds(&self) -> NonZeroU32 {
        self.timeout_seconds
    }

    /// All environment variables that the module sees.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Whether both are one token, as far as this tells. A label says nothing about a serial number.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        match (&self.token, &other.token) {
            (Token::Label(one), Token::Label(other)) => one == other,
            (Token::Serial(one), Token::Serial(other)) => one == other,
            _ => true,
        }
    }
}

impl ObjectId {
    /// The octets of the identifier.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<String> for ObjectId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let lower = !text.bytes().any(|octet| octet.is_ascii_uppercase());
        match hex::decode(&text) {
            Ok(octets) if lower && (1..=64).contains(&octets.len()) => Ok(Self(octets)),
            _ => Err("an `object-id` is 1 to 64 octets in hexadecimal digits in lower case"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Pkcs11, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn a_token_has_a_module_and_a_name() {
        let token = parse(
            "module = \"/usr/lib/softhsm/libsofthsm2.so\"\ntoken = \"signing\"\n\
             environment = { SOFTHSM2_CONF = \"/etc/signstar/softhsm2.conf\" }",
        )
        .expect("good");
        assert_eq!(token.token(), &Token::Label("signing".to_owned()));
        assert_eq!(token.sessions().get(), 4);
        assert_eq!(token.timeout_seconds().get(), 10);
        let by_serial = parse("module = \"/m.so\"\nserial = \"DENK0100123\"").expect("good");
        assert!(by_serial.may_be(&token), "a serial may have any label");
    }

    #[test]
    fn what_names_no_token_is_refused() {
        for (text, why) in [
            ("module = \"/m.so\"", "not both"),
            (
                "module = \"/m.so\"\ntoken = \"a\"\nserial = \"b\"",
                "not both",
            ),
            ("module = \"m.so\"\ntoken = \"a\"", "absolute"),
            ("module = \"/m.so\"\ntoken = \"\"", "1 to 32"),
            ("module = \"/m.so\"\ntoken = \"a \"", "1 to 32"),
            (
                "module = \"/m.so\"\nserial = \"12345678901234567\"",
                "1 to 16",
            ),
            ("module = \"/m.so\"\ntoken = \"a\"\nsessions = 0", "nonzero"),
            (
                "module = \"/m.so\"\ntoken = \"a\"\nslot = 1",
                "unknown field",
            ),
            (
                "module = \"/m.so\"\ntoken = \"a\"\nenvironment = { \"A=B\" = \"c\" }",
                "`environment`",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn an_object_id_has_one_spelling() {
        let id = ObjectId::try_from("00ff".to_owned()).expect("good");
        assert_eq!(id.as_octets(), [0, 0xff]);
        for bad in ["", "0", "0x01", "FF", "01:02", &"00".repeat(65)] {
            assert!(ObjectId::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
