//! Requests made elsewhere, passed on as they are.

use std::{
    io::{BufReader, Read},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use signstar::{
    refusal::Code,
    request::{Octets, Stream},
    response::Answer,
};

use crate::{
    Error, Ssh,
    session::{Question, Session},
};

/// The most requests that wait to be sent.
const QUEUE: usize = 64;

/// Sends the JSON values that `requests` gives to an enclave and hands each response to `answer`
/// as one line without a line feed, in the same order.
///
/// The signatures are not verified, as nothing is known about what they are for. Returns the exit
/// status by outcome: 0 all signed, else the highest of 3 refused, 4 HSM unavailable, 5 not a
/// response. Fails if `answer` does, if the connection breaks, or if the input is not JSON; then
/// what came before is still sent and answered.
///
/// `requests` is read on a thread of its own, which lasts until its next value after the end.
pub fn forward(
    requests: impl Read + Send + 'static,
    ssh: &Ssh,
    mut answer: impl FnMut(&str) -> Result<(), Error>,
) -> Result<u8, Error> {
    let (ask, questions) = sync_channel(QUEUE);
    let reading = thread::spawn(move || read(requests, &ask));
    let mut worst = 0;
    if let Ok(first) = questions.recv() {
        let (connection, to, from) = ssh.connect()?;
        let mut session = Session::begin(from, to, first, questions);
        for next in &mut session {
            match next {
                Ok(((), octets)) => {
                    answer(&line(&octets))?;
                    worst = worst.max(status(&octets));
                }
                Err(broken) => return Err(connection.explain(&broken)),
            }
        }
        connection.end();
    }
    // The input is at its end: the session has had the last request.
    match reading.join() {
        Ok(outcome) => outcome.map(|()| worst),
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

/// Cuts the input into requests.
fn read(requests: impl Read, ask: &SyncSender<Question<()>>) -> Result<(), Error> {
    let mut is_empty = true;
    for octets in Stream::new(BufReader::new(requests)) {
        let octets = octets.map_err(|error| Error::Input(error.to_string()))?;
        is_empty = false;
        let question = Question {
            about: (),
            json: line(&octets),
        };
        if ask.send(question).is_err() {
            return Ok(());
        }
    }
    if is_empty {
        return Err(Error::Input("it is empty".to_owned()));
    }
    Ok(())
}

/// One JSON value on one line that can be shown. Outside of strings a control character is white
/// space, and inside of them only some can stand as such (RFC 8259 §2 and §7).
fn line(octets: &Octets) -> String {
    let text = String::from_utf8_lossy(octets.as_slice());
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => line.push(' '),
            c if c.is_control() => line.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => line.push(c),
        }
    }
    line
}

fn status(octets: &Octets) -> u8 {
    match Answer::parse(octets.as_slice()) {
        Ok(Answer::Signature { .. } | Answer::Salt { .. } | Answer::Progress { .. }) => 0,
        Ok(Answer::Refusal { code, .. }) => Code::from_name(&code).map_or(3, Code::exit_status),
        Err(_) => 5,
    }
}
