//! What became of each file, in lines or in JSON.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use signstar_request_signature::{Error, Outcome, Target};

use super::screen;

/// What became of each file so far.
pub(crate) struct Report {
    targets: Vec<Target>,
    done: Vec<Option<Result<Outcome, u8>>>,
    is_json: bool,
    is_quiet: bool,
}

impl Report {
    pub(crate) fn new(targets: &[Target], is_json: bool, is_quiet: bool) -> Self {
        Self {
            targets: targets.to_vec(),
            done: vec![None; targets.len()],
            is_json,
            is_quiet,
        }
    }

    /// Takes down, and tells, what became of the file at `index`.
    pub(crate) fn done(&mut self, index: usize, outcome: Result<Outcome, &Error>) {
        let (Some(target), Some(done)) = (self.targets.get(index), self.done.get_mut(index)) else {
            return;
        };
        *done = Some(outcome.map_err(Error::exit_status));
        let (input, output) = (target.input.display(), target.output.display());
        match outcome {
            _ if self.is_json => {
                let mut line = Map::new();
                line.insert("file".into(), json!(input.to_string()));
                match outcome {
                    Ok(outcome) => {
                        line.insert("outcome".into(), json!(word(outcome)));
                        line.insert("signature".into(), json!(output.to_string()));
                    }
                    Err(error) => {
                        line.insert("outcome".into(), json!("failed"));
                        line.insert("error".into(), error_json(error));
                    }
                }
                print(&Value::Object(line));
            }
            Ok(Outcome::Signed) if !self.is_quiet => {
                screen::say(format!("signed {input} -> {output}"));
            }
            Ok(Outcome::Kept) if !self.is_quiet => screen::say(format!("kept {output}: it holds")),
            Ok(_) => {}
            Err(error) => screen::complain(error),
        }
    }

    /// How many files have this outcome.
    fn count(&self, outcome: Outcome) -> usize {
        let is = |done: &&Option<_>| **done == Some(Ok(outcome));
        self.done.iter().filter(is).count()
    }

    /// How many files are done, whatever became of them.
    pub(crate) fn count_done(&self) -> usize {
        self.done.iter().flatten().count()
    }

    /// Tells what became of all files, and returns the exit status. `hopeless` is why the rest
    /// was not tried.
    pub(crate) fn end(&mut self, hopeless: Option<&Error>) -> u8 {
        let worst = (self.done.iter().flatten())
            .filter_map(|done| done.err())
            .chain(hopeless.map(Error::exit_status))
            .max()
            .unwrap_or(0);
        if self.is_json {
            self.fail_rest(hopeless);
            let mut summary = self.summary(worst);
            if let Some(error) = hopeless {
                summary.insert("error".into(), error_json(error));
            }
            print(&json!({ "summary": summary }));
            return worst;
        }
        if let Some(error) = hopeless {
            screen::complain(error);
        }
        let failed: Vec<&PathBuf> = (self.targets.iter().zip(&self.done))
            .filter(|(_, done)| !matches!(done, Some(Ok(_))))
            .map(|(target, _)| &target.input)
            .collect();
        screen::summary(&failed, self.targets.len(), "are not signed");
        worst
    }

    /// Gives every file a line of its own that has none yet.
    fn fail_rest(&mut self, hopeless: Option<&Error>) {
        let Some(error) = hopeless else { return };
        for index in 0..self.done.len() {
            if self.done.get(index) == Some(&None) {
                self.done(index, Err(error));
            }
        }
    }

    /// Tells what was done until the program was interrupted.
    pub(crate) fn interrupted(&self, status: u8) {
        let (signed, kept) = (self.count(Outcome::Signed), self.count(Outcome::Kept));
        let all = self.targets.len();
        if self.is_json {
            let mut summary = self.summary(status);
            summary.insert("interrupted".into(), json!(true));
            print(&json!({ "summary": summary }));
            return;
        }
        let kept = match kept {
            0 => String::new(),
            kept => format!(", {kept} were before"),
        };
        screen::note(format!(
            "error: interrupted: {signed} of {all} files are signed{kept}\n\
             hint: the same command with --skip-existing signs the rest"
        ));
    }

    fn summary(&self, status: u8) -> Map<String, Value> {
        let (signed, kept) = (self.count(Outcome::Signed), self.count(Outcome::Kept));
        let failed = self.done.iter().flatten().filter(|done| done.is_err());
        let numbers = [
            ("files", self.targets.len()),
            ("signed", signed),
            ("kept", kept),
            ("failed", failed.count()),
            ("status", usize::from(status)),
        ];
        numbers
            .map(|(name, number)| (name.to_owned(), json!(number)))
            .into_iter()
            .collect()
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Signed => "signed",
        Outcome::Kept => "kept",
    }
}

/// What went wrong, for a program.
pub(crate) fn error_json(error: &Error) -> Value {
    let mut json = json!({
        "message": error.to_string(),
        "hint": error.hint(),
        "status": error.exit_status(),
    });
    if let (Error::Refused { code, retry, .. }, Value::Object(members)) = (error, &mut json) {
        members.insert("code".into(), json!(code));
        members.insert("retry".into(), json!(retry));
    }
    json
}

/// One line of JSON.
pub(crate) fn print(value: &Value) {
    screen::say_json(value);
}

/// What ended the program before anything was done.
pub(crate) fn complain_in_json(error: &Error) {
    print(&json!({ "error": error_json(error) }));
}
