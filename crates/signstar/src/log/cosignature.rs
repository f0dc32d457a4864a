//! What a witness says of a checkpoint (C2SP `tlog-cosignature`).

/// A statement that, at some time, a tree was the largest that a witness had seen of its log, and
/// a continuation of all it had seen before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cosignature {
    /// When it was made: seconds since 1970-01-01 00:00 UTC, at most 2^63 - 1.
    pub time: u64,
    /// The signature over [`message`]: 64 octets for Ed25519, 2420 for ML-DSA-44.
    pub raw: Vec<u8>,
}

impl Cosignature {
    /// Reads the octets of a signature line behind the ID of the key.
    ///
    /// Nothing if there is no time before the signature, or one beyond 2^63 - 1.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let (time, raw) = octets.split_first_chunk::<8>()?;
        let time = u64::from_be_bytes(*time);
        let raw = raw.to_vec();
        (time <= i64::MAX.cast_unsigned()).then_some(Self { time, raw })
    }

    /// The octets of a signature line behind the ID of the key.
    pub fn to_octets(&self) -> Vec<u8> {
        [&self.time.to_be_bytes(), &*self.raw].concat()
    }
}

/// What a witness signs with Ed25519: `text` is that of the checkpoint, `time` in seconds since
/// 1970-01-01 00:00 UTC.
pub fn message(text: &str, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}
