//! `signstar-log web`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use signstar::log::VerifierKey;
use signstar_log::{Folder, NoPage, write_page};

use super::{Failure, say, status};

/// Writes index.html and the folder page into the folder of a log. Published beside the log by any
/// web server, they let people browse and search it, and check a file against it; the browser
/// verifies whatever it shows. Browsers do so for addresses with https and for localhost.
#[derive(Args, Debug)]
#[command(after_help = status::WEB)]
pub(crate) struct WebArguments {
    /// The folder of the log.
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// The key that the log is verified with (`signstar-log key show`).
    #[arg(long)]
    vkey: VerifierKey,

    /// What the log is called on the page [default: its origin].
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

pub(crate) fn web(arguments: &WebArguments) -> Result<ExitCode, Failure> {
    let folder = Folder::new(&arguments.dir);
    write_page(&folder, &arguments.vkey, arguments.title.as_deref())?;
    let page = arguments.dir.join("index.html");
    say(&format!("wrote {}", page.display()))?;
    Ok(ExitCode::SUCCESS)
}

impl From<NoPage> for Failure {
    fn from(error: NoPage) -> Self {
        let hint = match &error {
            NoPage::NotOfALog(_) => {
                "a log has a key of type 0x01; `signstar-log key show` prints it"
            }
            NoPage::OtherLog { .. } => "give the key or the folder of the other log",
            _ => "the folder has to be one that this user can write to",
        };
        Self::new(error.to_string(), hint)
    }
}
