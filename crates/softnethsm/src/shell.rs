//! What makes a shell comfortable: completions and manual pages, for those who package this.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use clap::Subcommand;
use clap_complete::Shell as Kind;

const NAME: &str = "softnethsm";

/// Commands for packaging.
#[derive(Subcommand)]
pub(crate) enum Shell {
    /// Print completions for a shell
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: Kind,
    },
    /// Write the manual pages into a folder that is there
    #[command(hide = true)]
    Man {
        /// The folder
        dir: PathBuf,
    },
}

impl Shell {
    pub(crate) fn run(self, command: clap::Command) -> io::Result<()> {
        match self {
            Self::Completions { shell } => io::stdout().write_all(&completions(shell, command)),
            Self::Man { dir } => pages(command)
                .into_iter()
                .try_for_each(|(name, page)| fs::write(dir.join(format!("{name}.1")), page)),
        }
    }
}

fn completions(shell: Kind, mut command: clap::Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    script
}

/// One page for the program and one for each command that is not hidden.
fn pages(command: clap::Command) -> Vec<(String, Vec<u8>)> {
    let mut command = command.disable_help_subcommand(true);
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

    command.clone().debug_assert();
    let pages = pages(command.clone());
    let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["softnethsm", "softnethsm-serve"]);
    let text: String = pages
        .iter()
        .map(|(_, page)| String::from_utf8_lossy(page).replace("\\-", "-"))
        .collect();
    let below = command.get_subcommands().filter(|one| !one.is_hide_set());
    let options = below.flat_map(clap::Command::get_arguments);
    for option in options.filter(|option| !option.is_hide_set()) {
        let Some(name) = option.get_long() else {
            continue;
        };
        assert!(text.contains(&format!("--{name}")), "{name}");
        for shell in Kind::value_variants() {
            let script = completions(*shell, command.clone());
            let script = String::from_utf8_lossy(&script);
            assert!(script.contains(name), "{shell}: {name}");
        }
    }
    assert!(!text.contains("completions"), "{text}");
}
