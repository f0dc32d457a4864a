//! What `signstar-gpg` says about itself: manual pages, completions, and what it would do.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::Path,
};

use clap::{Arg, ArgAction, Command, CommandFactory, ValueEnum, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;

use signstar_request_signature::Error as ClientError;

use crate::{Error, Surroundings, repository::RepoAdd};

const CHECK: &str = "--signstar-check";
const COMPLETIONS: &str = "--signstar-completions";
const HELP: &str = "--signstar-help";
const MAN: &str = "--signstar-man";

const ABOUT: &str = "Stands where programs look for gpg and has an enclave sign.

Signatures with a key that is in an enclave are made there and checked against its certificate before anything is written. Everything else is done by the real gpg: all other keys, all other commands.

The key of an enclave is the one whose certificate ~/.config/signstar/client.toml names. It is meant by its fingerprint, its key ID, a whole user ID or the address in it, and when no key is named. An option that would change the signature in a way that the enclave does not offer is an error, never a signature without it.

Link it as gpg into a folder that stands first in PATH, or name it where a program can be told: git config gpg.program, DEBSIGN_PROGRAM, %__gpg of rpm.";

const AFTER: &str = "\
Environment:
  SIGNSTAR_DESTINATION  the enclave, instead of that of client.toml
  SIGNSTAR_GPG_REAL     the real gpg [default: the next one in PATH]

Examples:
  mkdir -p ~/.local/lib/signstar && ln -s /usr/bin/signstar-gpg ~/.local/lib/signstar/gpg
  PATH=~/.local/lib/signstar:$PATH makepkg --sign
  git config gpg.program signstar-gpg

Exit status:
  0  signed
  1  something here: a file cannot be read or written, a program cannot be started
  2  what is asked for cannot be done with an enclave, or is not understood
  3  refused by the enclave
  4  the enclave or its HSM cannot be reached
  5  an answer did not verify
Where the real gpg does the work, its exit status is that of gpg.";

/// The command line of `signstar-gpg`, as far as it is not that of `gpg`.
pub fn command() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let value =
        |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value);
    Command::new("signstar-gpg")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Stands where programs look for gpg and has an enclave sign")
        .long_about(ABOUT)
        .after_help(AFTER)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args([
            flag("detach-sign")
                .short('b')
                .help("Make a signature in a file of its own: FILE.sig, or FILE.asc with --armor"),
            flag("clear-sign")
                .help("Sign a text that stays readable: FILE.asc [alias: --clearsign]"),
            flag("sign")
                .short('s')
                .help("Together with -b: the same as -b"),
            flag("list-secret-keys").short('K').help(
                "Show the keys that enclaves hold, then those that the real gpg knows; with \
                 --with-colons for programs",
            ),
            value("local-user", "KEY")
                .short('u')
                .help("Sign with this key"),
            value("default-key", "KEY").help("Sign with this key if there is no --local-user"),
            flag("armor").short('a').help("Write ASCII armor"),
            flag("no-armor").help("Write a binary signature"),
            value("output", "FILE")
                .short('o')
                .value_hint(ValueHint::FilePath)
                .help("Write the signature there; '-' is the standard output"),
            flag("yes").help("Replace a file that is there already"),
            value("status-fd", "N").help("Write lines for programs to this file descriptor"),
            value("status-file", "FILE")
                .value_hint(ValueHint::FilePath)
                .help("Write them to this file"),
            flag("quiet").short('q').help("Say little"),
            flag("signstar-check").help("Show which enclave and which gpg would be used"),
            flag("signstar-help").help("Show this"),
            value("signstar-man", "DIR")
                .value_hint(ValueHint::DirPath)
                .help("Write the manual pages into a folder"),
            value("signstar-completions", "SHELL").help("Print completions for a shell"),
            Arg::new("file")
                .value_name("FILE")
                .value_hint(ValueHint::FilePath)
                .help("What to sign; '-' or nothing is the standard input"),
        ])
}

