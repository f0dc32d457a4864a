//! All that can go wrong, one thing after the other, while three clients ask.

use std::{env, path::Path, process::Command};

use crate::story::{Outcome, tell};

/// The same plan whenever nobody says otherwise.
const SEED: &str = "1";
/// Enough for many faults; the less else runs on the machine, the more.
const SECONDS: &str = "55";

#[test]
fn whatever_goes_wrong_nothing_is_lost_and_nothing_is_signed_twice() {
    let seed = env::var("FAULTS_SEED").unwrap_or_else(|_| SEED.to_owned());
    let program = Path::new(env!("CARGO_BIN_EXE_signstar-faults"));
    let mut command = Command::new(program);
    let outcome = Outcome::of(command.args(["--seed", &seed, "--seconds", SECONDS]));
    tell(&outcome.stdout);
    outcome.expect(0);
    let said = |text: &str| outcome.stdout.lines().any(|line| line.contains(text));
    // What needs no privilege happens everywhere.
    assert!(said(" s  ") && said("; 0 things wrong"), "{outcome:#?}");
}
