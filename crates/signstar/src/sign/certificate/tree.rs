//! Where others look for a certificate: files of a web key directory, of a keyring in packets, and
//! of the hierarchy for the verification of OS artifacts.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use data_encoding::{Encoding, HEXLOWER};
use data_encoding_macro::new_encoding;
use pgp::{
    armor::BlockType,
    composed::{SignedKeyDetails, SignedPublicKey},
    packet::{PacketTrait, Signature, SignatureType, UserId},
    ser::Serialize,
    types::KeyDetails,
};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::{Certificate, binding, mail};
use crate::config::KeyName;

/// Files by their path below a folder that others know.
pub type FileTree = BTreeMap<PathBuf, Vec<u8>>;

/// z-base-32 (RFC 6189 §5.1.6), which names the files of a web key directory.
const Z_BASE_32: Encoding = new_encoding! {
    symbols: "ybndrfg8ejkmcpqxot1uwisza345h769",
};

/// Why there is no such tree.
#[derive(Debug, thiserror::Error)]
pub enum NoTree {
    /// No user ID has a mail address.
    #[error("no user ID has a mail address, as in `Name <user@domain>`")]
    NoMail,
    /// A name that is no part of a path.
    #[error("{0:?} is no name of a folder here: up to 64 of a-z, 0-9, `-`, `_`, `.`")]
    Name(String),
    /// The certificate could not be written.
    #[error("the certificate could not be written")]
    Write(#[from] pgp::errors::Error),
}

impl Certificate {
    /// Files for the web servers of the domains in its user IDs, in the advanced form of
    /// `draft-koch-openpgp-webkey-service`:
    /// `DOMAIN/.well-known/openpgpkey/DOMAIN/hu/HASH`, each with the certificate and only the
    /// user IDs of that address, and the `policy` that has to be there. The host that serves the
    /// first folder is `openpgpkey.DOMAIN`; the request is for `hu/HASH?l=USER`.
    pub fn web_key_directory(&self) -> Result<FileTree, NoTree> {
        let mut files = FileTree::new();
        for address in self.bound_user_ids().filter_map(mail) {
            let Some((local, domain)) = address.rsplit_once('@') else {
                continue;
            };
            let domain = domain.to_ascii_lowercase();
            let folder = PathBuf::from(&domain)
                .join(".well-known/openpgpkey")
                .join(&domain);
            let hash = Z_BASE_32.encode(&Sha1::digest(local.to_ascii_lowercase()));
            let octets = self.with_mail(address).to_bytes()?;
            files.insert(folder.join("hu").join(hash), octets);
            files.insert(folder.join("policy"), Vec::new());
        }
        if files.is_empty() {
            return Err(NoTree::NoMail);
        }
        Ok(files)
    }

    /// The certificate in single packets, as `keyringctl` of `archlinux-keyring` keeps it below
    /// `keyring/main` or `keyring/packager`: `NAME/FINGERPRINT/FINGERPRINT.asc`,
    /// `.../uid/UID/UID.asc`, `.../uid/UID/certification/ISSUER.asc` and so on. Of several
    /// certifications by one issuer the newest stands there.
    pub fn keyring_packets(&self, name: &str) -> Result<FileTree, NoTree> {
        KeyName::new(name).map_err(|_| NoTree::Name(name.to_owned()))?;
        let primary = &self.inner.primary_key;
        let fingerprint = self.fingerprint().to_ascii_uppercase();
        let root = PathBuf::from(name).join(&fingerprint);
        let mut files = FileTree::new();
        files.insert(
            root.join(format!("{fingerprint}.asc")),
            packet(primary, BlockType::PublicKey)?,
        );
        let direct = self.inner.details.direct_signatures.iter();
        put_signatures(&mut files, &root.join("directkey"), direct)?;
        for user in &self.inner.details.users {
            let id = folder_name(&user.id);
            let folder = root.join("uid").join(&id);
            files.insert(
                folder.join(format!("{id}.asc")),
                packet(&user.id, BlockType::File)?,
            );
            put_signatures(&mut files, &folder, user.signatures.iter())?;
        }
        for subkey in &self.inner.public_subkeys {
            let id = subkey.key.fingerprint().to_string().to_ascii_uppercase();
            let folder = root.join("subkey").join(&id);
            files.insert(
                folder.join(format!("{id}.asc")),
                packet(&subkey.key, BlockType::PublicKey)?,
            );
            put_signatures(&mut files, &folder, subkey.signatures.iter())?;
        }
        Ok(files)
    }

