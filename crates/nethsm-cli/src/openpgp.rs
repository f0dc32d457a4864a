//! OpenPGP certificates and signatures with keys of the device.

mod certificate;
mod import;
mod sign;

use crate::noun::noun;

use self::certificate::Certificate;
use self::import::Import;
use self::sign::{Sign, SignState};

noun! {
    /// OpenPGP certificates and signatures with keys of the device.
    Openpgp {
        /// Sign a file: FILE.sig beside it.
        Sign: [GetCertificate, Sign],
        /// Sign what stands in a request of `signstar-request-signature prepare`.
        SignState: [GetCertificate, Sign],
        /// Move a secret key from a file into the device, with its certificate.
        Import: [PutKey, GetKey, Sign, PutCertificate],
    } holding {
        /// The OpenPGP certificate of a key, in its certificate slot.
        Certificate,
    }
}
