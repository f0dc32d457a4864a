//! What makes a shell comfortable: completions and manual pages, for those who package this.

use std::{fs, io::Write, path::PathBuf};

use clap::Subcommand;
use clap_complete::Shell as Kind;
use signstar_sign::Error;

const NAME: &str = "signstar-sign";

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
                .map_err(Error::Write),
            Self::Man { dir } => {
                for (name, page) in pages(command) {
                    fs::write(dir.join(format!("{name}.1")), page).map_err(Error::Write)?;
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

/// One page for each command that is not hidden: `signstar-sign.1`, `signstar-sign-self-test.1`.
fn pages(mut command: clap::Command) -> Vec<(String, Vec<u8>)> {
    command.build();
    let below = command.get_subcommands().filter(|one| !one.is_hide_set());
    std::iter::once(&command)
        .chain(below)
        .filter_map(|command| {
            let name = command.get_display_name().unwrap_or(NAME).to_owned();
            let mut page = Vec::new();
            let man = clap_mangen::Man::new(command.clone()).title(name.to_uppercase());
            man.render(&mut page).ok().map(|()| (name, page))
        })
        .collect()
}

/// Fails unless pages and completions know every command and option of `command`.
#[cfg(test)]
pub(crate) fn check(command: &clap::Command) {
    use clap::ValueEnum;

    let pages = pages(command.clone());
    let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["signstar-sign", "signstar-sign-self-test"]);
    let (_, page) = &pages[0];
    let page = String::from_utf8(page.clone())
        .expect("text")
        .replace("\\-", "-");
    for word in ["--config", "--client", "self-test", "Exit status"] {
        assert!(page.contains(word), "{word} in {page}");
    }
    for hidden in ["completions", "-man"] {
        assert!(!page.contains(hidden), "{hidden} in {page}");
    }
    for shell in Kind::value_variants() {
        let script = completions(*shell, command.clone());
        let script = String::from_utf8(script).expect("text");
        for word in ["config", "client", "self-test"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
