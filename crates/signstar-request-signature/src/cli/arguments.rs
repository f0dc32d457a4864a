//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use signstar_request_signature::{Destination, OutputType};

const EXIT_STATUS: &str = "\
Exit status:
  0  everything is signed and verified
  1  something here: a file cannot be read or written, ssh cannot be started
  2  wrong usage
  3  refused by the enclave
  4  the enclave or its HSM cannot be reached
  5  an answer did not verify
With several files every file is tried, and the highest of these counts. 130 and 143 mean that it
was interrupted; then every signature is there completely or not at all.";

const EXAMPLES: &str = "\
Examples:
  signstar-request-signature send --to sign@enclave.example.org linux-6.17-1-x86_64.pkg.tar.zst
  signstar-request-signature verify --certificate packages.pgp linux-6.17-1-x86_64.pkg.tar.zst

";

const SEND_EXAMPLES: &str = "\
Examples:
  Sign two packages and check the signatures against a certificate:
    signstar-request-signature send --to sign@enclave --certificate packages.pgp a.zst b.zst

  Sign everything in a folder over one connection, signatures into another:
    signstar-request-signature send --to enclave --output-dir signatures/ packages/*.zst

  Use another SSH key, and notice a dead network:
    signstar-request-signature send --to enclave -o IdentityFile=~/.ssh/signing image.iso
    signstar-request-signature send --to enclave -o ServerAliveInterval=15 image.iso

  Make the request where the file is, send it from where the enclave can be reached:
    signstar-request-signature prepare image.iso > request.json
    signstar-request-signature send --to enclave - < request.json > response.json

  Go on where a run ended that was interrupted:
    signstar-request-signature send --enclave packages --skip-existing packages/*.zst

Settings (~/.config/signstar/client.toml, or below XDG_CONFIG_HOME; all may be left out):
  default = \"packages\"

  [enclave.packages]
  destination = \"sign@enclave.example.org\"
  certificates = [\"packages.pgp\"]            # beside client.toml
  ssh-options = [\"IdentityFile=~/.ssh/signing\"]

";

/// Ask a Signstar enclave for signatures and check its answers.
///
/// A file never leaves this machine: it is hashed here, and a request of about a kilobyte goes to
/// the enclave over ssh. What comes back is checked before anything is written.
#[derive(Debug, Parser)]
#[command(version, after_help = format!("{EXAMPLES}{EXIT_STATUS}"))]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Prepare(Prepare),
    Send(Send),
    Verify(Verify),
    Completions(Completions),
    Man(Man),
    #[command(hide = true)]
    Connect(Connect),
}

/// Print one request as JSON, to be sent from elsewhere.
///
/// The file is read once; nothing is connected to. `send -` sends what this prints.
#[derive(Args, Debug)]
pub(crate) struct Prepare {
    /// The file to sign; `-` hashes standard input (a file of that name is `./-`).
    pub(crate) file: PathBuf,
}

/// Have files signed: FILE.sig is written beside each FILE.
///
/// All files go over one ssh connection. Each is read once, several at the same time, and never
/// held in memory. Each signature is verified, then written atomically; until then an older one
/// stays. Whatever ssh can do to reach a host works: ~/.ssh/config, agents, hardware keys, jump
/// hosts.
///
/// `send -` reads requests from standard input instead and writes one line of response for each
/// to standard output, in the same order; these are not verified, as it is not known what they are
/// for.
#[derive(Args, Debug)]
#[command(after_help = format!("{SEND_EXAMPLES}{EXIT_STATUS}"))]
pub(crate) struct Send {
    /// The files to sign; or `-` alone, to forward requests (a file of that name is `./-`).
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// An enclave of client.toml, by its name there.
    #[arg(long, value_name = "NAME")]
    pub(crate) enclave: Option<String>,

    /// Where the enclave is: host, user@host, ssh://user@host:port, or a name in ~/.ssh/config
    /// [default: that of --enclave, `SIGNSTAR_DESTINATION`, or that of client.toml].
    #[arg(long, value_name = "SSH_DESTINATION")]
    pub(crate) to: Option<Destination>,

    /// An option for ssh, as in its configuration; may be repeated.
    #[arg(short = 'o', value_name = "SSH_OPTION")]
    pub(crate) options: Vec<String>,

    /// The program to connect with [default: ssh].
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) ssh: Option<PathBuf>,

    /// Let ssh make the connection itself. Otherwise this program does, without the delays of
    /// Nagle's algorithm, where the configuration of ssh has no proxy and no address of its own.
    #[arg(long)]
    pub(crate) no_proxy: bool,

    /// Make one connection for each file, for an enclave of an older release that reads a single
    /// request.
    #[arg(long)]
    pub(crate) one_by_one: bool,

    /// How long to go on without a signature when the connection breaks or the enclave refuses
    /// for the moment; 0 tries everything once [default: 120].
    #[arg(long, value_name = "SECONDS")]
    pub(crate) patience: Option<u64>,

    /// Write signatures into this folder instead of beside the files.
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,

    /// The kind of signature: `OpenPGPv4` and `OpenPGPv6` make FILE.sig, `SSHSIG` makes
    /// FILE.sshsig, `raw` makes FILE.rawsig [default: that of client.toml, or `OpenPGPv4`].
    #[arg(long, value_name = "TYPE", value_parser = output_type)]
    pub(crate) output_type: Option<OutputType>,

    /// Write OpenPGP in ASCII armor, as FILE.asc, instead of the binary FILE.sig.
    #[arg(long)]
    pub(crate) armor: bool,

    /// Accept only signatures that verify with this OpenPGP certificate or public key; may be
    /// repeated, and then one of them has to do [default: those of client.toml].
    #[arg(long, value_name = "CERT")]
    pub(crate) certificate: Vec<PathBuf>,

    /// Accept only signatures that are in the transparency log with this key, and write the proof
    /// beside each, as FILE.sig.proof; may be repeated [default: those of client.toml].
    #[arg(long, value_name = "VKEY")]
    pub(crate) log_key: Vec<String>,

    /// The same with a file that names logs and the witnesses that have to have seen them (C2SP
    /// tlog-policy): what lacks witnesses is asked for again as long as --patience lasts [default:
    /// that of client.toml].
    #[arg(long, value_name = "FILE", conflicts_with = "log_key")]
    pub(crate) log_policy: Option<PathBuf>,

    /// Send a fresh salt with each file name, so that the log tells a commitment to it at most; the
    /// salt is written beside the signature, as FILE.sig.name-salt.
    #[arg(long)]
    pub(crate) name_salt: bool,

    /// Leave alone what has a signature already, if that holds. One that does not is an error of
    /// its file.
    #[arg(long)]
    pub(crate) skip_existing: bool,

    /// With --skip-existing: sign anew what has a signature that does not hold.
    #[arg(long, requires = "skip_existing")]
    pub(crate) replace_bad: bool,

    /// Print one JSON object for each file as it is done, and one for all at the end.
    #[arg(long)]
    pub(crate) json: bool,

    /// Say nothing about what went well.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

fn output_type(name: &str) -> Result<OutputType, String> {
    let known = [
        OutputType::OpenPgpV4,
        OutputType::OpenPgpV6,
        OutputType::Ssh,
        OutputType::Raw,
    ];
    known
        .into_iter()
        .find(|known| known.as_str() == name)
        .ok_or_else(|| format!("known are {}", known.map(OutputType::as_str).join(", ")))
}

/// Make a connection and hand it to ssh, on whose behalf this is called.
#[derive(Args, Debug)]
pub(crate) struct Connect {
    /// What ssh was told to call this with.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<OsString>,
}

/// Check signatures without an enclave: FILE.sig, .asc, .sshsig and .rawsig beside each FILE.
///
/// At least one of them has to be there, and each that is has to be a signature of FILE by a key
/// that counts.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  signstar-request-signature verify --certificate packages.pgp packages/*.zst

Exit status:
  0  every signature holds
  1  a file or a signature cannot be read
  2  wrong usage
  5  a signature does not hold
With several files every file is tried, and the highest of these counts.")]
pub(crate) struct Verify {
    /// The signed files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// An enclave of client.toml, whose certificates count.
    #[arg(long, value_name = "NAME")]
    pub(crate) enclave: Option<String>,

    /// The OpenPGP certificate, binary or in ASCII armor, or the public key, in PEM or as OpenSSH
    /// writes it; may be repeated, and then one of them has to do [default: those of client.toml].
    #[arg(long, value_name = "CERT")]
    pub(crate) certificate: Vec<PathBuf>,

    /// The key of the transparency log that each signature has to be in, NAME+ID+KEY; its proof
    /// stands beside it, as FILE.sig.proof. May be repeated, and then one log has to do [default:
    /// those of client.toml].
    #[arg(long, value_name = "VKEY")]
    pub(crate) log_key: Vec<String>,

    /// The same with a file that names logs and the witnesses that have to have seen them (C2SP
    /// tlog-policy).
    #[arg(long, value_name = "FILE", conflicts_with = "log_key")]
    pub(crate) log_policy: Option<PathBuf>,

    /// Print one JSON object for each signature, and one for all at the end.
    #[arg(long)]
    pub(crate) json: bool,

    /// Say nothing about what went well.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Print completions for a shell.
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: command_pages::Kind,
}

/// Write the manual pages into a folder.
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The folder.
    pub(crate) dir: PathBuf,
}
