//! Disks that are full or become read-only, in truth: small ones that are mounted for one test.
//!
//! Without the right to mount, the stories say so and end. `disk.rs` tells similar ones that need
//! no such right.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use signstar_log::client::ClientError;

use crate::room::{Room, entry, skipped};

/// A shell in a mount namespace of its own, with a small disk at `disk` of a room. It and its
/// writer end with this.
struct Mounted<'a> {
    room: &'a Room,
    shell: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl<'a> Mounted<'a> {
    /// Mounts a tmpfs of this size; nothing where that is not allowed.
    fn with(room: &'a Room, size: &str) -> Option<Self> {
        let shell = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let Ok(mut shell) = shell else {
            skipped("there is no unshare(1)");
            return None;
        };
        let stdin = shell.stdin.take();
        let stdout = BufReader::new(shell.stdout.take().expect("a pipe"));
        let mut mounted = Self {
            room,
            shell,
            stdin,
            stdout,
        };
        let disk = room.path("disk");
        fs::create_dir(&disk).expect("a folder");
        let disk = disk.display();
        let script = format!(
            "trap '[ -z \"$writer\" ] || kill $writer 2>&-' EXIT; \
             mount -t tmpfs -o size={size} none '{disk}'"
        );
        let (said, status) = mounted.run(&script);
        if status != "0" {
            skipped(&format!("nothing can be mounted: {said}"));
            return None;
        }
        Some(mounted)
    }

    /// Runs a line of shell, and returns what it says and its exit status.
    fn run(&mut self, script: &str) -> (String, String) {
        let stdin = self.stdin.as_mut().expect("open");
        // Where the shell did not even start, there is nobody to read.
        let _ = writeln!(stdin, "{{ {script}; }} 2>&1; echo \"done: $?\"");
        let mut said = String::new();
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line).expect("text") == 0 {
                return (said, "ended".to_owned());
            }
            match line.strip_prefix("done: ") {
                Some(status) => return (said, status.trim().to_owned()),
                None => said.push_str(&line),
            }
        }
    }

    /// Starts the writer on the disk and returns when it listens.
    fn start(&mut self, more: &str) {
        let serve = self.room.serve_in("disk/log");
        let words: Vec<_> = [serve.get_program()]
            .into_iter()
            .chain(serve.get_args())
            .map(|word| format!("'{}'", word.display()))
            .collect();
        let said = self.room.path("said");
        let script = format!(
            "{} {more} > '{}' 2>&1 & writer=$!",
            words.join(" "),
            said.display()
        );
        // Of an earlier writer.
        let _ = fs::remove_file(self.room.socket());
        self.run(&script);
        let end = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(self.room.socket()).is_err() {
            let words = fs::read_to_string(&said).unwrap_or_default();
            assert!(Instant::now() < end, "it does not listen: {words}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the writer has ended, and returns its last words and its exit status.
    fn ended(&mut self) -> (String, String) {
        let (_, status) = self.run("wait $writer");
        let said = fs::read_to_string(self.room.path("said")).expect("text");
        (said, status)
    }

    /// Ends the writer, and copies the log to where a room expects it.
    fn bring_home(mut self) {
        self.run("kill $writer");
        let (said, status) = self.ended();
        assert_eq!(status, "0", "{said}");
        let copy = format!(
            "cp -a '{}' '{}'",
            self.room.path("disk/log").display(),
            self.room.path("log").display()
        );
        assert_eq!(self.run(&copy).1, "0");
    }

    /// Mounts the disk again with other options.
    fn remount(&mut self, options: &str) {
        let disk = self.room.path("disk");
        let script = format!("mount -o remount,{options} '{}'", disk.display());
        let (said, status) = self.run(&script);
        assert_eq!(status, "0", "{said}");
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // The shell ends with its input, and its last deed is to end the writer.
        self.stdin = None;
        let _ = self.shell.wait();
    }
}

/// Entries and the proofs that were handed out for them.
type Promised = Vec<(String, Vec<u8>)>;

/// Appends until the log is unavailable.
fn until_it_stops(room: &Room, promised: &mut Promised) -> ClientError {
    let client = room.client();
    loop {
        let number = promised.len();
        let entry = entry(Some(&format!("r-{number}")), &format!("file-{number}"));
        match client.append(entry.clone()) {
            Ok(proof) => promised.push((proof, entry)),
            Err(error) => return error,
        }
        assert!(promised.len() < 2000, "it stops before that");
    }
}

/// Every promise holds in the log of `room`, and our verifier agrees.
fn all_is_kept(room: &Room, promised: &Promised) {
    for (number, (proof, entry)) in (0..).zip(promised) {
        assert_eq!(room.check(proof, entry), number);
    }
    let log = room.path("log").display().to_string();
    let said = room.run(&["verify", &log, &room.key.to_string()]);
    assert_eq!(said.status, 0, "{said:?}");
}

#[test]
fn a_disk_without_room_stops_the_log_and_room_brings_it_back() {
    let room = Room::new();
    let Some(mut disk) = Mounted::with(&room, "160k") else {
        return;
    };
    disk.start("");
    let mut promised = Promised::new();
    let error = until_it_stops(&room, &mut promised);
    assert!(matches!(error, ClientError::Unavailable { .. }), "{error}");
    assert!(!promised.is_empty(), "there was room for some");
    let (said, status) = disk.ended();
    assert_eq!(status, "1", "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(said.contains("hint: check space, permissions"), "{said}");

    disk.remount("size=16m");
    disk.start("");
    let client = room.client();
    // What was promised is on record once; what was not is appended when it is asked for again.
    for (proof, entry) in &promised {
        let again = client.append(entry.clone()).expect("a proof");
        assert_eq!(index(&again), index(proof));
    }
    for number in promised.len()..promised.len() + 20 {
        let entry = entry(Some(&format!("r-{number}")), &format!("file-{number}"));
        let proof = client.append(entry.clone()).expect("there is room again");
        promised.push((proof, entry));
    }
    disk.bring_home();
    all_is_kept(&room, &promised);
    assert_eq!(room.entries().len(), promised.len());
}

#[test]
fn a_disk_that_becomes_read_only_under_a_running_log_stops_it() {
    let room = Room::new();
    let Some(mut disk) = Mounted::with(&room, "16m") else {
        return;
    };
    // A disk cannot become read-only while a file on it is open for writing, like the lock.
    let state = format!("--state '{}'", room.path("state").display());
    disk.start(&state);
    let client = room.client();
    let mut promised = Promised::new();
    for number in 0..3 {
        let entry = entry(None, &format!("file-{number}"));
        promised.push((client.append(entry.clone()).expect("a proof"), entry));
    }
    disk.remount("ro");
    let error = client.append(entry(None, "late")).expect_err("read-only");
    assert!(matches!(error, ClientError::Unavailable { .. }), "{error}");
    let (said, status) = disk.ended();
    assert_eq!(status, "1", "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
    assert!(said.contains("hint: check space, permissions"), "{said}");

    disk.remount("rw");
    disk.start(&state);
    let entry = entry(None, "after");
    let proof = room.client().append(entry.clone()).expect("a proof");
    promised.push((proof, entry));
    disk.bring_home();
    all_is_kept(&room, &promised);
}

fn index(proof: &str) -> u64 {
    let proof = signstar::log::Proof::parse(proof.as_bytes()).expect("a proof");
    proof.index()
}