/// Does what `line` asks of `signstar-gpg` itself; nothing if it asks `gpg`.
pub fn run(line: &[OsString], around: &Surroundings) -> Option<Result<(), Error>> {
    let (first, rest) = line.split_first()?;
    let first = first.to_str()?;
    let value = rest.first();
    match (first, value) {
        (HELP, None) => Some(print(command().render_long_help().to_string().as_bytes())),
        (CHECK, None) => Some(check(around)),
        (COMPLETIONS, Some(shell)) => Some(completions(shell)),
        (MAN, Some(folder)) => Some(pages(Path::new(folder))),
        _ => None,
    }
}

fn check(around: &Surroundings) -> Result<(), Error> {
    let mut text = String::new();
    let enclaves = around.enclaves()?;
    if enclaves.is_empty() {
        text.push_str("no enclave: everything is for the real gpg\n");
    }
    for enclave in enclaves.iter() {
        let destination = enclave.destination().ok_or(ClientError::NoDestination)?;
        text.push_str(&format!("enclave {}\n", destination.as_str()));
        if let Some(key) = enclave.key().components.first() {
            text.push_str(&format!("  key {}\n", key.fingerprint));
        }
        for user_id in &enclave.key().user_ids {
            text.push_str(&format!("  user ID {user_id}\n"));
        }
    }
    match around.search.find() {
        Ok(program) => text.push_str(&format!("gpg {}\n", program.display())),
        Err(error) => text.push_str(&format!("no gpg: {error}\n")),
    }
    print(text.as_bytes())
}

fn completions(shell: &OsString) -> Result<(), Error> {
    let known = shell
        .to_str()
        .and_then(|shell| Shell::from_str(shell, false).ok());
    let shell = known.ok_or_else(|| Error::NoSuchShell(shell.clone()))?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "signstar-gpg", &mut script);
    clap_complete::generate(
        shell,
        &mut RepoAdd::command(),
        "signstar-repo-add",
        &mut script,
    );
    print(&script)
}

/// Writes `signstar-gpg.1` and `signstar-repo-add.1`.
fn pages(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
    for (name, page) in manual_pages()? {
        let path = folder.join(name);
        fs::write(&path, page).map_err(|source| Error::write(&path, source))?;
    }
    Ok(())
}

/// The manual pages of this package: names and roff.
fn manual_pages() -> Result<Vec<(String, Vec<u8>)>, Error> {
    [command(), RepoAdd::command()]
        .into_iter()
        .map(|command| {
            let name = format!("{}.1", command.get_name());
            let mut page = Vec::new();
            Man::new(command)
                .render(&mut page)
                .map_err(|source| Error::write(&name, source))?;
            Ok((name, page))
        })
        .collect()
}

fn print(octets: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout();
    let written = stdout.write_all(octets).and_then(|()| stdout.flush());
    written.map_err(|source| Error::write("standard output", source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::HONOURED;

    #[test]
    fn the_manual_has_every_option_that_is_honoured_and_no_other() {
        let command = command();
        let mut described: Vec<&str> = command
            .get_arguments()
            .filter_map(Arg::get_long)
            .filter(|name| !name.starts_with("signstar-"))
            .collect();
        described.sort_unstable();
        let mut honoured = [HONOURED, &["list-secret-keys"]].concat();
        honoured.sort_unstable();
        assert_eq!(described, honoured);
        for option in command.get_arguments() {
            let Some(letter) = option.get_short() else {
                continue;
            };
            let known = crate::options::Known::short(letter).expect("one of gpg's");
            assert_eq!(Some(known.meaning), option.get_long());
        }
    }

    #[test]
    fn command_lines_hold_together() {
        command().debug_assert();
        RepoAdd::command().debug_assert();
    }

    #[test]
    fn there_is_a_page_for_each_program() {
        let pages = manual_pages().expect("pages");
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["signstar-gpg.1", "signstar-repo-add.1"]);
        for (name, page) in &pages {
            let page = String::from_utf8_lossy(page);
            assert!(page.contains(".SH OPTIONS"), "{name}");
            assert!(page.contains("Exit status"), "{name}");
        }
    }

    #[test]
    fn what_is_for_gpg_is_not_taken() {
        let around = Surroundings::default();
        for line in [
            &["--help"][..],
            &["--signstar-man"],
            &["-b", "--signstar-check"],
            &[],
        ] {
            let line: Vec<OsString> = line.iter().map(OsString::from).collect();
            assert!(run(&line, &around).is_none(), "{line:?}");
        }
    }
}
