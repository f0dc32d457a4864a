//! The encodings of SSH: strings, numbers, public keys (RFC 4251 §5, RFC 4253 §6.6, RFC 5656 §3.1,
//! RFC 8709 §4).

use data_encoding::BASE64;

use super::{InvalidPublicKey, PublicKey};

/// Puts strings one behind the other.
pub(super) fn strings<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut octets = Vec::new();
    for part in parts {
        put(&mut octets, part);
    }
    octets
}

/// A string: its length in four octets, and itself. None here comes near 2^32 octets.
pub(super) fn put(octets: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    octets.extend(length.to_be_bytes());
    octets.extend(part);
}

/// An unsigned number as the content of a string: no zeros before it, but one where its highest
/// bit is set.
pub(super) fn mpint(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&octet| octet == 0).count();
    let number = number.get(zeros..).unwrap_or_default();
    let sign = number.first().is_some_and(|first| first & 0x80 != 0);
    let mut octets = Vec::from(if sign { &[0][..] } else { &[] });
    octets.extend(number);
    octets
}

/// Reads what was put together, to its end.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next string.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (string, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    /// The next number, unsigned and in its shortest spelling.
    pub(super) fn number(&mut self) -> Option<&'a [u8]> {
        let spelled = self.string()?;
        let number = spelled.strip_prefix(&[0]).unwrap_or(spelled);
        (mpint(number) == spelled).then_some(number)
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

impl PublicKey {
    /// The name of its kind.
    pub(super) fn ssh_name(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "ssh-rsa",
            Self::P256(_) => "ecdsa-sha2-nistp256",
            Self::P384(_) => "ecdsa-sha2-nistp384",
            Self::P521(_) => "ecdsa-sha2-nistp521",
            Self::Ed25519(_) => "ssh-ed25519",
        }
    }

    /// The public key as SSH puts it into a string.
    pub(super) fn to_ssh(&self) -> Vec<u8> {
        let name = self.ssh_name();
        let curve = name.strip_prefix("ecdsa-sha2-").unwrap_or_default();
        match self {
            Self::Rsa { modulus, exponent } => {
                strings([name.as_bytes(), &mpint(exponent), &mpint(modulus)])
            }
            Self::P256(point) | Self::P384(point) | Self::P521(point) => {
                strings([name.as_bytes(), curve.as_bytes(), point])
            }
            Self::Ed25519(key) => strings([name.as_bytes(), key]),
        }
    }

    /// Reads the same.
    pub(super) fn from_ssh(octets: &[u8]) -> Result<Self, InvalidPublicKey> {
        let read = || {
            let mut reader = Reader(octets);
            let name = reader.string()?;
            let key = match name {
                b"ssh-ed25519" => Self::Ed25519(reader.string()?.to_vec()),
                b"ssh-rsa" => {
                    let exponent = reader.number()?.to_vec();
                    let modulus = reader.number()?.to_vec();
                    Self::Rsa { modulus, exponent }
                }
                _ => {
                    let curve = reader.string()?;
                    let point = reader.string()?.to_vec();
                    match (name, curve) {
                        (b"ecdsa-sha2-nistp256", b"nistp256") => Self::P256(point),
                        (b"ecdsa-sha2-nistp384", b"nistp384") => Self::P384(point),
                        (b"ecdsa-sha2-nistp521", b"nistp521") => Self::P521(point),
                        _ => return None,
                    }
                }
            };
            reader.is_at_end().then_some(key)
        };
        let key = read().ok_or(InvalidPublicKey::Encoding("not an SSH key of a known kind"))?;
        key.check()?;
        Ok(key)
    }

    /// The key as a line of `authorized_keys` or, with a name before it, of `allowed_signers`:
    /// kind and base64, without a comment.
    pub fn to_openssh(&self) -> String {
        format!("{} {}", self.ssh_name(), BASE64.encode(&self.to_ssh()))
    }

    /// Reads such a line; what follows the key is a comment.
    pub fn from_openssh(line: &str) -> Result<Self, InvalidPublicKey> {
        let mut words = line.split_ascii_whitespace();
        let (name, octets) = (words.next(), words.next());
        let octets = octets.and_then(|octets| BASE64.decode(octets.as_bytes()).ok());
        let key = Self::from_ssh(&octets.unwrap_or_default())?;
        if name == Some(key.ssh_name()) {
            Ok(key)
        } else {
            Err(InvalidPublicKey::Encoding("the line names another kind"))
        }
    }
}
