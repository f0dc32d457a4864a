//! The client against a stand-in that answers, misbehaves, or is somebody else.

mod calls;
mod connections;
mod device;
mod errors;
mod fleet;
mod methods;
mod transfers;
mod trust;

use nethsm::key::{SignMode, SignRequest};
use nethsm::passphrase::{Credentials, Passphrase};

const OPERATIONAL: &str = r#"{"state":"Operational"}"#;

fn operator() -> Credentials {
    let passphrase = Passphrase::new("pass:wörd".to_owned());
    Credentials::new("operator".parse().expect("a name"), passphrase)
}

fn question() -> SignRequest {
    SignRequest {
        mode: SignMode::EdDsa,
        message: b"hello".to_vec().into(),
    }
}
