//! One signature, asked for and checked.

use std::{path::Path, time::Duration};

use signstar::sign::Detached;
use signstar_request_signature::{Hashed, OutputType, Patience, Signature, sign};

use crate::{Enclave, Error};

/// How long trouble with the connection may last. Somebody waits for a program that waits for this.
const PATIENCE: Duration = Duration::from_secs(10);

/// Has `enclave` sign what was `hashed`, which is said to be called `name` unless that is empty,
/// and checks the signature.
pub(crate) fn ask(
    enclave: &Enclave,
    output: OutputType,
    hashed: &Hashed,
    name: &str,
) -> Result<Detached, Error> {
    let name = (!name.is_empty()).then_some(Path::new(name));
    let (ssh, trust) = (enclave.ssh()?, enclave.trust());
    match sign(output, hashed, name, ssh, trust, Patience::new(PATIENCE))? {
        Signature::OpenPgp(detached) | Signature::Text(detached) => Ok(*detached),
        Signature::Ssh(_) | Signature::Raw(_) => Err(Error::Strange),
    }
}
