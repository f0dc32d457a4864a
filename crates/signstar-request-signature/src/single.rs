//! One signature, handed back instead of written.

use std::path::Path;

use signstar::sign::Detached;

use crate::{
    Connections, Error, Event, Hashed, Patience, Ssh, Trust,
    answer::accept,
    backlog::{Asked, Backlog},
    conversation::{Conversation, Said},
};

/// Has what was `hashed` signed, and returns the signature once it verifies.
///
/// `name` is the path of the file, if it has one: its last part is what the enclave's journal
/// calls it. Nothing is written, and the file is not looked at again: see
/// [`Hashed::check_unchanged`].
///
/// ```no_run
/// use std::{io, path::Path};
///
/// use signstar_request_signature::{Hashed, Patience, Settings, sign};
///
/// let settings = Settings::read(Path::new("client.toml"))?;
/// let enclave = settings.enclave(Some("packages"))?;
/// let hashed = Hashed::reader(io::stdin(), Path::new("standard input"))?;
/// let patience = Patience::default();
/// let signature = sign(&hashed, None, &enclave.ssh()?, &enclave.trust()?, patience)?;
/// let octets: Vec<u8> = signature.to_octets().map_err(io::Error::other)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign(
    hashed: &Hashed,
    name: Option<&Path>,
    ssh: &Ssh,
    trust: &Trust,
    patience: Patience,
) -> Result<Detached, Error> {
    let backlog = Backlog::default();
    backlog.offer(Asked {
        index: 0,
        hashed: hashed.clone(),
        path: name.map(Path::to_owned),
        refusals: 0,
    });
    backlog.complete();
    let path = name.unwrap_or(Path::new("standard input"));
    let mut outcome = Err(Error::Unreachable);
    let say = |said| match said {
        Said::Answer(_, answer) => outcome = accept(trust, hashed, path, answer),
        Said::Event(Event::Done {
            outcome: Err(error),
            ..
        }) => outcome = Err(error),
        Said::Event(_) => {}
    };
    Conversation::new(ssh, Connections::One, patience, &backlog, say).run()?;
    outcome
}
