//! What is on record of one signature.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{MAX_ENTRY_OCTETS, RecordedName, spelling};
use crate::{
    config::{ClientName, KeyName, Mechanism},
    policy::Grant,
    request::{AllegedName, Digest, FileDigest, OutputType, RequestId},
    sign::{
        Certificate, Detached, DoesNotVerify, Facts, Product, PublicKey, RawSignature, Signed,
        SshSignature,
    },
};

/// The version of the entries that are read and written.
const VERSION: u64 = 1;
/// Files are shorter than this (`spec/README.md`).
const TOO_LONG: u64 = 1 << 50;

/// Octets that are not an entry, or a signature that cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEntry {
    /// More than 65,535 octets.
    #[error("the entry has more than 65535 octets")]
    TooLong,
    /// Not a JSON object with the members of an entry.
    #[error("not an entry as the specification has it")]
    Malformed(#[from] serde_json::Error),
    /// A version that is not known.
    #[error("entries of version {0} are not understood")]
    Version(u64),
    /// A member has a value that it cannot have.
    #[error("`{0}` of the entry has an impossible value")]
    Value(&'static str),
    /// The same can be said in a canonical way, and was not.
    #[error("the entry is not in its canonical form")]
    NotCanonical,
    /// The signature cannot be written as a packet.
    #[error("the signature cannot be written")]
    Signature(#[source] pgp::errors::Error),
}

/// One signature: who had it made, over what, when, with which key; and the signature itself.
///
/// One entry has one spelling (`spec/log.md`, "Entries").
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    document: Document,
    signature: Vec<u8>,
    hsm_input: Vec<u8>,
    output: OutputType,
    digest: FileDigest,
    name: RecordedName,
}

/// The members, in the order in which they are written: that of their names.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    client: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_name_commitment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_salted_sha512: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_sha512: Option<String>,
    hsm_input: String,
    issuer: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mechanism: Option<Mechanism>,
    output: OutputType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    signature: String,
    time: u64,
    version: u64,
}

/// The one member that every version has, so that a version from the future is named as such.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

impl Entry {
    /// Puts `signed` on record, which was made now: under the name `client`, which is the client
    /// or its pseudonym, with as much of the name of the file as `name` tells, and with the id of
    /// the request if it has one.
    ///
    /// Fails for a salt, which signs nothing, and for what was on record before.
    pub fn new(
        signed: &Signed,
        client: &ClientName,
        name: &RecordedName,
    ) -> Result<Self, InvalidEntry> {
        let bad = InvalidEntry::Value;
        let signature = (signed.product().to_record()).map_err(InvalidEntry::Signature)?;
        let signature = signature.ok_or(bad("signature"))?;
        let evidence = signed.evidence().ok_or(bad("hsm-input"))?;
        let (grant, request) = (signed.grant(), signed.grant().request());
        let since = grant.at().duration_since(SystemTime::UNIX_EPOCH);
        let time = since.map_err(|_| bad("time"))?.as_secs();
        let digest = request.file_digest().ok_or(bad("file-sha512"))?;
        let (mut salted, mut sha256, mut sha512) = (None, None, None);
        match digest {
            FileDigest::Salted(digest) => salted = Some(hex::encode(digest)),
            FileDigest::Plain(Digest::Sha256(digest)) => sha256 = Some(hex::encode(digest)),
            FileDigest::Plain(Digest::Sha512(digest)) => sha512 = Some(hex::encode(digest)),
        }
        let document = Document {
            client: client.to_string(),
            file_length: request.file_length(),
            file_name: name.plain().map(|name| name.as_str().to_owned()),
            file_name_commitment: name.commitment().map(hex::encode),
            file_salted_sha512: salted,
            file_sha256: sha256,
            file_sha512: sha512,
            hsm_input: BASE64_STANDARD.encode(evidence.message.as_octets()),
            issuer: evidence.issuer.clone(),
            key: grant.key().to_string(),
            mechanism: evidence.mechanism,
            output: request.output().kind(),
            request_id: request.id().map(|id| id.as_str().to_owned()),
            signature: BASE64_STANDARD.encode(signature),
            time,
            version: VERSION,
        };
        let entry = Self::try_from(document)?;
        if entry.to_octets().len() > MAX_ENTRY_OCTETS {
            return Err(InvalidEntry::TooLong);
        }
        Ok(entry)
    }

