//! What can go wrong on the way to a signature, and what to do about it.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use signstar::{
    log::{InvalidKey, InvalidPolicy},
    refusal::Code,
    request::InvalidState,
    response::InvalidResponse,
    sign::{DoesNotVerify, InvalidCertificate, InvalidPublicKey},
};

use crate::NotInLog;

/// Why there is no signature, or none that counts.
///
/// Some texts quote what the other side sent: keep control characters from a terminal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {}: {}", path.display(), plain(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder stands where a file is expected.
    #[error("cannot read {}: it is a folder", .0.display())]
    Folder(PathBuf),
    /// A device, a pipe or a socket stands where a file is expected.
    #[error("cannot read {}: it is not a regular file", .0.display())]
    Special(PathBuf),
    /// A file was written to or replaced while its signature was being made.
    #[error("{} changed while it was being signed", .0.display())]
    Changed(PathBuf),
    /// A file has 1 PiB or more.
    #[error("{}: {source}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Why it cannot be signed.
        source: InvalidState,
    },
    /// A signature cannot be written.
    #[error("cannot write {}: {}", path.display(), plain(source))]
    Write {
        /// Where it should go.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Two signatures would go into one file.
    #[error("{} and {} would both be signed into {}", first.display(), second.display(), output.display())]
    SameOutput {
        /// One file to sign.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// Where both signatures would go.
        output: PathBuf,
    },
    /// A signature would replace a file that is to be signed itself.
    #[error("the signature of {} would replace {}, which is to be signed too", input.display(), output.display())]
    OutputIsInput {
        /// The file to sign.
        input: PathBuf,
        /// The other file to sign.
        output: PathBuf,
    },
    /// The folder for signatures is not there.
    #[error("{} is not a folder", .0.display())]
    NoOutputFolder(PathBuf),
    /// Nobody said where the enclave is.
    #[error("no enclave to send to")]
    NoDestination,
    /// Not the name of a host.
    #[error("{0:?} is not a destination for ssh")]
    Destination(String),
    /// Nobody said which certificate counts.
    #[error("no certificate to verify with")]
    NoCertificate,
    /// A certificate cannot be used.
    #[error("cannot use the certificate {}: {source}", path.display())]
    Certificate {
        /// The file it is in.
        path: PathBuf,
        /// Why.
        source: InvalidCertificate,
    },
    /// A public key cannot be used.
    #[error("cannot use the public key {}: {source}", path.display())]
    PublicKey {
        /// The file it is in.
        path: PathBuf,
        /// Why.
        source: InvalidPublicKey,
    },
    /// No enclave is known under this name.
    #[error("there is no enclave {name:?} in the settings")]
    UnknownEnclave {
        /// The name.
        name: String,
        /// The one that may be meant.
        similar: Option<String>,
        /// Those that are known.
        known: Vec<String>,
    },
    /// Several enclaves are known, and nobody said which.
    #[error("the settings know several enclaves, and none of them is the default")]
    WhichEnclave(Vec<String>),
    /// The settings cannot be used.
    #[error("cannot use the settings {}: {reason}", path.display())]
    Settings {
        /// The file they are in.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The program that connects cannot be started.
    #[error("cannot start {}: {}", program.display(), plain(source))]
    StartSsh {
        /// The program.
        program: OsString,
        /// Why.
        source: io::Error,
    },
    /// A connection cannot be made, or not be handed to `ssh`.
    #[error("cannot connect to {host} port {port}: {}", plain(source))]
    Connect {
        /// The host.
        host: String,
        /// Its TCP port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// OpenPGP version 6 hashes something before the file, which the enclave chooses.
    #[error("OpenPGP version 6 cannot be had for what was hashed before it was asked for")]
    SaltFirst,
    /// What should be requests is not.
    #[error("the input is not a sequence of JSON values: {0}")]
    Input(String),
    /// The enclave refuses and says why.
    #[error("{}: refused by the enclave: {message} ({code})", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The code of the reason (`spec/response.md`), maybe one that is not known here.
        code: String,
        /// The same in words of the other side.
        message: String,
        /// Whether the same request may succeed later.
        retry: bool,
    },
    /// The other side ended without an answer and with this exit status.
    #[error("the enclave ended the connection without an answer (exit status {0})")]
    Unanswered(i32),
    /// The connection could not be made or was lost.
    #[error("the enclave cannot be reached, or the connection was lost")]
    Unreachable,
    /// What came back is not even JSON of a bounded size.
    #[error("what answers is not an enclave: {0}")]
    NotAnEnclave(String),
    /// What came back for a file is not a response.
    #[error("{}: {source}", path.display())]
    NotAResponse {
        /// The file.
        path: PathBuf,
        /// Why it is none.
        source: InvalidResponse,
    },
    /// A signature is not one of its file.
    #[error("{}: {source}", path.display())]
    DoesNotVerify {
        /// The file, or that of the signature.
        path: PathBuf,
        /// Why it is none.
        source: DoesNotVerify,
    },
    /// A signature that was there already is not one of its file.
    #[error("{}: {source}", path.display())]
    ExistingDoesNotVerify {
        /// The file of the signature.
        path: PathBuf,
        /// Why it is none.
        source: DoesNotVerify,
    },
    /// A signature is not known to be in a log that counts.
    #[error("{}: {source}", path.display())]
    NotInLog {
        /// The file, or that of the signature.
        path: PathBuf,
        /// Why not.
        source: NotInLog,
    },
    /// The key of a log cannot be used.
    #[error("cannot use the log key {key:?}: {source}")]
    LogKey {
        /// The key.
        key: String,
        /// Why.
        source: InvalidKey,
    },
    /// A policy for logs cannot be used.
    #[error("cannot use the log policy {}: {source}", path.display())]
    LogPolicy {
        /// The file it is in.
        path: PathBuf,
        /// Why.
        source: InvalidPolicy,
    },
    /// The system has no random numbers, so that a request cannot be told from others.
    #[error("the system has no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// There is no signature to verify.
    #[error("there is no signature {}", .0.display())]
    NoSignature(PathBuf),
}

impl Error {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// The exit status of a program that ends because of this: 1 local, 2 usage, 3 refused by the
    /// enclave, 4 enclave or HSM unreachable, 5 an answer did not verify.
    ///
    /// Of several, the highest is the one to end with: a signature that does not verify is worse
    /// news than an enclave that is away, which is worse than its refusal, which is worse than
    /// trouble with a file here.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::SameOutput { .. }
            | Self::OutputIsInput { .. }
            | Self::NoDestination
            | Self::NoCertificate
            | Self::SaltFirst
            | Self::UnknownEnclave { .. }
            | Self::WhichEnclave(_)
            | Self::LogKey { .. }
            | Self::Destination(_) => 2,
            Self::Refused { code, .. } => Code::from_name(code).map_or(3, Code::exit_status),
            Self::Unanswered(4) | Self::Unreachable | Self::Connect { .. } => 4,
            Self::Unanswered(5)
            | Self::NotAnEnclave(_)
            | Self::NotAResponse { .. }
            | Self::DoesNotVerify { .. }
            | Self::NotInLog { .. }
            | Self::ExistingDoesNotVerify { .. } => 5,
            Self::Unanswered(_) => 3,
            _ => 1,
        }
    }

    /// What a person can try.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "check the spelling and the folder you are in".into(),
                io::ErrorKind::PermissionDenied => {
                    "the user that runs this needs leave to read it".into()
                }
                _ => "see whether `sha512sum` can read it".into(),
            },
            Self::Folder(_) => "name the files in it, or sign an archive of it".into(),
            Self::Special(_) => "`prepare -` makes a request for what stands on its input".into(),
            Self::Changed(_) => "wait until whatever writes it is done, then sign it again".into(),
            Self::TooLong { .. } => "sign a list of checksums of its parts".into(),
            Self::Write { .. } => {
                "check permissions and free space, or choose another --output-dir".into()
            }
            Self::SameOutput { .. } => "sign them with two commands and two folders".into(),
            Self::OutputIsInput { .. } => "leave signatures out of the list of files".into(),
            Self::NoOutputFolder(path) => format!("mkdir {}", path.display()),
            Self::NoDestination => {
                "give --to HOST, set SIGNSTAR_DESTINATION, or write destination = \"HOST\" into \
                 ~/.config/signstar/client.toml"
                    .into()
            }
            Self::Destination(_) => {
                "use host, user@host or ssh://user@host:port; a name in ~/.ssh/config will do"
                    .into()
            }
            Self::NoCertificate => "give --certificate CERT, or write certificate = \"CERT\" into \
                 ~/.config/signstar/client.toml"
                .into(),
            Self::Certificate { .. } => {
                "it must hold one OpenPGP certificate, binary or in ASCII armor, or a public key"
                    .into()
            }
            Self::PublicKey { .. } => {
                "it must hold one public key, in PEM or as OpenSSH writes it".into()
            }
            Self::UnknownEnclave {
                similar: Some(similar),
                ..
            } => format!("did you mean {similar:?}?"),
            Self::UnknownEnclave { known, .. } if known.is_empty() => {
                "add [enclave.NAME] with its destination to ~/.config/signstar/client.toml".into()
            }
            Self::UnknownEnclave { known, .. } => format!("known are: {}", known.join(", ")),
            Self::WhichEnclave(known) => format!(
                "give --enclave NAME, or write default = \"NAME\"; known are: {}",
                known.join(", ")
            ),
            Self::Settings { .. } => "spec/client.md says what may stand in it".into(),
            Self::StartSsh { .. } => "install OpenSSH's client, or give --ssh PROGRAM".into(),
            Self::Connect { .. } => {
                "check the network and the name of the host; --no-proxy has ssh \
                 connect by itself"
                    .into()
            }
            Self::SaltFirst => "`send --output-type OpenPGPv6 FILE` can".into(),
            Self::Input(_) => "`prepare FILE` makes requests".into(),
            Self::Refused { retry: true, .. } => "try again later".into(),
            Self::Refused { .. } => {
                "if it should have been signed, tell the people who run the enclave: its journal \
                 says more"
                    .into()
            }
            Self::Unanswered(_) => "see what stands above; an enclave of an older release refuses \
                 without words, and needs --one-by-one for several files"
                .into(),
            Self::Unreachable => "see what ssh says above, and whether `ssh DESTINATION` gets an \
                 answer at all"
                .into(),
            Self::NotAnEnclave(_) | Self::NotAResponse { .. } => {
                "is this the right host, user and SSH key? An enclave says nothing but responses"
                    .into()
            }
            Self::DoesNotVerify { .. } => {
                "nothing about this signature can be trusted; check the certificate and the file, \
                 then tell the people who run the enclave"
                    .into()
            }
            Self::ExistingDoesNotVerify { .. } => {
                "find out where it comes from; --replace-bad has \
                 its file signed anew"
                    .into()
            }
            Self::NotInLog {
                source: NotInLog::NoProof,
                ..
            } => "it is written beside the signature, as FILE.sig.proof, when --log-key is given; an \
                 enclave without a log makes none"
                .into(),
            Self::NotInLog {
                source: NotInLog::OtherName { .. },
                ..
            } => "the file had another name when it was signed: give it that again, or remove the \
                 salt"
                .into(),
            Self::NotInLog {
                source: NotInLog::NameSalt { .. },
                ..
            } => "`send --name-salt` writes it beside the signature: take it from there".into(),
            Self::NotInLog {
                source: NotInLog::NotRecorded(reason),
                ..
            } if reason.may_come() => {
                "witnesses may be away, or slow: try again later, with more --patience".into()
            }
            Self::NotInLog { .. } => {
                "check that the log key is that of the enclave; if it is, do not use the signature \
                 and tell the people who run it"
                    .into()
            }
            Self::LogKey { .. } => "`signstar-log key show` prints it: NAME+ID+KEY".into(),
            Self::LogPolicy { .. } => "it must hold a policy as c2sp.org/tlog-policy has it".into(),
            Self::Random(_) => "run this on a system with getrandom(2)".into(),
            Self::NoSignature(_) => {
                "a signature stands beside FILE as FILE.sig, .asc, .sshsig or .rawsig".into()
            }
        }
    }
}

/// The text of an error of the system without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}
