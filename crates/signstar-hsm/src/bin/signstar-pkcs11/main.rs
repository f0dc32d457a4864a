//! The program `signstar-pkcs11`: the one process in which the module of a token runs.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod failed;
mod keeping;
mod keys;
mod making;
mod signing;
mod token;

use std::{
    io::{self, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{fs::FileTypeExt, net::UnixStream},
    },
    process::ExitCode,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use nix::sys::{
    prctl,
    signal::{Signal, raise},
};
use signstar_hsm::pkcs11::{
    Failure,
    wire::{self, Answer, Question},
};
use zeroize::Zeroizing;

use crate::{failed::Failed, token::Session};

/// How long a module may take to end when nobody asks any more.
const FAREWELL: Duration = Duration::from_secs(1);

/// Answers the process at the other end of the socket that is the standard input, until that ends or
/// something goes wrong.
fn main() -> ExitCode {
    let Some(stream) = stream() else {
        // There is nobody left to tell if this fails.
        let _ = writeln!(
            io::stderr(),
            "error: signstar-pkcs11 is started by other programs of Signstar, not by hand\n\
             hint: declare an HSM with kind = \"pkcs11\" (spec/configuration.md)"
        );
        return ExitCode::from(2);
    };
    match run(&stream) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn stream() -> Option<UnixStream> {
    let input = io::stdin().as_fd().try_clone_to_owned().ok()?;
    let file = std::fs::File::from(input);
    let is_socket = file.metadata().ok()?.file_type().is_socket();
    is_socket.then(|| UnixStream::from(OwnedFd::from(file)))
}

fn run(stream: &UnixStream) -> io::Result<()> {
    // The PIN passes through here: no core files, and no debuggers of the same user.
    prctl::set_dumpable(false)?;
    let (sender, questions) = sync_channel(1);
    let input = stream.try_clone()?;
    thread::Builder::new()
        .name("questions".to_owned())
        .spawn(move || listen(input, sender))?;
    answer(stream, &questions)
}

/// Takes the questions off the stream. When it ends, so does this process, whatever the module does.
fn listen(mut input: UnixStream, sender: SyncSender<Zeroizing<Vec<u8>>>) {
    while let Ok(Some(body)) = wire::receive(&mut input) {
        if sender.send(body).is_err() {
            break;
        }
    }
    drop(sender);
    thread::sleep(FAREWELL);
    // Not `exit`: that asks the module once more.
    let _ = raise(Signal::SIGKILL);
}

fn answer(mut stream: &UnixStream, questions: &Receiver<Zeroizing<Vec<u8>>>) -> io::Result<()> {
    let mut session = None;
    for body in questions {
        let question = Question::decode(&body)
            .map_err(|garbled| io::Error::new(io::ErrorKind::InvalidData, garbled))?;
        drop(body);
        match act(question, &mut session) {
            Ok(answer) => wire::send(&mut stream, &answer.encode())?,
            Err(Failed(failure, detail)) => {
                wire::send(&mut stream, &Answer::Failed(failure, detail).encode())?;
                break;
            }
        }
    }
    Ok(())
}

fn act(question: Question, session: &mut Option<Session>) -> Result<Answer, Failed> {
    match question {
        Question::Open(login, name) => {
            let opened = match Session::open_with_key(&login, &name) {
                // A token that was taken away a moment ago may be known still, without its objects.
                Err(Failed(Failure::NoKey, _)) => Session::open_with_key(&login, &name),
                opened => opened,
            };
            let opened = session.insert(opened?);
            Ok(Answer::Key(opened.public_key()?))
        }
        Question::Sign(message) => {
            let session = session.as_ref().ok_or_else(Failed::out_of_turn)?;
            session.sign(&message).map(Answer::Signature)
        }
        Question::Initialise {
            module,
            label,
            officer,
            pin,
        } => making::initialise(&module, &label, &officer, &pin).map(|()| Answer::Done),
        Question::Look(module, token) => token::look(&module, &token).map(|()| Answer::Done),
        Question::Generate(login, name, kind) => {
            let made = Session::open_for_writing(&login)?.generate(&name, kind)?;
            Ok(Answer::Key(Some(made)))
        }
        Question::Keep(login, label, octets) => {
            Session::open_for_writing(&login)?.keep(&label, &octets)?;
            Ok(Answer::Done)
        }
        Question::Fetch(login, label) => Session::open(&login)?.fetch(&label).map(Answer::Kept),
    }
}