    /// Reads an entry. Accepts only the canonical form, which [`Entry::to_octets`] writes.
    pub fn parse(octets: &[u8]) -> Result<Self, InvalidEntry> {
        if octets.len() > MAX_ENTRY_OCTETS {
            return Err(InvalidEntry::TooLong);
        }
        match spelling::read::<Document>(octets) {
            Some(document) if document.version == VERSION => Self::try_from(document),
            _ => Self::parse_slowly(octets),
        }
    }

    /// The same, with a reader that can say why not, and by writing the entry again.
    fn parse_slowly(octets: &[u8]) -> Result<Self, InvalidEntry> {
        let Versioned { version } = serde_json::from_slice(octets)?;
        if version != VERSION {
            return Err(InvalidEntry::Version(version));
        }
        let entry = Self::try_from(serde_json::from_slice::<Document>(octets)?)?;
        if entry.to_octets() == octets {
            Ok(entry)
        } else {
            Err(InvalidEntry::NotCanonical)
        }
    }

    /// The octets that are hashed and stored: JSON on one line without a line feed.
    pub fn to_octets(&self) -> Vec<u8> {
        crate::json::line(&self.document).into_bytes()
    }

    /// Who had the signature made, by name or pseudonym.
    pub fn client(&self) -> &str {
        &self.document.client
    }

    /// The label of the key.
    pub fn key(&self) -> &str {
        &self.document.key
    }

    /// The kind of the signature.
    pub fn output(&self) -> OutputType {
        self.output
    }

    /// The fingerprint of the key in hexadecimal digits in lower case: that of OpenPGP, 40 digits
    /// in version 4 and 64 in version 6; for other signatures that of the
    /// [public key](PublicKey::fingerprint), 64.
    pub fn issuer(&self) -> &str {
        &self.document.issuer
    }

    /// What is known of the file.
    pub fn digest(&self) -> &FileDigest {
        &self.digest
    }

    /// The SHA-512 of the file, where it is known.
    pub fn sha512(&self) -> Option<&[u8; 64]> {
        match &self.digest {
            FileDigest::Plain(Digest::Sha512(digest)) => Some(digest),
            _ => None,
        }
    }

    /// How a raw signature was made.
    pub fn mechanism(&self) -> Option<Mechanism> {
        self.document.mechanism
    }

    /// The octets of the file, where the enclave knew.
    pub fn length(&self) -> Option<u64> {
        self.document.file_length
    }

    /// What is on record of the name of the file, as its client alleged it.
    pub fn name(&self) -> &RecordedName {
        &self.name
    }

    /// The id of the request, if it had one.
    pub fn request_id(&self) -> Option<&str> {
        self.document.request_id.as_deref()
    }

    /// When the signature was granted, in seconds since 1970-01-01 00:00 UTC.
    pub fn time(&self) -> u64 {
        self.document.time
    }

    /// The signature as it goes on record: an OpenPGP packet with an empty unhashed area, an SSH
    /// signature without its armor, a raw signature as it is.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What the HSM was given to sign, as in [`Message`](crate::sign::Message).
    pub fn hsm_input(&self) -> &[u8] {
        &self.hsm_input
    }

    /// Whether this is on record of a request which is that of `grant`: under the same id, for the
    /// same signature over the same file. Whose it is, [`Entry::is_called`] tells.
    pub(crate) fn answers(&self, grant: &Grant) -> bool {
        let request = grant.request();
        self.request_id() == request.id().map(RequestId::as_str)
            && self.key() == grant.key().as_str()
            && self.output == request.output().kind()
            && request.file_digest() == Some(self.digest)
    }

