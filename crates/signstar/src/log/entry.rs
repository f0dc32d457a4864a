//! What is on record of one signature.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{
    MAX_ENTRY_OCTETS,
    recorded::{RecordedName, RequestId},
};
use crate::{
    config::{ClientName, KeyName},
    request::{AllegedName, OutputType},
    sign::{Certificate, Detached, DoesNotVerify, Facts, Signed},
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
    sha512: [u8; 64],
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
    file_sha512: String,
    hsm_input: String,
    issuer: String,
    key: String,
    output: String,
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
    /// Puts `signed` on record: under the name `client`, which is the client or its pseudonym,
    /// with as much of the name of the file as `name` tells, and with the id of the request if it
    /// has one.
    pub fn new(
        signed: &Signed,
        client: &ClientName,
        name: &RecordedName,
        request_id: Option<&RequestId>,
    ) -> Result<Self, InvalidEntry> {
        let bare = signed.detached().bare();
        let signature = bare.and_then(|bare| bare.to_octets());
        let signature = signature.map_err(InvalidEntry::Signature)?;
        let input = signed.grant().request().input();
        let since = signed.grant().at().duration_since(SystemTime::UNIX_EPOCH);
        let time = since.map_err(|_| InvalidEntry::Value("time"))?.as_secs();
        let [issuer] = &signed.detached().issuers()[..] else {
            return Err(InvalidEntry::Value("issuer"));
        };
        let document = Document {
            client: client.to_string(),
            file_length: Some(input.length()),
            file_name: name.plain().map(|name| name.as_str().to_owned()),
            file_name_commitment: name.commitment().map(hex::encode),
            file_sha512: hex::encode(input.digest()),
            hsm_input: BASE64_STANDARD.encode(signed.message().as_octets()),
            issuer: issuer.clone(),
            key: signed.grant().key().to_string(),
            output: signed.grant().request().output().as_str().to_owned(),
            request_id: request_id.map(|id| id.as_str().to_owned()),
            signature: BASE64_STANDARD.encode(signature),
            time,
            version: VERSION,
        };
        Self::try_from(document)
    }

    /// Reads an entry. Accepts only the canonical form, which [`Entry::to_octets`] writes.
    pub fn parse(octets: &[u8]) -> Result<Self, InvalidEntry> {
        if octets.len() > MAX_ENTRY_OCTETS {
            return Err(InvalidEntry::TooLong);
        }
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

    /// The fingerprint of the key, 40 hexadecimal digits in lower case.
    pub fn issuer(&self) -> &str {
        &self.document.issuer
    }

    /// The SHA-512 of the file.
    pub fn sha512(&self) -> &[u8; 64] {
        &self.sha512
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

    /// The signature packet with an empty unhashed area.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What the HSM was given to sign, as in [`Message`](crate::sign::Message).
    pub fn hsm_input(&self) -> &[u8] {
        &self.hsm_input
    }

    /// Whether `detached` is the signature on record, whatever its unhashed area holds.
    pub fn is_of(&self, detached: &Detached) -> bool {
        let bare = detached.bare().and_then(|bare| bare.to_octets());
        bare.is_ok_and(|octets| octets == self.signature)
    }

    /// Checks what can be told without a certificate: that the packet is a signature of the kind,
    /// key and time on record, states no other digest, and was made of these octets for the HSM.
    ///
    /// This catches mistakes, not forgers.
    pub fn check(&self) -> Result<(), DoesNotVerify> {
        self.recorded()?.check_facts(&self.facts()).map(drop)
    }

    /// Checks the same, and that a key of `certificate` made the signature over these octets.
    ///
    /// That these octets follow from the file and from the hashed area of the packet can be told
    /// only by those who have the file ([`Detached::verify`]).
    pub fn verify(&self, certificate: &Certificate) -> Result<(), DoesNotVerify> {
        self.recorded()?.verify_facts(&self.facts(), certificate)
    }

    fn recorded(&self) -> Result<Detached, DoesNotVerify> {
        let detached = Detached::from_octets(&self.signature)?;
        if self.is_of(&detached) {
            Ok(detached)
        } else {
            let reason = "not in the form that is put on record".to_owned();
            Err(DoesNotVerify::Malformed(reason))
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            issuer: self.issuer(),
            created: SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.time())),
            sha512: &self.sha512,
            hsm_input: &self.hsm_input,
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
            file_sha512,
            hsm_input,
            issuer,
            key,
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
        if output != OutputType::OpenPgpV4.as_str() {
            return Err(bad("output"));
        }
        if let Some(id) = request_id {
            RequestId::new(id).ok_or(bad("request-id"))?;
        }
        digits::<20>(issuer).ok_or(bad("issuer"))?;
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
        let entry = Self {
            sha512: digits(file_sha512).ok_or(bad("file-sha512"))?,
            hsm_input: octets(hsm_input).ok_or(bad("hsm-input"))?,
            signature: octets(signature).ok_or(bad("signature"))?,
            name,
            document,
        };
        if entry.to_octets().len() > MAX_ENTRY_OCTETS {
            return Err(InvalidEntry::TooLong);
        }
        Ok(entry)
    }
}

/// `N` octets from hexadecimal digits in lower case.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let octets = hex::decode(text).ok()?.try_into().ok()?;
    (hex::encode(octets) == text).then_some(octets)
}
