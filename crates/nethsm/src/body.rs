//! What is sent and answered, as bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// How the bytes of a question or an answer are to be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// No bytes at all.
    None,
    /// One JSON value, compact, UTF-8.
    Json,
    /// Any bytes.
    Octets,
    /// PEM text.
    Pem,
    /// Two parts, see [`multipart`](crate::multipart).
    Multipart,
}

impl Kind {
    /// The media type of such a body, without parameters; nothing when there is no body.
    pub const fn media_type(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Json => Some("application/json"),
            Self::Octets => Some("application/octet-stream"),
            Self::Pem => Some("application/x-pem-file"),
            Self::Multipart => Some("multipart/form-data"),
        }
    }
}

pub(crate) const MIB: u64 = 1 << 20;

/// The most bytes of a question with a message to be signed, encrypted or decrypted.
pub(crate) const MESSAGE: Option<u64> = Some(67 * MIB);

/// A question or an answer that can travel.
pub trait Body: Sized {
    /// How its bytes are to be read.
    const KIND: Kind;

    /// The most bytes. The device answers 413 to questions that announce more; nothing means
    /// that it takes any number.
    const MOST: Option<u64> = Some(MIB);

    /// The bytes for the wire, erased when dropped, because questions carry passphrases.
    ///
    /// # Errors
    ///
    /// [`BadBody`] when the value has no form on the wire.
    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, BadBody>;

    /// Reads the bytes of one body, all of them.
    ///
    /// # Errors
    ///
    /// [`BadBody`] on anything but exactly one value, trailing bytes included.
    fn from_bytes(bytes: &[u8]) -> Result<Self, BadBody>;
}

/// The bytes of a body are not what the call asks for.
#[derive(Debug, thiserror::Error)]
pub enum BadBody {
    /// Not the JSON of this call. Shows the place only; the source may quote what was read,
    /// so where questions are read, which hold passphrases, it is not for the journal.
    #[error("not the expected JSON (line {}, column {})", .0.line(), .0.column())]
    Json(#[from] serde_json::Error),
    /// Not UTF-8.
    #[error("not UTF-8 text")]
    Text(#[from] std::str::Utf8Error),
    /// Not the two parts of this call.
    #[error(transparent)]
    Multipart(#[from] crate::multipart::BadMultipart),
}

/// A spelling that names no value of an enumeration of the API.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no {of} of that name")]
pub struct UnknownName {
    /// The enumeration, for instance `KeyType`.
    pub of: &'static str,
}

/// Nothing is sent, or whatever is answered does not matter.
impl Body for () {
    const KIND: Kind = Kind::None;

    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, BadBody> {
        Ok(Zeroizing::default())
    }

    fn from_bytes(_: &[u8]) -> Result<Self, BadBody> {
        Ok(())
    }
}

/// A body of any bytes, such as the certificate of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binary(pub Vec<u8>);

impl Body for Binary {
    const KIND: Kind = Kind::Octets;

    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, BadBody> {
        Ok(Zeroizing::new(self.0.clone()))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, BadBody> {
        Ok(Self(bytes.to_vec()))
    }
}

/// A body of PEM text (RFC 7468). Only its being UTF-8 has been checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pem(pub String);

impl Body for Pem {
    const KIND: Kind = Kind::Pem;

    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, BadBody> {
        Ok(Zeroizing::new(self.0.clone().into_bytes()))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, BadBody> {
        Ok(Self(std::str::from_utf8(bytes)?.to_owned()))
    }
}

/// Makes serde types bodies of kind [`Kind::Json`], `up to` so many bytes.
macro_rules! json {
    ($($name:ty),+ $(,)?) => {
        $crate::body::json! { up to (Some($crate::body::MIB)): $($name),+ }
    };
    (up to ($most:expr): $($name:ty),+ $(,)?) => { $(
        impl $crate::body::Body for $name {
            const KIND: $crate::body::Kind = $crate::body::Kind::Json;
            const MOST: Option<u64> = $most;

            fn to_bytes(&self) -> Result<zeroize::Zeroizing<Vec<u8>>, $crate::body::BadBody> {
                $crate::body::write(self)
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::body::BadBody> {
                $crate::body::read(bytes)
            }
        }
    )+ };
}

pub(crate) use json;

/// Larger than any question with a passphrase: growing would leave copies of it behind.
const ROOM: usize = 4096;

pub(crate) fn write(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, BadBody> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *bytes, value)?;
    Ok(bytes)
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadBody> {
    Ok(serde_json::from_slice(bytes)?)
}

/// What the device answers with most refusals: `{"message": "..."}`.
///
/// Not with all: 401, role-based 403, 405, 406, 413, 414, 415 and 501 have no body.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Refusal {
    /// For people. May be empty.
    #[serde(default)]
    pub message: String,
}

json!(Refusal);
