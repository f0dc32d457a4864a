//! Completions and manual pages of the programs, for those who package them.
//!
//! Both are made from the description that a program reads its arguments by, so they know every
//! command and every option. What is hidden there (these two commands, too, in most programs) is on no
//! page.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use clap::{Command, Subcommand};
pub use clap_complete::Shell as Kind;

/// Two commands for packagers, hidden from the help.
#[derive(Debug, Subcommand)]
pub enum Shell {
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
    /// Does what was asked for, for the program that `command` describes.
    pub fn run(self, command: Command) -> io::Result<()> {
        match self {
            Self::Completions { shell } => io::stdout().write_all(&completions(shell, command)),
            Self::Man { dir } => pages(command)
                .into_iter()
                .try_for_each(|Page { name, roff }| fs::write(dir.join(name), roff)),
        }
    }
}

/// A manual page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The name of its file, as in `signstar-sign-self-test.1`.
    pub name: String,
    /// Its text.
    pub roff: Vec<u8>,
}

/// The completions of the program that `command` describes, as a script of `shell`.
pub fn completions(shell: Kind, mut command: Command) -> Vec<u8> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

/// One page for the program that `command` describes, and one for each command below that is not
/// hidden.
pub fn pages(command: Command) -> Vec<Page> {
    let mut pages = Vec::new();
    add(&built(command), &mut pages);
    pages
}

fn add(command: &Command, pages: &mut Vec<Page>) {
    let name = name(command);
    let mut roff = Vec::new();
    let man = clap_mangen::Man::new(command.clone()).title(name.to_uppercase());
    // A vector takes everything.
    if man.render(&mut roff).is_ok() {
        let name = format!("{name}.1");
        pages.push(Page { name, roff });
    }
    shown(command).for_each(|below| add(below, pages));
}

/// With the full names of all commands, and without `help`, which needs no page.
fn built(command: Command) -> Command {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    command
}

fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
}

/// Checks what this crate makes for the program that `command` describes; a test of each program does.
///
/// # Panics
///
/// If the description contradicts itself, or a command or an option is on no page or not in the
/// completions of `bash` and `zsh` (`clap_complete` leaves some of the lower commands out for others).
pub fn check(command: &Command) {
    command.clone().debug_assert();
    let pages = pages(command.clone());
    let scripts = [Kind::Bash, Kind::Zsh].map(|shell| {
        let script = completions(shell, command.clone());
        (shell, String::from_utf8_lossy(&script).into_owned())
    });
    check_below(&built(command.clone()), &pages, &scripts);
}

fn check_below(command: &Command, pages: &[Page], scripts: &[(Kind, String)]) {
    let name = name(command);
    let page_of = pages.iter().find(|page| page.name == format!("{name}.1"));
    let page_of = page_of.unwrap_or_else(|| panic!("{name} has no page"));
    let text = String::from_utf8_lossy(&page_of.roff).replace("\\-", "-");
    let options = command.get_arguments().filter(|one| !one.is_hide_set());
    for option in options.filter_map(clap::Arg::get_long) {
        assert!(text.contains(&format!("--{option}")), "{name}: --{option}");
        for (shell, script) in scripts {
            let known = script.contains(&format!("--{option}"));
            assert!(known, "{shell}: {name} --{option}");
        }
    }
    for hidden in command.get_subcommands().filter(|one| one.is_hide_set()) {
        let page = format!("{}(1)", self::name(hidden)).replace("-", "\\-");
        let told = String::from_utf8_lossy(&page_of.roff).contains(&page);
        assert!(!told, "{name} tells of {page}");
    }
    for below in shown(command) {
        for (shell, script) in scripts {
            assert!(script.contains(below.get_name()), "{shell}: {name}");
        }
        check_below(below, pages, scripts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Command {
        let below = Command::new("do").arg(clap::Arg::new("fast").long("fast"));
        Shell::augment_subcommands(Command::new("program").subcommand(below))
    }

    #[test]
    fn there_is_a_page_for_each_command_that_is_not_hidden() {
        let names: Vec<_> = pages(program()).into_iter().map(|page| page.name).collect();
        assert_eq!(names, ["program.1", "program-do.1"]);
        check(&program());
    }

    #[test]
    #[should_panic(expected = "program-do has no page")]
    fn a_missing_page_is_noticed() {
        let pages = &pages(program())[..1];
        check_below(&built(program()), pages, &[]);
    }
}
