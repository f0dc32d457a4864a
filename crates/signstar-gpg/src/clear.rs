//! A text that stays readable while it is signed (RFC 9580 §7).

use std::io::Read;

use crate::Error;

/// The longest text that is signed so, in octets (64 MiB). It has to be held.
const MAX_OCTETS: usize = 64 << 20;
const FIRST: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n";

/// A text on which all who verify agree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Text(Vec<u8>);

impl Text {
    /// Reads a text to its end.
    ///
    /// Fails over 64 MiB, and if a carriage return stands anywhere but before a line feed: some
    /// programs take it for the end of a line and others do not.
    pub fn read(reader: impl Read, name: &str) -> Result<Self, Error> {
        let mut octets = Vec::new();
        let most = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX);
        reader
            .take(most.saturating_add(1))
            .read_to_end(&mut octets)
            .map_err(|source| Error::read(name, source))?;
        if octets.len() > MAX_OCTETS {
            return Err(Error::LongText(name.to_owned()));
        }
        let is_followed = |place: usize| octets.get(place + 1) == Some(&b'\n');
        let mut returns = (octets.iter().enumerate())
            .filter(|(_, octet)| **octet == b'\r')
            .map(|(place, _)| place);
        if !returns.all(is_followed) {
            return Err(Error::LoneReturn(name.to_owned()));
        }
        Ok(Self(octets))
    }

    /// The lines without their ends.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let body = self.0.strip_suffix(b"\n").unwrap_or(&self.0);
        body.split(|octet| *octet == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// What is hashed: lines without the blanks at their ends, CR and LF between them and not
    /// after the last (RFC 9580 §7.2).
    pub fn canonical(&self) -> Vec<u8> {
        let mut canonical = Vec::with_capacity(self.0.len().saturating_add(1024));
        for (place, line) in self.lines().enumerate() {
            if place > 0 {
                canonical.extend_from_slice(b"\r\n");
            }
            let end = line
                .iter()
                .rposition(|octet| !matches!(octet, b' ' | b'\t'))
                .map_or(0, |last| last + 1);
            canonical.extend_from_slice(line.get(..end).unwrap_or_default());
        }
        canonical
    }

    /// The text with its signature below.
    pub fn signed(&self, armored: &str) -> Vec<u8> {
        let mut message = FIRST.to_vec();
        for line in self.lines() {
            // `From ` too, which programs that handle mail would change.
            if line.starts_with(b"-") || line.starts_with(b"From ") {
                message.extend_from_slice(b"- ");
            }
            message.extend_from_slice(line);
            message.push(b'\n');
        }
        message.extend_from_slice(armored.trim_end().as_bytes());
        message.push(b'\n');
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::read(text.as_bytes(), "a text").expect("a text")
    }

    fn canonical(of: &str) -> String {
        String::from_utf8(text(of).canonical()).expect("text")
    }

    #[test]
    fn ends_of_lines_are_the_same_everywhere() {
        for same in ["a\nb\n", "a\nb", "a\r\nb\r\n", "a \t\nb  ", "a\r\nb\n"] {
            assert_eq!(canonical(same), "a\r\nb", "{same:?}");
        }
        assert_eq!(canonical("a\n\n"), "a\r\n");
        assert_eq!(canonical("\n"), "");
        assert_eq!(canonical(""), "");
        assert_eq!(canonical("  a\tb"), "  a\tb");
    }

    #[test]
    fn a_text_is_not_taken_for_armor() {
        let message = text("-----BEGIN\nFrom here\n a \n").signed("ARMOR\n");
        assert_eq!(
            String::from_utf8(message).expect("text"),
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n\
             - -----BEGIN\n- From here\n a \nARMOR\n"
        );
    }

    #[test]
    fn what_verifiers_read_differently_is_refused() {
        for bad in ["a\rb", "a\r", "a\r\r\nb"] {
            let error = Text::read(bad.as_bytes(), "a text").expect_err("refused");
            assert!(matches!(error, Error::LoneReturn(_)), "{bad:?}");
        }
        let long = std::io::repeat(b'x');
        assert!(matches!(
            Text::read(long, "a text"),
            Err(Error::LongText(_))
        ));
    }
}