    /// The certificate at its place below `/etc/voa` or another load path of the file hierarchy
    /// for the verification of OS artifacts (UAPI group):
    /// `OS/PURPOSE/CONTEXT/openpgp/FINGERPRINT.openpgp`.
    pub fn artifact_verifier(
        &self,
        os: &str,
        purpose: &str,
        context: &str,
    ) -> Result<FileTree, NoTree> {
        let mut path = PathBuf::new();
        for part in [os, purpose, context] {
            if !is_part(part) {
                return Err(NoTree::Name(part.to_owned()));
            }
            path.push(part);
        }
        path.push("openpgp");
        path.push(format!("{}.openpgp", self.fingerprint()));
        Ok(FileTree::from([(path, self.to_octets()?)]))
    }

    /// The certificate with nothing but what its holder says about `address`.
    fn with_mail(&self, address: &str) -> SignedPublicKey {
        let mut users = self.inner.details.users.clone();
        users.retain(|user| {
            let is_it = user.id.as_str().and_then(mail) == Some(address);
            is_it && binding(&self.inner.primary_key, user).is_some()
        });
        let direct = self.inner.details.direct_signatures.clone();
        let details = SignedKeyDetails::new(Vec::new(), direct, users, Vec::new());
        SignedPublicKey::new(
            self.inner.primary_key.clone(),
            details,
            self.inner.public_subkeys.clone(),
        )
    }
}

/// Signatures by their issuer, revocations apart.
fn put_signatures<'a>(
    files: &mut FileTree,
    folder: &Path,
    signatures: impl Iterator<Item = &'a Signature>,
) -> Result<(), pgp::errors::Error> {
    let mut signatures: Vec<_> = signatures.collect();
    signatures.sort_by_key(|signature| signature.created());
    for signature in signatures {
        let Some(issuer) = issuer(signature) else {
            continue;
        };
        let kind = if is_revocation(signature) {
            "revocation"
        } else {
            "certification"
        };
        files.insert(
            folder.join(kind).join(format!("{issuer}.asc")),
            packet(signature, BlockType::Signature)?,
        );
    }
    Ok(())
}

fn is_revocation(signature: &Signature) -> bool {
    matches!(
        signature.typ(),
        Some(
            SignatureType::CertRevocation
                | SignatureType::SubkeyRevocation
                | SignatureType::KeyRevocation
        )
    )
}

/// Whose signature it says it is: the fingerprint, else the key ID, in upper case.
fn issuer(signature: &Signature) -> Option<String> {
    let fingerprint = signature
        .issuer_fingerprint()
        .first()
        .map(ToString::to_string);
    let issuer = fingerprint.or_else(|| Some(signature.issuer_key_id().first()?.to_string()))?;
    Some(issuer.to_ascii_uppercase())
}

/// One packet with its header, in ASCII armor.
fn packet(packet: &impl PacketTrait, kind: BlockType) -> Result<Vec<u8>, pgp::errors::Error> {
    struct Whole<'a, P>(&'a P);
    impl<P: PacketTrait> Serialize for Whole<'_, P> {
        fn to_writer<W: io::Write>(&self, writer: &mut W) -> Result<(), pgp::errors::Error> {
            self.0.to_writer_with_header(writer)
        }
        fn write_len(&self) -> usize {
            self.0.write_len_with_header()
        }
    }
    let mut armored = Vec::new();
    pgp::armor::write(&Whole(packet), kind, &mut armored, None, true)?;
    Ok(armored)
}

/// The name of a folder for a user ID: what is plain in it, and the first 8 digits of its SHA-256.
fn folder_name(id: &UserId) -> String {
    let text = String::from_utf8_lossy(id.id());
    let text = text.trim_start_matches('<').trim_end_matches('>');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.+@".contains(c);
    let plain = text.chars().map(|c| if is_plain(c) { c } else { '_' });
    let mut digits = HEXLOWER.encode(&Sha256::digest(id.id()));
    digits.truncate(8);
    format!("{}_{digits}", plain.collect::<String>())
}

/// Whether `text` can be a folder of the hierarchy: lower case as the specification has it.
fn is_part(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.+".contains(c);
    (1..=64).contains(&text.len()) && !text.starts_with('.') && text.chars().all(plain)
}
