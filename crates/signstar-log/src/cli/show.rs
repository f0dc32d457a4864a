//! `signstar-log show`.

use std::{ops::Range, process::ExitCode};

use clap::Args;
use signstar::log::Reader;
use signstar_log::{
    listing::{self, Filter, Order, Row},
    source::Source,
};

use super::{
    Failure,
    output::{self, Output, say_json},
    say, status,
    trust::OptionalTrust,
    warn,
};

/// Lists entries. With --vkey or --policy the checkpoint has to verify; in any case every entry is
/// checked against the checkpoint.
#[derive(Args, Debug)]
#[command(after_help = status::SHOW)]
pub(crate) struct ShowArguments {
    /// The folder or the address (https://) of the log.
    #[arg(value_name = "DIR|URL")]
    place: String,

    #[command(flatten)]
    trust: OptionalTrust,

    /// Only those of this client.
    #[arg(long, value_name = "NAME")]
    client: Option<String>,

    /// Only those by this key: its label or its fingerprint.
    #[arg(long, value_name = "LABEL")]
    key: Option<String>,

    /// Only those of files with this SHA-512, or with one that begins like this.
    #[arg(long, value_name = "HEX")]
    digest: Option<String>,

    /// Only those of files with a name like this; `*` is any text and `?` any character.
    #[arg(long, value_name = "PATTERN")]
    name: Option<String>,

    /// Only those since this time: 2026-01-31, 2026-01-31T12:00:00Z, or seconds since 1970.
    #[arg(long, value_name = "TIME", value_parser = output::time)]
    since: Option<u64>,

    /// Only those before this time.
    #[arg(long, value_name = "TIME", value_parser = output::time)]
    until: Option<u64>,

    /// Only those with these numbers: A, or A..B without B, or A..
    #[arg(long, value_name = "A..B", value_parser = range)]
    index: Option<Range<u64>>,

    /// The newest first.
    #[arg(long)]
    newest_first: bool,

    /// At most so many.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// What to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(crate) fn show(arguments: ShowArguments) -> Result<ExitCode, Failure> {
    let source = Source::new(&arguments.place)?;
    let head = match arguments.trust.policy()? {
        Some(policy) => *source.checkpoint(&policy)?.head(),
        None => {
            warn("the checkpoint is not verified; --vkey VKEY does that");
            *source.alleged_checkpoint()?.head()
        }
    };
    let filter = Filter {
        client: arguments.client,
        key: arguments.key,
        digest: arguments.digest.map(|digest| digest.to_ascii_lowercase()),
        name: arguments.name,
        since: arguments.since,
        until: arguments.until,
    };
    let order = if arguments.newest_first {
        Order::NewestFirst
    } else {
        Order::OldestFirst
    };
    let range = arguments.index.unwrap_or(0..u64::MAX);
    let mut left = arguments.limit.unwrap_or(u64::MAX);
    if arguments.output == Output::Text {
        say(&output::header())?;
    }
    let mut reader = Reader::open(&source, head)?;
    let mut said = Ok(());
    listing::each(&mut reader, range, order, |index, entry| {
        if left == 0 {
            return false;
        }
        let row = Row::new(index, entry);
        if filter.takes(&row) {
            left -= 1;
            said = match arguments.output {
                Output::Text => say(&output::line(&row)),
                Output::Json => say_json(&row),
            };
        }
        said.is_ok() && left > 0
    })?;
    said?;
    Ok(ExitCode::SUCCESS)
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    match text.split_once("..") {
        None => number(text).map(|one| one..one.saturating_add(1)),
        Some((from, "")) => Ok(number(from)?..u64::MAX),
        Some(("", to)) => Ok(0..number(to)?),
        Some((from, to)) => Ok(number(from)?..number(to)?),
    }
}
