//! One signature, handed back instead of written.

use std::path::Path;

use signstar::request::OutputType;

use crate::{
    Connections, Error, Event, Hashed, Patience, Signature, Ssh, Trust,
    answer::accept,
    backlog::{Asked, Backlog},
    conversation::{Conversation, Said, Terms},
};

/// Has what was `hashed` signed, and returns the signature once it verifies.
///
/// `name` is the path of the file, if it has one: its last part is what the enclave's journal
/// calls it. Nothing is written, and the file is not looked at again: see
/// [`Hashed::check_unchanged`]. OpenPGP of version 6 cannot be had in this way, as the enclave
/// chooses what is hashed before the file.
///
/// ```no_run
/// use std::{io, path::Path};
///
/// use signstar_request_signature::{
///     Form, Hashed, OutputType, Proxy, Settings, sign,
/// };
///
/// let settings = Settings::read(Path::new("client.toml"))?;
/// let enclave = settings.enclave(Some("packages"))?;
/// let ssh = enclave.ssh(Some(Proxy::new("/usr/bin/signstar-request-signature")))?;
/// let trust = enclave.trust()?;
///
/// let hashed = Hashed::reader(io::stdin(), Path::new("standard input"))?;
/// let output = OutputType::OpenPgpV4;
/// let signature = sign(output, &hashed, None, &ssh, &trust, enclave.patience())?;
/// let octets: Vec<u8> = signature.to_octets(Form::Binary)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign(
    output: OutputType,
    hashed: &Hashed,
    name: Option<&Path>,
    ssh: &Ssh,
    trust: &Trust,
    patience: Patience,
) -> Result<Signature, Error> {
    if output == OutputType::OpenPgpV6 {
        return Err(Error::SaltFirst);
    }
    let backlog = Backlog::default();
    let path = name.map(Path::to_owned);
    backlog.offer(Asked::new(0, Some(hashed.clone()), path, trust)?);
    backlog.complete();
    let path = name.unwrap_or(Path::new("standard input"));
    let mut outcome = Err(Error::Unreachable);
    let say = |said| match said {
        Said::Answer(_, answer) => {
            let accepted = accept(output, trust, Some(hashed), path, *answer);
            outcome = accepted.map(|(signature, _)| signature);
        }
        Said::Event(Event::Done {
            outcome: Err(error),
            ..
        }) => outcome = Err(error),
        Said::Event(_) | Said::Salt(..) => {}
    };
    let terms = Terms {
        output,
        connections: Connections::One,
        patience,
        logs: trust.logs(),
    };
    Conversation::new(ssh, terms, &backlog, say).run()?;
    outcome
}
