//! What makes a shell comfortable: completions and manual pages, for those who package this.

use std::{fs, io::Write, path::PathBuf};

use clap::Subcommand;
use clap_complete::Shell as Kind;
use signstar_configure::Error;

const NAME: &str = "signstar-configure";

/// Commands for packaging.
#[derive(Debug, Subcommand)]
pub(crate) enum Shell {
    /// Print completions for a shell.
    #[command(hide = true)]
    Completions {
        /// The shell.
        shell: Kind,
    },
    /// Write the manual pages into a folder that is there.
    #[command(hide = true)]
    Man {
        /// The folder.
        dir: PathBuf,
    },
}

impl Shell {
    pub(crate) fn run(self, command: clap::Command) -> Result<(), Error> {
        match self {
            Self::Completions { shell } => std::io::stdout()
                .write_all(&completions(shell, command))
                .map_err(Error::Output),
            Self::Man { dir } => {
                for (name, page) in pages(command) {
                    fs::write(dir.join(format!("{name}.1")), page).map_err(Error::Output)?;
                }
                Ok(())
            }
        }
    }
}

fn completions(shell: Kind, mut command: clap::Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    script
}

/// One page for each command that is not hidden, and for those below it.
fn pages(mut command: clap::Command) -> Vec<(String, Vec<u8>)> {
    command.build();
    let mut pages = Vec::new();
    add_pages(&command, &mut pages);
    pages
}

fn add_pages(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let name = command.get_display_name().unwrap_or(NAME).to_owned();
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone()).title(name.to_uppercase());
    if man.render(&mut page).is_ok() {
        pages.push((name, page));
    }
    for below in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        add_pages(below, pages);
    }
}

/// Fails unless pages and completions know every command and option of `command`.
#[cfg(test)]
pub(crate) fn check(command: &clap::Command) {
    use clap::ValueEnum;

    let pages = pages(command.clone());
    let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "signstar-configure",
            "signstar-configure-check",
            "signstar-configure-host",
            "signstar-configure-host-plan",
            "signstar-configure-host-apply",
            "signstar-configure-download",
        ]
    );
    let text: String = pages
        .iter()
        .map(|(_, page)| String::from_utf8_lossy(page).replace("\\-", "-"))
        .collect();
    for word in [
        "--config",
        "--root",
        "--delete",
        "--json",
        "--user",
        "Exit status",
    ] {
        assert!(text.contains(word), "{word}");
    }
    for shell in Kind::value_variants() {
        let script = completions(*shell, command.clone());
        let script = String::from_utf8(script).expect("text");
        for word in ["config", "root", "delete", "host", "download"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
