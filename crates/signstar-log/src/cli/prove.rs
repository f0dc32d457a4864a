//! `signstar-log prove`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use signstar::log::{Proof, Reader};
use signstar_log::{
    listing::{self, Filter, Order, Row},
    save,
    source::Source,
};

use super::{Failure, say, status, trust::Trust};

/// The most digits of a number. What is longer is a digest, though it may have no letters.
const MAX_DIGITS: usize = 20;

/// Writes a proof that an entry is in the log (C2SP tlog-proof, with the entry in it), to be
/// checked offline.
#[derive(Args, Debug)]
#[command(after_help = status::PROVE)]
pub(crate) struct ProveArguments {
    /// The folder or the address (https://) of the log.
    #[arg(value_name = "DIR|URL")]
    place: String,

    /// The number of the entry, or the SHA-512 or SHA-256 of the file, whichever the entry has: of
    /// several entries the newest.
    #[arg(value_name = "INDEX|DIGEST")]
    what: String,

    #[command(flatten)]
    trust: Trust,

    /// The file to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn prove(arguments: &ProveArguments) -> Result<ExitCode, Failure> {
    let policy = arguments.trust.policy()?;
    let source = Source::new(&arguments.place)?;
    let checkpoint = source.checkpoint(&policy)?;
    let size = checkpoint.head().size;
    let mut reader = Reader::open(&source, *checkpoint.head())?;
    let index = match arguments.what.parse() {
        Ok(index) if arguments.what.len() <= MAX_DIGITS => index,
        _ => find(&mut reader, &arguments.what.to_ascii_lowercase())?,
    };
    if index >= size {
        let message = format!("there is no entry {index}: the log has {size}");
        return Err(Failure::new(message, "the first entry has the number 0"));
    }
    let entry = reader.entry(index)?;
    let hashes = reader.prove(index)?;
    let proof = Proof::new(&entry, index, hashes, &checkpoint).to_string();
    match &arguments.out {
        Some(path) => save(path, proof.as_bytes())?,
        None => say(proof.trim_end_matches('\n'))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn find(reader: &mut Reader<&Source>, digest: &str) -> Result<u64, Failure> {
    if ![64, 128].contains(&digest.len()) || !digest.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Failure {
            status: 2,
            ..Failure::new(
                format!("`{digest}` is neither a number nor a digest"),
                "`sha512sum FILE` prints one of 128 digits, `sha256sum FILE` one of 64",
            )
        });
    }
    let filter = Filter {
        digest: Some(digest.to_owned()),
        ..Filter::default()
    };
    let mut found = None;
    listing::each(reader, 0..u64::MAX, Order::NewestFirst, |index, entry| {
        if filter.takes(&Row::new(index, entry)) {
            found = Some(index);
        }
        found.is_none()
    })?;
    found.ok_or_else(|| {
        Failure::new(
            "no file with this digest is in the log",
            "check the file; one that was signed before the log began is in no entry",
        )
    })
}
