//! `verify`: signatures without an enclave.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use signstar_request_signature::{Checked, Error, Logs, Remote, Trust, Verdict, check};

use super::{
    arguments::Verify,
    defaults,
    report::{error_json, print},
    screen,
};

/// Checks the signatures of all files, says who made them and what was checked.
pub(crate) fn verify(arguments: &Verify) -> Result<u8, Error> {
    let trust = trust(arguments)?;
    let mut worst = 0;
    let mut failed: Vec<&PathBuf> = Vec::new();
    let mut good = 0;
    for file in &arguments.files {
        let outcomes = match check(file, &trust) {
            Ok(outcomes) => outcomes,
            Err(error) => vec![Verdict {
                signature: file.clone(),
                outcome: Err(error),
            }],
        };
        for Verdict { signature, outcome } in outcomes {
            match &outcome {
                Ok(_) => good += 1,
                Err(error) => {
                    worst = worst.max(error.exit_status());
                    if failed.last() != Some(&file) {
                        failed.push(file);
                    }
                }
            }
            if arguments.json {
                print(&line(file, &signature, &outcome));
                continue;
            }
            match outcome {
                Ok(checked) if !arguments.quiet => describe(&checked),
                Ok(_) => {}
                Err(error) => screen::complain(&error),
            }
        }
    }
    let all = arguments.files.len();
    if arguments.json {
        let numbers = json!({"files": all, "good": good, "failed": failed.len(), "status": worst});
        print(&json!({ "summary": numbers }));
    } else {
        screen::summary(&failed, all, "do not hold a good signature");
    }
    Ok(worst)
}

fn trust(arguments: &Verify) -> Result<Trust, Error> {
    let known = match (&arguments.enclave, arguments.certificate.is_empty()) {
        (None, false) => Remote::default(),
        (name, _) => defaults::enclave(name.as_deref(), None)?,
    };
    let logs = match (&arguments.log_policy, arguments.log_key.is_empty()) {
        (Some(path), _) => Some(Logs::of_policy(path)?),
        (None, false) => Some(Logs::of_keys(&arguments.log_key)?),
        (None, true) => known.logs()?,
    };
    let trust = if arguments.certificate.is_empty() {
        known.trust()?
    } else {
        Trust::read(&arguments.certificate)?.for_namespace(known.ssh_namespace)
    };
    Ok(trust.with_logs(logs))
}

fn describe(checked: &Checked) {
    let signature = checked.signature.display();
    screen::say(format!("good signature {signature}"));
    if let Some(maker) = &checked.maker {
        let user = maker.user_id.as_deref();
        screen::say(format!("  by   {}", user.unwrap_or("nobody in particular")));
        screen::say(format!("  key  {}", key(&maker.key)));
        screen::say(format!(
            "       which counts because of {}",
            maker.anchor.display()
        ));
    }
    if let Some(created) = time(checked) {
        screen::say(format!("  made {created}, when the key was valid"));
    }
    screen::say(format!("  kind {}", checked.kind));
    screen::say(format!("  file {} octets with the SHA-512", checked.length));
    let digest = hex(&checked.digest);
    let (first, second) = digest.split_at(64);
    screen::say(format!("       {first}"));
    screen::say(format!("       {second}"));
    if let Some(recorded) = &checked.recorded {
        let (index, origin) = (recorded.index(), recorded.origin());
        screen::say(format!("  log  entry {index} of {origin}"));
        if checked.opens_name {
            screen::say("       which hides the name of the file, and the salt shows it");
        }
    }
}

fn line(file: &Path, signature: &Path, outcome: &Result<Checked, Error>) -> Value {
    let mut line = json!({
        "file": file.display().to_string(),
        "outcome": if outcome.is_ok() { "good" } else { "failed" },
    });
    let members = match outcome {
        Ok(checked) => json!({
            "signature": signature.display().to_string(),
            "kind": checked.kind,
            "key": checked.maker.as_ref().map(|maker| key(&maker.key)),
            "user-id": checked.maker.as_ref().and_then(|maker| maker.user_id.clone()),
            "certificate": checked.maker.as_ref().map(|maker| maker.anchor.display().to_string()),
            "created": time(checked),
            "length": checked.length,
            "sha512": hex(&checked.digest),
            "log": checked.recorded.as_ref().map(|recorded| json!({
                "origin": recorded.origin(),
                "index": recorded.index(),
                "opens-name": checked.opens_name,
            })),
        }),
        Err(error) => json!({
            "signature": (signature != file).then(|| signature.display().to_string()),
            "error": error_json(error),
        }),
    };
    if let (Value::Object(line), Value::Object(members)) = (&mut line, members) {
        line.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
    }
    line
}

/// Fingerprints are read in capitals; what has other letters is written as OpenSSH does.
fn key(key: &str) -> String {
    if key.chars().all(|c| c.is_ascii_hexdigit()) {
        key.to_uppercase()
    } else {
        key.to_owned()
    }
}

fn time(checked: &Checked) -> Option<String> {
    let created = Timestamp::try_from(checked.created?).ok()?;
    Some(created.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
