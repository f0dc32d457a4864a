//! The SSH keys that clients and users log in with.

use std::fmt;

use serde::Deserialize;
use ssh_key::{Algorithm, EcdsaCurve, PublicKey, public::KeyData};

/// A public SSH key as OpenSSH writes it: type, key, and perhaps a comment, with one space between.
///
/// Options (`command="..."`) and certificates are not taken: what a key may do follows from the
/// table that it stands in. Two are equal if they are the same key, whatever the comments.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct SshKey {
    key: PublicKey,
    text: String,
}

/// Why a text is no SSH key that is taken. The texts are public.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidSshKey {
    /// Not `TYPE BASE64 [COMMENT]` on one line.
    #[error("an SSH key is `TYPE BASE64 COMMENT`, one line of a `.pub` file, without options")]
    Form,
    /// It begins as a private key does.
    #[error(
        "this is a private key: it is known now, so make another; the `.pub` file belongs here"
    )]
    Private,
    /// A type that is not taken.
    #[error(
        "this type of SSH key is not taken: make one with `ssh-keygen -t ed25519` or `-t ed25519-sk`"
    )]
    Type,
    /// The key is damaged, or of another type than it says.
    #[error("this SSH key is damaged: copy the whole line of the `.pub` file once more")]
    Damaged,
    /// Too few bits.
    #[error("this RSA key has fewer than 2048 bits: make one with `ssh-keygen -t ed25519`")]
    Weak,
}

impl SshKey {
    /// Takes `text` if it is one.
    pub fn new(text: &str) -> Result<Self, InvalidSshKey> {
        if text.contains("PRIVATE KEY") {
            return Err(InvalidSshKey::Private);
        }
        let parts: Vec<&str> = text.splitn(3, ' ').collect();
        let (kind, base64, comment) = match parts.as_slice() {
            [kind, base64] => (*kind, *base64, None),
            [kind, base64, comment] => (*kind, *base64, Some(*comment)),
            _ => return Err(InvalidSshKey::Form),
        };
        let is_comment = |text: &str| {
            !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
        };
        if kind.is_empty() || base64.is_empty() || !comment.is_none_or(is_comment) {
            return Err(InvalidSshKey::Form);
        }
        let algorithm = Algorithm::new(kind).map_err(|_| match kind.contains(['=', '"', ',']) {
            true => InvalidSshKey::Form,
            false => InvalidSshKey::Type,
        })?;
        let is_taken = matches!(
            algorithm,
            Algorithm::Ed25519
                | Algorithm::SkEd25519
                | Algorithm::SkEcdsaSha2NistP256
                | Algorithm::Rsa { hash: None }
                | Algorithm::Ecdsa {
                    curve: EcdsaCurve::NistP256 | EcdsaCurve::NistP384 | EcdsaCurve::NistP521
                }
        );
        if !is_taken {
            return Err(InvalidSshKey::Type);
        }
        let plain = format!("{kind} {base64}");
        let key = PublicKey::from_openssh(&plain).map_err(|_| InvalidSshKey::Damaged)?;
        // One spelling for each key, so that nobody reads it otherwise than we do.
        let again = key.to_openssh().map_err(|_| InvalidSshKey::Damaged)?;
        if again.trim_end() != plain || key.algorithm() != algorithm {
            return Err(InvalidSshKey::Damaged);
        }
        if let KeyData::Rsa(rsa) = key.key_data() {
            let octets = rsa.n.as_positive_bytes().map_or(0, <[u8]>::len);
            if octets < 256 {
                return Err(InvalidSshKey::Weak);
            }
        }
        Ok(Self {
            key,
            text: text.to_owned(),
        })
    }

    /// The line as it was written: type, key and comment.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its type, as OpenSSH calls it: `ssh-ed25519`.
    pub fn kind(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    /// The key itself in base64, of which each key has one spelling.
    pub(super) fn base64(&self) -> &str {
        self.text.split(' ').nth(1).unwrap_or_default()
    }

    /// Its fingerprint, as OpenSSH shows it: `SHA256:...`.
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(ssh_key::HashAlg::Sha256).to_string()
    }

    /// Whether files can be encrypted to it (`age`): to those of hardware tokens and to ECDSA
    /// keys they cannot.
    pub fn can_decrypt(&self) -> bool {
        matches!(self.key.key_data(), KeyData::Ed25519(_) | KeyData::Rsa(_))
    }
}

impl PartialEq for SshKey {
    fn eq(&self, other: &Self) -> bool {
        self.key.key_data() == other.key.key_data()
    }
}

impl Eq for SshKey {}

impl TryFrom<String> for SshKey {
    type Error = InvalidSshKey;

    fn try_from(text: String) -> Result<Self, InvalidSshKey> {
        Self::new(&text)
    }
}

impl fmt::Display for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4vnPw8EG4EwF6DvQUmdLy1h0bVmQ9vJ8T3r6q0yq1p";

    #[test]
    fn a_line_of_a_pub_file_is_taken_with_and_without_its_comment() {
        let plain = SshKey::new(KEY).expect("a key");
        let comment = SshKey::new(&format!("{KEY} builder of packages")).expect("a key");
        assert_eq!(plain, comment);
        assert_eq!(plain.kind(), "ssh-ed25519");
        assert!(plain.fingerprint().starts_with("SHA256:"));
        assert!(plain.can_decrypt());
    }

    #[test]
    fn what_could_be_more_than_a_key_is_refused() {
        for (bad, why) in [
            (format!("command=\"sh\" {KEY}"), InvalidSshKey::Form),
            (format!("{KEY} one\n{KEY} two"), InvalidSshKey::Form),
            (format!("{KEY}\n"), InvalidSshKey::Damaged),
            (format!("{KEY} "), InvalidSshKey::Form),
            (format!(" {KEY}"), InvalidSshKey::Form),
            (KEY.replace(' ', "  "), InvalidSshKey::Form),
            (KEY.replace("AAAAC3", "AAAAC4"), InvalidSshKey::Damaged),
            (KEY.replace("ssh-ed25519", "ssh-dss"), InvalidSshKey::Type),
            (
                KEY.replace("ssh-ed25519", "ssh-rsa"),
                InvalidSshKey::Damaged,
            ),
            (format!("{KEY}AAAA"), InvalidSshKey::Damaged),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
                InvalidSshKey::Private,
            ),
            (
                KEY.replace("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"),
                InvalidSshKey::Type,
            ),
            ("ssh-ed25519".to_owned(), InvalidSshKey::Form),
            (String::new(), InvalidSshKey::Form),
        ] {
            assert_eq!(SshKey::new(&bad).expect_err(&bad), why, "{bad:?}");
        }
    }
}
