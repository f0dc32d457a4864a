//! One signature, asked for and checked.

use std::{
    sync::mpsc::sync_channel,
    time::{SystemTime, UNIX_EPOCH},
};

use signstar::{
    request::{AllegedName, Output, Request, Sha512State},
    response::Answer,
    sign::{Detached, Document},
};
use signstar_request_signature::{Broken, Error as ClientError, Question, Session, Trust};

use crate::{Enclave, Error};

/// The most that is repeated of what the other side says, in characters.
const MAX_MESSAGE: usize = 500;

/// Has `enclave` sign the document behind `state`, which is said to be called `name`, and checks
/// the signature.
pub(crate) fn ask(
    enclave: &Enclave,
    state: &Sha512State,
    document: Document,
    name: &str,
) -> Result<Detached, Error> {
    let json = request(state, document, AllegedName::new(name))?;
    let (connection, to, from) = enclave.ssh()?.connect()?;
    let (_, no_more) = sync_channel(0);
    let question = Question { about: (), json };
    let octets = match Session::begin(from, to, question, no_more).next() {
        Some(Ok(((), octets))) => octets,
        Some(Err(broken)) => return Err(connection.explain(&broken).into()),
        None => return Err(connection.explain(&Broken::Closed).into()),
    };
    connection.end();
    let path = || name.into();
    let answer = Answer::parse(octets.as_slice()).map_err(|source| ClientError::NotAResponse {
        path: path(),
        source,
    })?;
    let armored = match answer {
        Answer::Signature { text, .. } => text,
        Answer::Salt { .. } | Answer::Progress { .. } => {
            return Err(ClientError::NotAnEnclave("no signature was answered".to_owned()).into());
        }
        Answer::Refusal {
            code,
            message,
            retry,
            ..
        } => {
            let shortened = |text: String| text.chars().take(MAX_MESSAGE).collect();
            return Err(Error::Client(ClientError::Refused {
                path: path(),
                code: shortened(code),
                message: shortened(message),
                retry,
            }));
        }
    };
    let does_not_verify = |source| ClientError::DoesNotVerify {
        path: path(),
        source,
    };
    let signature = Detached::from_armored(&armored).map_err(does_not_verify)?;
    let Trust::Certificate(certificate) = enclave.trust() else {
        return Err(Error::Client(ClientError::NoCertificate));
    };
    signature
        .verify_as(document, certificate, state)
        .map_err(does_not_verify)?;
    Ok(signature)
}

fn request(
    state: &Sha512State,
    document: Document,
    name: Option<AllegedName>,
) -> Result<String, Error> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let output = match document {
        Document::Binary => Output::OpenPgpV4,
        Document::Text => Output::OpenPgpV4Text,
    };
    let request = Request::new(state.clone(), output, name).map_err(|_| Error::Strange)?;
    Ok(request.to_json(now))
}
