//! What hides the name of a file in the log.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;

/// A salt for the name of one file: 32 random octets that the client keeps.
///
/// Where the log keeps a commitment to the name, whoever has the salt can show what it is to, and
/// nobody else can guess. Written as 64 hexadecimal digits and a line feed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NameSalt([u8; 32]);

/// Text that is no such salt.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not 64 hexadecimal digits in lower case")]
pub struct NotANameSalt;

impl NameSalt {
    /// A fresh one.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        let mut octets = [0; 32];
        getrandom::fill(&mut octets)?;
        Ok(Self(octets))
    }

    /// Its octets.
    pub fn as_octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for NameSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", HEXLOWER.encode(&self.0))
    }
}

impl FromStr for NameSalt {
    type Err = NotANameSalt;

    fn from_str(text: &str) -> Result<Self, NotANameSalt> {
        let digits = text.strip_suffix('\n').unwrap_or(text);
        let octets = HEXLOWER.decode(digits.as_bytes()).ok();
        let octets = octets.and_then(|octets| octets.try_into().ok());
        octets.map(Self).ok_or(NotANameSalt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let salt = NameSalt([0xa5; 32]);
        let text = salt.to_string();
        assert_eq!(text.len(), 65);
        assert_eq!(text.parse(), Ok(salt));
        assert_eq!(text.trim().parse(), Ok(salt));
        for bad in [
            "",
            "a5",
            &text.to_uppercase(),
            &format!("{text}\n"),
            &format!("{}a5", text.trim()),
        ] {
            assert_eq!(bad.parse::<NameSalt>(), Err(NotANameSalt), "{bad:?}");
        }
    }
}
