//! Base64 as the device reads and writes it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// RFC 4648 with padding; non-zero trailing bits are let through, as on the device.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Standard base64 with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Reads standard base64; the URL alphabet and missing padding are refused.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_the_device_reads_it() {
        assert_eq!(decode("YQ==").as_deref(), Some(b"a".as_slice()));
        assert_eq!(
            decode("YR==").as_deref(),
            Some(b"a".as_slice()),
            "trailing bits"
        );
        assert_eq!(decode("YQ"), None);
        assert_eq!(decode("-_-_"), None);
    }
}
