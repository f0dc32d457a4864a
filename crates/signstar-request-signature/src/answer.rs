//! A signature taken out of an answer, if there is one and it holds.

use std::path::Path;

use signstar::{
    request::OutputType,
    response::{Answer, InvalidResponse},
    sign::DoesNotVerify,
};

use crate::{Error, Hashed, NotInLog, Signature, Trust};

/// The most that is repeated of what the other side says, in characters.
const MAX_MESSAGE: usize = 500;

/// The signature that `answer` brings over what was `hashed`, which errors call `path`; where
/// logs count, with the proof that it is in one. Where nothing was hashed yet, there is none.
pub(crate) fn accept(
    output: OutputType,
    trust: &Trust,
    hashed: Option<&Hashed>,
    path: &Path,
    answer: Result<Answer, InvalidResponse>,
) -> Result<(Signature, Option<String>), Error> {
    let path = || path.to_owned();
    let answer = answer.map_err(|source| Error::NotAResponse {
        path: path(),
        source,
    })?;
    let (text, proof) = match answer {
        Answer::Signature { text, log, .. } => (text, log),
        Answer::Salt { .. } | Answer::Progress { .. } => {
            return Err(Error::DoesNotVerify {
                path: path(),
                source: DoesNotVerify::Malformed("not a signature at all".to_owned()),
            });
        }
        Answer::Refusal {
            code,
            message,
            retry,
            ..
        } => {
            return Err(Error::Refused {
                path: path(),
                code: shortened(&code),
                message: shortened(&message),
                retry,
            });
        }
    };
    let does_not_verify = |source| Error::DoesNotVerify {
        path: path(),
        source,
    };
    let hashed = hashed
        .ok_or_else(|| does_not_verify(DoesNotVerify::Malformed("it is for no salt".to_owned())))?;
    let signature = Signature::from_text(output, &text).map_err(does_not_verify)?;
    trust.check(&signature, hashed).map_err(does_not_verify)?;
    let proof = match trust.logs() {
        Some(logs) => {
            let checked = match &proof {
                Some(proof) => logs.check(proof, &signature, hashed).map(drop),
                None => Err(NotInLog::NoProof),
            };
            checked.map_err(|source| Error::NotInLog {
                path: path(),
                source,
            })?;
            proof
        }
        None => None,
    };
    Ok((signature, proof))
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_MESSAGE).collect()
}