    /// Whether this is on record under this id for `client`, which is a name or a pseudonym.
    pub(crate) fn is_called(&self, client: &ClientName, id: Option<&RequestId>) -> bool {
        let id = id.map(RequestId::as_str);
        id.is_some() && self.request_id() == id && self.client() == client.as_str()
    }

    /// Whether `detached` is the signature on record, whatever its unhashed area holds.
    pub fn is_of(&self, detached: &Detached) -> bool {
        let bare = detached.bare().and_then(|bare| bare.to_octets());
        bare.is_ok_and(|octets| octets == self.signature)
    }

    /// Whether `product` is the signature on record.
    pub fn is_of_product(&self, product: &Product) -> bool {
        let record = product.to_record().ok().flatten();
        record.is_some_and(|octets| octets == self.signature)
    }

    /// Checks what can be told without a certificate and without a public key: that the signature
    /// is of the kind, key and time on record, states no other digest, and was made of these
    /// octets for the HSM. An SSH signature contains its key, so it is verified.
    ///
    /// For the others this catches mistakes, not forgers.
    pub fn check(&self) -> Result<(), DoesNotVerify> {
        let facts = self.facts();
        match self.output {
            OutputType::OpenPgpV4 | OutputType::OpenPgpV4Text | OutputType::OpenPgpV6 => {
                self.open_pgp()?.check_facts(&facts).map(drop)
            }
            OutputType::Ssh => self.ssh()?.check_facts(&facts),
            OutputType::Raw => RawSignature::from_octets(&self.signature)?.check_facts(&facts),
        }
    }

    /// Checks the same of an OpenPGP signature, and that a key of `certificate` made it over these
    /// octets.
    ///
    /// That these octets follow from the file and from the hashed area of the packet can be told
    /// only by those who have the file ([`Detached::verify`]).
    pub fn verify(&self, certificate: &Certificate) -> Result<(), DoesNotVerify> {
        match self.output {
            OutputType::OpenPgpV4 | OutputType::OpenPgpV4Text | OutputType::OpenPgpV6 => {
                self.open_pgp()?.verify_facts(&self.facts(), certificate)
            }
            OutputType::Ssh | OutputType::Raw => Err(DoesNotVerify::Unsupported),
        }
    }

    /// Checks that the private half of `key` made the SSH or raw signature over the file with the
    /// digest on record.
    pub fn verify_with_key(&self, key: &PublicKey) -> Result<(), DoesNotVerify> {
        match self.output {
            OutputType::OpenPgpV4 | OutputType::OpenPgpV4Text | OutputType::OpenPgpV6 => {
                Err(DoesNotVerify::Unsupported)
            }
            OutputType::Ssh => {
                let signature = self.ssh()?;
                if signature.key() != key {
                    return Err(DoesNotVerify::OtherKey(signature.key().to_openssh()));
                }
                signature.check_facts(&self.facts())
            }
            OutputType::Raw => {
                RawSignature::from_octets(&self.signature)?.verify_facts(&self.facts(), key)
            }
        }
    }

    fn open_pgp(&self) -> Result<Detached, DoesNotVerify> {
        let detached = Detached::from_octets(&self.signature)?;
        if self.is_of(&detached) {
            Ok(detached)
        } else {
            Err(not_as_recorded())
        }
    }

    fn ssh(&self) -> Result<SshSignature, DoesNotVerify> {
        let signature = SshSignature::from_octets(&self.signature)?;
        if signature.to_octets() == self.signature {
            Ok(signature)
        } else {
            Err(not_as_recorded())
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            issuer: self.issuer(),
            created: SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.time())),
            digest: &self.digest,
            hsm_input: &self.hsm_input,
            mechanism: self.document.mechanism,
            document: self.output.document(),
        }
    }
}

impl TryFrom<Document> for Entry {
    type Error = InvalidEntry;

