//! YubiHSM2 devices.

use std::num::NonZeroU32;

use serde::Deserialize;

use super::Account;

/// One YubiHSM2, behind a connector or on USB.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(from = "Written")]
pub struct YubiHsm2 {
    /// How it is reached.
    pub connector: Connector,
    /// Which one it is.
    pub serial: Serial,
    /// The longest wait for one answer, in seconds.
    pub timeout_seconds: NonZeroU32,
    /// The number of the authentication key that administers it.
    pub administrator: ObjectNumber,
    /// The number of the wrap key that its backups are encrypted with.
    pub wrap_key: ObjectNumber,
    /// Who reads its log. With one, it does nothing more while that is full.
    pub auditor: Option<Account>,
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// `"yubihsm2"`.
    #[serde(rename = "kind")]
    _kind: Option<super::hsm::Kind>,
    /// How it is reached: `"usb"`, or `"http://HOST:PORT"` of its connector.
    connector: Connector,
    /// Its serial number: ten digits.
    serial: Serial,
    /// The longest wait for one answer, in seconds; without this, 10.
    #[serde(default = "super::hsm::ten_seconds")]
    timeout_seconds: NonZeroU32,
    /// The number of the authentication key that administers it; without this, 10.
    #[serde(default = "ten")]
    administrator: ObjectNumber,
    /// The number of the wrap key that its backups are encrypted with; without this, 10.
    #[serde(default = "ten")]
    wrap_key: ObjectNumber,
    /// The authentication key that reads its log. With one, the device does nothing more while its
    /// log is full.
    auditor: Option<Account>,
}

fn ten() -> ObjectNumber {
    ObjectNumber(10)
}

impl From<Written> for YubiHsm2 {
    fn from(written: Written) -> Self {
        Self {
            connector: written.connector,
            serial: written.serial,
            timeout_seconds: written.timeout_seconds,
            administrator: written.administrator,
            wrap_key: written.wrap_key,
            auditor: written.auditor,
        }
    }
}

/// The number of an object in a YubiHSM2: 2 to 65534. Number 1 is that of the authentication key which
/// every new device has.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "i64")]
pub struct ObjectNumber(u16);

impl ObjectNumber {
    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<i64> for ObjectNumber {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        match u16::try_from(number) {
            Ok(number @ 2..=65534) => Ok(Self(number)),
            _ => Err("the number of an object is 2 to 65534"),
        }
    }
}

impl std::str::FromStr for ObjectNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().unwrap_or(0_i64).try_into()
    }
}

/// How a YubiHSM2 is reached.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub enum Connector {
    /// On USB.
    Usb,
    /// By the HTTP of its connector: `http://HOST:PORT`. The device itself encrypts what is said.
    Http(String),
}

/// The serial number of a YubiHSM2: ten digits, as `yubihsm-shell` shows it with zeros before it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Serial(String);

impl Serial {
    /// The ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Connector {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "usb" {
            return Ok(Self::Usb);
        }
        let place = text
            .strip_prefix("http://")
            .and_then(|at| at.rsplit_once(':'));
        match place {
            Some((host, port))
                if !host.is_empty()
                    && !host.contains(['/', '@', '?', '#', ' '])
                    && port.parse::<u16>().is_ok_and(|port| port > 0) =>
            {
                Ok(Self::Http(text))
            }
            _ => Err("a `connector` is \"usb\" or \"http://HOST:PORT\""),
        }
    }
}

impl TryFrom<String> for Serial {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() == 10 && text.bytes().all(|octet| octet.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err("the `serial` of a YubiHSM2 has ten digits")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_on_usb_or_behind_a_connector() {
        let parse = |text: &str| toml::from_str::<YubiHsm2>(text);
        for connector in ["usb", "http://127.0.0.1:12345", "http://[::1]:12345"] {
            let text = format!("connector = \"{connector}\"\nserial = \"0012345678\"");
            assert_eq!(parse(&text).expect("good").timeout_seconds.get(), 10);
        }
        for bad in [
            "connector = \"USB\"\nserial = \"0012345678\"",
            "connector = \"https://h:1\"\nserial = \"0012345678\"",
            "connector = \"http://h\"\nserial = \"0012345678\"",
            "connector = \"http://h:0\"\nserial = \"0012345678\"",
            "connector = \"http://u@h:1\"\nserial = \"0012345678\"",
            "connector = \"usb\"\nserial = \"12345678\"",
            "connector = \"usb\"",
            "connector = \"usb\"\nserial = \"0012345678\"\npin = \"1\"",
            "connector = \"usb\"\nserial = \"0012345678\"\nadministrator = 1",
            "connector = \"usb\"\nserial = \"0012345678\"\nwrap-key = 65535",
        ] {
            parse(bad).expect_err(bad);
        }
    }
}
