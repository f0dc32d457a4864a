//! Ceremonies that end in the middle: whatever was interrupted, the credentials can be opened.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use nethsm::client::{Tls, Url};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use signstar_shares::{SealedBox, Share};
use softnethsm::{Device, Server};
use tempfile::TempDir;

const HOLDERS: [&str; 3] = ["holder-a", "holder-b", "holder-c"];
const MEMORY: &str = "/dev/shm";

/// A host whose credentials are in shares, two of three, with everything below one folder.
struct Host {
    folder: TempDir,
    volatile: TempDir,
    url: String,
    pin: String,
    _server: Server,
}

/// Says why a story is not told here.
#[expect(clippy::print_stderr, reason = "whoever runs the tests has to know")]
fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

impl Host {
    /// `None` where a program is missing that the story takes.
    fn new(programs: &[&str]) -> Option<Self> {
        let is_memory = statfs(MEMORY).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC);
        if !is_memory {
            skipped("there is no tmpfs at /dev/shm");
            return None;
        }
        for name in programs.iter().chain(&["age", "ssh-keygen"]) {
            if !Path::new("/usr/bin").join(name).exists() {
                skipped(&format!("{name} is not installed"));
                return None;
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let device = Device::open(&folder.path().join("device")).expect("a device");
        let server = Server::start(device, "127.0.0.1:0", None).expect("a server");
        let url = format!("https://{}/api/v1", server.address());
        let parsed: Url = url.parse().expect("an address");
        let pin = Tls::shown(&parsed, Duration::from_secs(30)).expect("a certificate");
        for holder in HOLDERS {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(folder.path().join(holder))
                .status();
            assert!(made.expect("it runs").success());
        }
        let host = Self {
            volatile: tempfile::tempdir_in(MEMORY).expect("a folder in memory"),
            pin: pin.to_string().replace("pin:", ""),
            _server: server,
            folder,
            url,
        };
        host.declare(2, &HOLDERS, host.volatile.path());
        Some(host)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn declare(&self, threshold: u8, holders: &[&str], volatile: &Path) {
        let here = self.folder.path().display();
        let mut text = format!(
            r#"domain = "signstar.example.org"
identity = "authorized-keys"
log = "unlogged"
journal = {{ file = "{here}/journal" }}
state = "{here}/state"
[administration]
credentials = "shares"
folder = "{here}/administration"
threshold = {threshold}
holders = {holders:?}
volatile = {volatile:?}
[hsm.main]
kind = "nethsm"
devices = [{{ url = {:?}, tls = "insecure" }}]
timeout-seconds = 30
"#,
            self.url
        );
        for holder in holders {
            let key = fs::read_to_string(self.path(&format!("{holder}.pub"))).expect("made");
            let key = key.trim();
            text += &format!("[user.{holder}]\nrole = \"share-holder\"\nssh-keys = [{key:?}]\n");
        }
        fs::write(self.path("signstar.toml"), text).expect("written");
    }

    fn words(&self, words: &[&str]) -> Vec<std::ffi::OsString> {
        let config = self.path("signstar.toml").into_os_string();
        let words = words.iter().map(std::ffi::OsString::from);
        words.chain(["--config".into(), config]).collect()
    }

    #[track_caller]
    fn ends(&self, words: &[&str], status: i32) -> String {
        let output = Command::new(program())
            .args(self.words(words))
            .output()
            .expect("it runs");
        let told = told(&output);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {told}");
        told
    }

    /// As over SSH: what a holder asks for, and what it sends.
    fn asks(&self, holder: &str, command: &str, sent: &[u8]) -> Output {
        let mut child = Command::new(program())
            .args(self.words(&["shares", "exchange", "--user", holder]))
            .env("SSH_ORIGINAL_COMMAND", command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        // Whoever is refused does not read it all.
        let _ = child.stdin.take().expect("piped").write_all(sent);
        child.wait_with_output().expect("it ends")
    }

    /// What the private key of `holder` makes of a share as it rests.
    fn decrypted(&self, holder: &str, sealed: &[u8]) -> Vec<u8> {
        let mut age = Command::new("age")
            .arg("-d")
            .arg("-i")
            .arg(self.path(holder))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        age.stdin
            .take()
            .expect("piped")
            .write_all(sealed)
            .expect("it reads");
        let output = age.wait_with_output().expect("it ends");
        assert!(output.status.success());
        output.stdout
    }

    /// Downloads with `command`, decrypts and uploads.
    #[track_caller]
    fn hands_in(&self, holder: &str, command: &str) {
        let sealed = self.asks(holder, command, b"");
        assert!(sealed.status.success(), "{}", told(&sealed));
        let share = self.decrypted(holder, &sealed.stdout);
        let taken = self.asks(holder, "upload", &share);
        assert!(taken.status.success(), "{}", told(&taken));
    }

    fn uploads(&self) -> usize {
        let folders = fs::read_dir(self.volatile.path()).expect("there");
        let folders = folders.flatten().map(|folder| folder.path());
        folders
            .map(|folder| fs::read_dir(folder).expect("there").count())
            .sum()
    }

    /// From nothing to a device with credentials that two of three open.
    fn deploy(&self) {
        let apply = ["hsm", "apply", "--trust-new", &self.pin];
        self.ends(&apply, 20);
        for holder in HOLDERS {
            self.hands_in(holder, "download");
        }
        let told = self.ends(&apply, 0);
        assert!(told.contains("provision"), "{told}");
        assert_eq!(self.uploads(), 0);
    }

    /// What the holders of the set in force open together, with no program of this crate.
    #[track_caller]
    fn secret(&self) -> Vec<u8> {
        let sets = self.path("administration/shares");
        let id = fs::read_to_string(sets.join("in-force")).expect("there");
        let set = sets.join(id.trim());
        let sealed = fs::read_to_string(set.join("box")).expect("there");
        let sealed = SealedBox::parse(&sealed).expect("a box");
        let shares: Vec<Share> = HOLDERS[..2]
            .iter()
            .map(|holder| {
                let at_rest = fs::read(set.join(format!("{holder}.age"))).expect("there");
                let text = String::from_utf8(self.decrypted(holder, &at_rest)).expect("text");
                Share::read(&text).expect("a share")
            })
            .collect();
        sealed
            .open(&shares)
            .expect("they open it")
            .secret()
            .expose()
            .to_vec()
    }

    /// Runs `words`, killed at the call number `nth` of `call`. `false`: it ended before that.
    fn killed(&self, words: &[&str], call: &str, nth: usize) -> bool {
        let status = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null"])
            .arg(format!("--trace={call}"))
            .arg(format!("--inject={call}:signal=KILL:when={nth}"))
            .arg(program())
            .args(self.words(words))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("it runs");
        status.code().is_none() || status.code() == Some(137)
    }
}

/// That nothing was there is no error.
fn gone(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_signstar-configure")
}

fn told(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stdout);
    format!("{told}{}", String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_renewal_that_is_killed_anywhere_leaves_shares_that_open() {
    let Some(host) = Host::new(&["strace"]) else {
        return;
    };
    host.deploy();
    let secret = host.secret();
    assert!(String::from_utf8_lossy(&secret).contains("unlock"));
    let (mut made, mut replaced) = (0, 0);
    for call in ["rename", "renameat", "fsync", "unlink"] {
        for nth in 1.. {
            for holder in &HOLDERS[..2] {
                host.hands_in(holder, "download in-force");
            }
            let killed = host.killed(&["shares", "renew", "--anew"], call, nth);
            assert_eq!(host.secret(), secret, "making, {call} {nth}");
            if !killed {
                break;
            }
            made += 1;
            // What was begun is put right, whatever it was.
            host.ends(&["shares", "renew", "--abandon"], 0);
        }
        // The last one was not killed: new shares wait.
        for nth in 1.. {
            for holder in HOLDERS {
                host.hands_in(holder, "download");
            }
            let killed = host.killed(&["shares", "renew"], call, nth);
            assert_eq!(host.secret(), secret, "replacing, {call} {nth}");
            if !killed {
                break;
            }
            replaced += 1;
            let told = host.ends(&["shares", "status"], 0);
            if !told.contains("waits to be confirmed") {
                // They were in force before it was killed: once more.
                host.ends(&["shares", "renew"], 0);
                for holder in &HOLDERS[..2] {
                    host.hands_in(holder, "download");
                }
                host.ends(&["shares", "renew", "--anew"], 20);
            }
        }
        assert_eq!(host.uploads(), 0);
        let told = host.ends(&["shares", "status"], 0);
        assert!(!told.contains("waits to be confirmed"), "{told}");
    }
    assert!(made > 20 && replaced > 10, "{made} and {replaced} times");
    let sets = fs::read_dir(host.path("administration/shares")).expect("there");
    let folders = sets.flatten().filter(|one| one.path().is_dir());
    assert_eq!(folders.count(), 1);
}

#[test]
fn a_first_deployment_that_is_killed_anywhere_comes_to_its_end() {
    let Some(host) = Host::new(&["strace"]) else {
        return;
    };
    let apply = ["hsm", "apply", "--trust-new", &host.pin];
    let mut killed = 0;
    // Before anybody has confirmed: shares are made.
    for call in ["renameat", "fsync"] {
        for nth in 1.. {
            // Nothing of the last try is left.
            let begun = host.path("administration/shares");
            fs::remove_dir_all(&begun).or_else(gone).expect("removed");
            if !host.killed(&apply, call, nth) {
                break;
            }
            killed += 1;
            host.ends(&["shares", "status"], 0);
            host.ends(&apply, 20);
        }
    }
    assert!(killed > 20, "{killed} times");
    host.ends(&apply, 20);
    for holder in HOLDERS {
        host.hands_in(holder, "download");
    }
    // Afterwards: they are put in force, credentials are made up, the device gets them.
    let mut secrets = Vec::new();
    killed = 0;
    // Every run goes on where the one before was killed, so it is killed early, and later and later.
    let early = [("rename", 1), ("fsync", 1), ("fsync", 5), ("renameat", 2)];
    let at_the_device = (1..).step_by(2).map(|nth| ("sendto", nth));
    for (call, nth) in early.into_iter().chain(at_the_device) {
        if host.uploads() == 0 {
            for holder in HOLDERS {
                host.hands_in(holder, "download");
            }
        }
        let was_killed = host.killed(&apply, call, nth);
        if host.path("administration/shares/in-force").exists() {
            secrets.push(String::from_utf8(host.secret()).expect("JSON"));
        }
        if !was_killed {
            break;
        }
        killed += 1;
    }
    assert!(killed > 10, "{killed} times");
    // Once there are credentials, they are the same for ever.
    secrets.retain(|secret| secret != "{}");
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    for holder in &HOLDERS[1..] {
        host.hands_in(holder, "download");
    }
    host.ends(&["hsm", "plan"], 0);
    host.ends(&apply, 0);
    assert_eq!(host.uploads(), 0);
}

#[test]
fn while_new_shares_wait_credentials_do_not_change() {
    let Some(host) = Host::new(&[]) else {
        return;
    };
    host.deploy();
    for holder in &HOLDERS[..2] {
        host.hands_in(holder, "download");
    }
    host.ends(&["shares", "renew", "--anew"], 20);
    let secret = host.secret();
    let path = host.path("signstar.toml");
    let text = fs::read_to_string(&path).expect("there");
    let more = text.replace(
        "timeout-seconds = 30",
        "timeout-seconds = 30\nadministrators = [\"admin\", \"second\"]",
    );
    fs::write(&path, more).expect("written");
    for holder in &HOLDERS[..2] {
        host.hands_in(holder, "download in-force");
    }
    let told = host.ends(&["hsm", "apply"], 1);
    assert!(told.contains("new shares wait to be confirmed"), "{told}");
    assert_eq!(host.secret(), secret);
    for holder in HOLDERS {
        host.hands_in(holder, "download");
    }
    host.ends(&["shares", "renew"], 0);
    for holder in &HOLDERS[1..] {
        host.hands_in(holder, "download");
    }
    let told = host.ends(&["hsm", "apply"], 0);
    assert!(told.contains("second"), "{told}");
    assert!(String::from_utf8_lossy(&host.secret()).contains("second"));
}

#[test]
fn a_share_is_not_taken_where_it_would_reach_a_disk() {
    let Some(host) = Host::new(&[]) else {
        return;
    };
    let disk = host.path("disk");
    if statfs(host.folder.path()).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC) {
        skipped("the folder for temporary files is in memory");
        return;
    }
    host.declare(2, &HOLDERS, &disk);
    host.ends(&["hsm", "apply", "--trust-new", &host.pin], 20);
    let sealed = host.asks("holder-a", "download", b"");
    let share = host.decrypted("holder-a", &sealed.stdout);
    let refused = host.asks("holder-a", "upload", &share);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("not on a tmpfs"),
        "{}",
        told(&refused)
    );
    assert_eq!(
        fs::read_dir(disk.join("holder-a")).expect("made").count(),
        0
    );
}

#[test]
fn a_plan_for_programs_has_what_is_to_be_done_about_shares() {
    let Some(host) = Host::new(&[]) else {
        return;
    };
    let told = host.ends(&["hsm", "plan", "--json", "--trust-new", &host.pin], 10);
    let plan: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    let steps = &plan["[administration]"]["steps"];
    let first = steps[0].as_str().expect("one");
    assert!(first.contains("make shares for 3 holders"), "{first}");
    assert!(plan["main"]["steps"].as_array().is_some());
    let told = host.ends(&["shares", "renew"], 22);
    assert!(told.contains("hsm apply"), "{told}");
}

#[test]
fn who_holds_no_share_gets_nothing() {
    let Some(host) = Host::new(&[]) else {
        return;
    };
    host.ends(&["hsm", "apply", "--trust-new", &host.pin], 20);
    let stranger = host.asks("holder-z", "download", b"");
    assert_eq!(stranger.status.code(), Some(3), "{}", told(&stranger));
    assert_eq!(told(&stranger).lines().next(), Some("error: not permitted"));
    // Somebody who is to hold a share, and for whom none was made yet.
    host.declare(2, &HOLDERS[..2], host.volatile.path());
    host.ends(&["shares", "renew"], 0);
    host.declare(2, &HOLDERS, host.volatile.path());
    let early = host.asks("holder-c", "upload", b"anything");
    assert_eq!(early.status.code(), Some(3));
    assert!(
        told(&early).contains("no share of yours"),
        "{}",
        told(&early)
    );
    let journal = fs::read_to_string(host.path("journal")).expect("written");
    assert!(
        journal.contains("\"outcome\":\"not-permitted\""),
        "{journal}"
    );
    assert!(!journal.contains("anything"), "{journal}");
}
