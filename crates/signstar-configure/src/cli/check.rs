//! `signstar-configure check`.

use std::{
    io::{self, Write},
    path::Path,
};

use clap::Args;
use signstar::config::Mistake;
use signstar_configure::{Checked, Error, Status, check};

/// Check the configuration, without reaching for anything.
///
/// Tells all mistakes, each with its line and, where that can be told, with what to write instead;
/// then what is allowed and probably not meant. Exit status: 0 it is right; 1 it is not.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// Print one object of JSON: `mistakes` and `advice`, each with `line`, `place`, `what` and
    /// `hint`.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self, config: Option<&Path>) -> Result<Status, Error> {
        let checked = check(config)?;
        let shown = match self.json {
            true => show_json(&checked),
            false => show(&checked),
        };
        shown.map_err(Error::Output)?;
        Ok(match checked.mistakes.is_empty() {
            true => Status::Done,
            false => Status::Failed,
        })
    }
}

fn show(checked: &Checked) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let path = checked.path.display();
    let mistakes = checked.mistakes.iter().map(|one| ("error", one));
    let advice = checked.advice.iter().map(|one| ("advice", one));
    for (kind, mistake) in mistakes.chain(advice) {
        let Mistake {
            line,
            place,
            what,
            hint,
        } = mistake;
        let place = match place.is_empty() {
            true => String::new(),
            false => format!("{place}: "),
        };
        writeln!(stdout, "{kind}: {path}:{line}: {place}{what}")?;
        if let Some(hint) = hint {
            writeln!(stdout, "hint: {hint}")?;
        }
    }
    match checked.mistakes.len() {
        0 => writeln!(stdout, "{path} is right"),
        1 => writeln!(stdout, "{path} has 1 mistake"),
        n => writeln!(stdout, "{path} has {n} mistakes"),
    }
}

fn show_json(checked: &Checked) -> io::Result<()> {
    let list = |all: &[Mistake]| -> Vec<serde_json::Value> {
        let one = |mistake: &Mistake| {
            serde_json::json!({
                "line": mistake.line,
                "place": mistake.place,
                "what": mistake.what,
                "hint": mistake.hint,
            })
        };
        all.iter().map(one).collect()
    };
    let all = serde_json::json!({
        "mistakes": list(&checked.mistakes),
        "advice": list(&checked.advice),
    });
    writeln!(io::stdout(), "{all}")
}
