//! What makes a shell comfortable: completions and manual pages.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::Shell as Kind;
use clap_mangen::Man;
use serde_json::json;

use crate::answer::{Answer, to_stdout};
use crate::arguments;
use crate::failure::Failure;
use crate::file::{NewFile, Readers};

/// Commands that no device is needed for.
#[derive(Debug, Subcommand)]
pub(crate) enum Shell {
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Kind,
    },
    /// Write the manual pages into a folder.
    Man {
        /// The folder.
        dir: PathBuf,
    },
}

impl Shell {
    pub(crate) fn run(self) -> Result<Answer, Failure> {
        match self {
            Self::Completions { shell } => completions(shell),
            Self::Man { dir } => pages(&dir),
        }
    }
}

fn completions(shell: Kind) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut arguments::command(), "nethsm", &mut script);
    to_stdout(&script)?;
    Ok(Answer::gone())
}

/// The sessions that the tests run, by the command whose page has them.
pub(crate) const EXAMPLES: [(&str, &str); 15] = [
    ("", include_str!("../tests/console/devices.md")),
    ("backup", include_str!("../tests/console/backup.md")),
    ("cluster", include_str!("../tests/console/cluster.md")),
    ("config", include_str!("../tests/console/config.md")),
    ("health", include_str!("../tests/console/health.md")),
    ("info", include_str!("../tests/console/info.md")),
    ("key", include_str!("../tests/console/key.md")),
    ("lock", include_str!("../tests/console/lock.md")),
    ("metrics", include_str!("../tests/console/metrics.md")),
    ("namespace", include_str!("../tests/console/namespace.md")),
    ("openpgp", include_str!("../tests/console/openpgp.md")),
    ("provision", include_str!("../tests/console/provision.md")),
    ("random", include_str!("../tests/console/random.md")),
    ("system", include_str!("../tests/console/system.md")),
    ("user", include_str!("../tests/console/user.md")),
];

/// The examples of a page, as roff.
fn examples(page: &str) -> String {
    let noun = page.strip_prefix("nethsm-").unwrap_or_default();
    let Some((_, markdown)) = EXAMPLES.iter().find(|(name, _)| *name == noun) else {
        return String::new();
    };
    let mut roff = ".SH EXAMPLES\n".to_owned();
    for line in markdown.lines() {
        match line {
            "```" => roff.push_str(".fi\n"),
            line if line.starts_with("```") => roff.push_str(".nf\n"),
            // How the tests write the exit status.
            line if line.starts_with("? ") => {}
            "" => roff.push_str(".PP\n"),
            line => {
                let line = line.replace('\\', "\\e").replace('-', "\\-");
                let line = line.replace('`', "").replace("[..]", "...");
                // A line that starts with these would be a request.
                if line.starts_with(['.', '\'']) {
                    roff.push_str("\\&");
                }
                roff.push_str(&line);
                roff.push('\n');
            }
        }
    }
    roff
}

/// One page for each command: `nethsm.1`, `nethsm-key.1`, `nethsm-key-sign.1` and so on.
fn pages(dir: &std::path::Path) -> Result<Answer, Failure> {
    std::fs::create_dir_all(dir).map_err(|cause| Failure::file("write", dir, &cause))?;
    let mut root = arguments::command().disable_help_subcommand(true);
    root.build();
    let written = page(dir, &root)?;
    let dir = dir.display().to_string();
    let text = format!("manual pages written: {dir}, {written}");
    let json = json!({ "done": "manual pages written", "dir": dir, "pages": written });
    Ok(Answer::told(json, text))
}

fn page(dir: &std::path::Path, command: &clap::Command) -> Result<usize, Failure> {
    let name = command.get_display_name().unwrap_or("nethsm").to_owned();
    let path = dir.join(format!("{name}.1"));
    let mut text = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut text)
        .map_err(|cause| Failure::file("write", &path, &cause))?;
    text.extend_from_slice(examples(&name).as_bytes());
    let mut file = NewFile::create(&path, Readers::Usual)?;
    file.write_all(&text)
        .map_err(|cause| Failure::file("write", &path, &cause))?;
    file.keep()?;
    let mut count = 1;
    for below in command.get_subcommands() {
        count += page(dir, below)?;
    }
    Ok(count)
}
