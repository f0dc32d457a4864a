//! Requests that are ready to be sent, and the check of their answers.

use std::thread;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};
use signstar::{
    request::Sha512State,
    sign::{Certificate, Detached},
};

use crate::Failed;

/// A request, each for another file.
#[derive(Debug)]
pub(crate) struct Question {
    state: Sha512State,
    /// The request as a line.
    pub(crate) line: Vec<u8>,
}

/// So many requests. Without an id: none is answered from what is on record.
pub(crate) fn questions(count: usize) -> Result<Vec<Question>, Failed> {
    let question = |number| -> Result<Question, Failed> {
        let hasher = Sha512::new_with_prefix(format!("the content of file {number}\n"));
        let state = Sha512State::from_hasher(&hasher).map_err(|error| error.to_string())?;
        let request = json!({
            "version": "1.0.0",
            "required": {
                "input": {
                    "type": "sha2-0.11-SHA512-state",
                    "content": state.to_octets().to_vec(),
                },
                "output": { "type": "OpenPGPv4" },
            },
            "optional": {},
        });
        Ok(Question {
            state,
            line: format!("{request}\n").into_bytes(),
        })
    };
    (0..count).map(question).collect()
}

impl Question {
    /// Fails unless `answer` is a signature for this that verifies.
    pub(crate) fn check(&self, answer: &str, certificate: &Certificate) -> Result<(), Failed> {
        let parsed: Value = serde_json::from_str(answer)?;
        let signature = parsed["signature"].as_str().ok_or(answer)?;
        let signature = Detached::from_armored(signature)?;
        Ok(signature.verify(certificate, &self.state)?)
    }
}

/// Fails unless every one of `answers`, which came to the questions in turn, verifies.
pub(crate) fn check_all(
    questions: &[Question],
    answers: &[Vec<String>],
    certificate: &Certificate,
) -> Result<(), Failed> {
    let cores = thread::available_parallelism()?.get();
    let pairs: Vec<_> = answers
        .iter()
        .flat_map(|session| session.iter().zip(questions.iter().cycle()))
        .collect();
    thread::scope(|scope| {
        let checking: Vec<_> = pairs
            .chunks(pairs.len().div_ceil(cores).max(1))
            .map(|part| {
                scope.spawn(move || {
                    part.iter()
                        .try_for_each(|(answer, question)| question.check(answer, certificate))
                })
            })
            .collect();
        checking
            .into_iter()
            .try_for_each(|part| part.join().map_err(|_| "a panic")?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use signstar::request::Request;

    #[test]
    fn every_question_is_a_request_for_another_file() {
        let questions = questions(3).expect("questions");
        let digests: std::collections::BTreeSet<_> =
            questions.iter().map(|one| one.state.digest()).collect();
        assert_eq!(digests.len(), 3);
        for question in &questions {
            Request::parse(&question.line).expect("a request");
        }
    }
}
