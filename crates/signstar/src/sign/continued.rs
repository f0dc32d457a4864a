//! The client's SHA-512, continued by an OpenPGP library of another generation of traits.

use digest_0_10::{DynDigest, InvalidBufferSize};
use sha2::{Digest as _, Sha512};

use crate::request::Sha512State;

/// A SHA-512 that begins where a file ends.
#[derive(Clone)]
pub(super) struct Continued {
    hasher: Sha512,
    start: Sha512State,
}

impl Continued {
    pub(super) fn new(start: &Sha512State) -> Self {
        Self {
            hasher: start.to_hasher(),
            start: start.clone(),
        }
    }
}

impl DynDigest for Continued {
    fn update(&mut self, data: &[u8]) {
        self.hasher.update(data);
    }

    fn finalize_into(mut self, buffer: &mut [u8]) -> Result<(), InvalidBufferSize> {
        self.finalize_into_reset(buffer)
    }

    fn finalize_into_reset(&mut self, buffer: &mut [u8]) -> Result<(), InvalidBufferSize> {
        if buffer.len() != self.output_size() {
            return Err(InvalidBufferSize);
        }
        buffer.copy_from_slice(&self.hasher.clone().finalize());
        self.reset();
        Ok(())
    }

    fn reset(&mut self) {
        self.hasher = self.start.to_hasher();
    }

    fn output_size(&self) -> usize {
        Sha512::output_size()
    }

    fn box_clone(&self) -> Box<dyn DynDigest> {
        Box::new(self.clone())
    }
}