    fn try_from(document: Document) -> Result<Self, InvalidEntry> {
        let Document {
            client,
            file_length,
            file_name,
            file_name_commitment,
            file_salted_sha512,
            file_sha256,
            file_sha512,
            hsm_input,
            issuer,
            key,
            mechanism,
            output,
            request_id,
            signature,
            time: _,
            version: _,
        } = &document;
        let bad = InvalidEntry::Value;
        ClientName::new(client).map_err(|_| bad("client"))?;
        KeyName::new(key).map_err(|_| bad("key"))?;
        if file_length.is_some_and(|length| length >= TOO_LONG) {
            return Err(bad("file-length"));
        }
        if let Some(id) = request_id {
            RequestId::new(id).ok_or(bad("request-id"))?;
        }
        let issued = match output {
            OutputType::OpenPgpV4 | OutputType::OpenPgpV4Text => digits::<20>(issuer).is_some(),
            _ => digits::<32>(issuer).is_some(),
        };
        if !issued {
            return Err(bad("issuer"));
        }
        if mechanism.is_some() != (*output == OutputType::Raw) {
            return Err(bad("mechanism"));
        }
        let digest = match (output, file_salted_sha512, file_sha256, file_sha512) {
            (OutputType::OpenPgpV6, Some(salted), None, None) => digits(salted)
                .map(FileDigest::Salted)
                .ok_or(bad("file-salted-sha512"))?,
            (OutputType::Ssh | OutputType::Raw, None, Some(sha256), None) => digits(sha256)
                .map(|digest| FileDigest::Plain(Digest::Sha256(digest)))
                .ok_or(bad("file-sha256"))?,
            (OutputType::OpenPgpV6, ..) => return Err(bad("file-salted-sha512")),
            (_, None, None, Some(sha512)) => digits(sha512)
                .map(|digest| FileDigest::Plain(Digest::Sha512(digest)))
                .ok_or(bad("file-sha512"))?,
            _ => return Err(bad("file-sha512")),
        };
        let name = match (file_name, file_name_commitment) {
            (None, None) => RecordedName::Absent,
            (Some(name), None) => AllegedName::new(name)
                .map(RecordedName::Plain)
                .ok_or(bad("file-name"))?,
            (None, Some(commitment)) => digits(commitment)
                .map(RecordedName::Commitment)
                .ok_or(bad("file-name-commitment"))?,
            (Some(_), Some(_)) => return Err(bad("file-name")),
        };
        let octets = |base64: &str| BASE64_STANDARD.decode(base64).ok();
        Ok(Self {
            output: *output,
            digest,
            hsm_input: octets(hsm_input).ok_or(bad("hsm-input"))?,
            signature: octets(signature).ok_or(bad("signature"))?,
            name,
            document,
        })
    }
}

fn not_as_recorded() -> DoesNotVerify {
    DoesNotVerify::Malformed("not in the form that is put on record".to_owned())
}

/// `N` octets from hexadecimal digits in lower case.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut octets = [0; N];
    let is_low = !text.bytes().any(|octet| octet.is_ascii_uppercase());
    hex::decode_to_slice(text, &mut octets).ok()?;
    is_low.then_some(octets)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_entry_is_read_in_one_pass_and_nothing_else_is() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/log.json");
        let octets = std::fs::read(path).expect("the vectors");
        let vectors: Vec<Value> = serde_json::from_slice(&octets).expect("JSON");
        let mut entries = 0;
        for vector in vectors.iter().filter(|vector| vector["kind"] == "entry") {
            let octets = match (vector["octets"].as_str(), vector["octets_base64"].as_str()) {
                (Some(text), _) => text.as_bytes().to_vec(),
                (None, base64) => BASE64_STANDARD
                    .decode(base64.expect("octets"))
                    .expect("base64"),
            };
            let quickly = spelling::read::<Document>(&octets)
                .filter(|document| document.version == VERSION)
                .and_then(|document| Entry::try_from(document).ok())
                .filter(|_| octets.len() <= MAX_ENTRY_OCTETS);
            assert_eq!(quickly, Entry::parse_slowly(&octets).ok(), "{vector}");
            entries += usize::from(quickly.is_some());
        }
        assert!(entries > 0);
    }
}
