//! Where secrets go, as the kernel sees it, from the first day to a restored device.

use std::{fs, process::Command};

use crate::Host;

/// All that a run tells to anybody: programs that it starts, files, sockets and terminals.
const CALLS: &str = "trace=execve,write,writev,pwrite64,sendto,sendmsg,openat,rename,renameat2";

#[test]
#[expect(clippy::print_stderr, reason = "why a story was not run")]
fn a_secret_is_written_to_the_file_that_is_its_own_and_nowhere_else() {
    if Command::new("strace")
        .args(["-e", "trace=none", "true"])
        .output()
        .is_err()
    {
        eprintln!("not run: there is no strace");
        return;
    }
    let host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    let trace = host.path("trace");
    let mut secrets = Vec::new();
    let mut calls = String::new();
    let mut told = Vec::new();
    let url = host.devices[0].1.clone();
    for words in [
        &["hsm", "apply"][..],
        &["rotate"],
        &["rotate", "--administrators"],
        &["backup"],
        &["backup", "verify"],
        &["restore", "--device", &url, "NEWEST"],
        &["hsm", "apply"],
        &["hsm", "plan", "--json"],
    ] {
        let newest = || host.newest_backup().to_string_lossy().into_owned();
        let words: Vec<String> = words
            .iter()
            .map(|word| match *word {
                "NEWEST" => newest(),
                word => word.to_owned(),
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let program = host.command(&words);
        let output = Command::new("strace")
            .env_remove("TMPDIR")
            .args(["-f", "-v", "-y", "-s", "65536", "-e", CALLS, "-o"])
            .arg(&trace)
            .arg(program.get_program())
            .args(program.get_args())
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{output:?}");
        told.extend(output.stdout);
        told.extend(output.stderr);
        calls += &fs::read_to_string(&trace).expect("traced");
        secrets.extend(host.secrets());
    }
    let mut seen = 0;
    for call in calls.lines() {
        if !secrets.iter().any(|secret| call.contains(secret)) {
            continue;
        }
        seen += 1;
        let is_own = ["/secrets/.credential-", "/administration/.credential-"]
            .iter()
            .any(|folder| call.contains(folder));
        // The software HSM of a drill, which is sent the passphrase of the backup.
        let is_in_memory = call.contains("</dev/shm/.tmp") && call.contains("/scratch-");
        let mut shown = call.to_owned();
        for secret in &secrets {
            shown = shown.replace(secret, "SECRET");
        }
        assert!(
            (is_own || is_in_memory) && call.contains(" write("),
            "a secret went elsewhere: {shown}"
        );
    }
    // Each of them once: what is looked for is found where it may be.
    assert!(seen >= 6, "only {seen} calls with a secret");
    let told = String::from_utf8(told).expect("text");
    assert!(told.contains("1 keys sign") && told.contains("restored"));
    assert!(secrets.iter().all(|secret| !told.contains(secret)));
    let journal = fs::read_to_string(host.path("journal")).expect("lines");
    assert!(secrets.iter().all(|secret| !journal.contains(secret)));
}
