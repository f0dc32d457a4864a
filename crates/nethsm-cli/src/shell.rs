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
                let mut line = line.replace('`', "");
                for (variable, value) in SHOWN {
                    line = line.replace(variable, value);
                }
                text(&line, &mut roff);
            }
        }
    }
    roff
}

/// What the tests put in the place of something that differs, and what a reader finds there.
const SHOWN: [(&str, &str); 3] = [
    ("[..]", "..."),
    ("[URL]", "https://one.example.org"),
    ("[OTHER]", "https://two.example.org"),
];

/// A line as it is.
fn text(line: &str, roff: &mut String) {
    // A line that starts with these would be a request.
    if line.starts_with(['.', '\'']) {
        roff.push_str("\\&");
    }
    roff.push_str(&line.replace('\\', "\\e").replace('-', "\\-"));
    roff.push('\n');
}

/// What stands at the end of the help, line by line: `clap_mangen` would fill the lines.
fn notes(command: &clap::Command) -> String {
    let long = command.get_after_long_help();
    let Some(help) = long.or(command.get_after_help()) else {
        return String::new();
    };
    let mut roff = ".SH NOTES\n.nf\n".to_owned();
    help.to_string()
        .lines()
        .for_each(|line| text(line, &mut roff));
    roff.push_str(".fi\n");
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
    let without_notes = command.clone().after_help(None::<&str>);
    Man::new(without_notes.after_long_help(None::<&str>))
        .title(name.to_uppercase())
        .render(&mut text)
        .map_err(|cause| Failure::file("write", &path, &cause))?;
    text.extend_from_slice(notes(command).as_bytes());
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use clap::ValueEnum;

    use super::*;

    /// All commands, by the names of their pages.
    fn commands() -> Vec<(String, clap::Command)> {
        fn add(command: &clap::Command, into: &mut Vec<(String, clap::Command)>) {
            let name = command.get_display_name().unwrap_or("nethsm");
            into.push((name.to_owned(), command.clone()));
            command.get_subcommands().for_each(|below| add(below, into));
        }
        let mut root = arguments::command().disable_help_subcommand(true);
        root.build();
        let mut all = Vec::new();
        add(&root, &mut all);
        all
    }

    /// The text of a page, without the escapes of roff.
    fn plain(page: &str) -> String {
        page.replace("\\-", "-")
            .replace("\\&", "")
            .replace("\\e", "\\")
    }

    #[test]
    fn every_command_has_a_page_with_all_its_options_and_examples() {
        let folder = tempfile::tempdir().expect("a folder");
        pages(folder.path()).expect("written");
        let files = folder.path().read_dir().expect("there");
        let files: BTreeSet<_> = files
            .map(|file| file.expect("readable").file_name().into_string())
            .collect();
        let commands = commands();
        let names = commands.iter().map(|(name, _)| Ok(format!("{name}.1")));
        assert_eq!(files, names.collect());

        for (name, command) in &commands {
            let path = folder.path().join(format!("{name}.1"));
            let page = plain(&fs::read_to_string(path).expect("text"));
            for long in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(page.contains(&format!("--{long}")), "{name}: --{long}");
            }
            let noun = name.strip_prefix("nethsm-").unwrap_or_default();
            let examples = EXAMPLES.iter().filter(|(page, _)| *page == noun);
            for line in examples.flat_map(|(_, text)| text.lines()) {
                if line.starts_with("$ ") && !line.contains('`') {
                    assert!(page.contains(line), "{name}: {line}");
                }
            }
        }
    }

    #[test]
    fn every_session_is_an_example_on_a_page() {
        let shown: Vec<_> = EXAMPLES.iter().map(|(_, text)| *text).collect();
        for file in fs::read_dir("tests/console").expect("there") {
            let path = file.expect("readable").path();
            let text = fs::read_to_string(&path).expect("text");
            let name = path.file_stem().and_then(|name| name.to_str());
            // What goes wrong, and this noun itself, are on no page.
            let is_aside = matches!(name, Some("mistakes" | "shell"));
            assert!(is_aside || shown.contains(&text.as_str()), "{name:?}");
        }
    }

    #[test]
    fn completions_know_every_command_and_option() {
        for shell in Kind::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut arguments::command(), "nethsm", &mut script);
            let script = String::from_utf8(script).expect("text");
            for (name, command) in commands() {
                // clap_complete gives fish two levels of commands and leaves out what is below.
                if *shell == Kind::Fish && name.matches('-').count() > 2 {
                    continue;
                }
                let word = command.get_name();
                assert!(script.contains(word), "{shell}: {name}");
                for long in command.get_arguments().filter_map(clap::Arg::get_long) {
                    assert!(script.contains(long), "{shell}: {name} --{long}");
                }
            }
        }
    }
}
