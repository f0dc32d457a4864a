//! A host whose credentials are in shares, with its holders.

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

pub(crate) const HOLDERS: [&str; 3] = ["holder-a", "holder-b", "holder-c"];
const MEMORY: &str = "/dev/shm";

/// A host whose credentials are in shares, two of three, with everything below one folder.
pub(crate) struct Host {
    pub(crate) folder: TempDir,
    pub(crate) volatile: TempDir,
    url: String,
    pub(crate) pin: String,
    _server: Server,
}

/// Says why a story is not told here.
#[expect(clippy::print_stderr, reason = "whoever runs the tests has to know")]
pub(crate) fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

impl Host {
    /// `None` where a program is missing that the story takes.
    pub(crate) fn new(programs: &[&str]) -> Option<Self> {
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn declare(&self, threshold: u8, holders: &[&str], volatile: &Path) {
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
    pub(crate) fn ends(&self, words: &[&str], status: i32) -> String {
        let output = Command::new(program())
            .args(self.words(words))
            .output()
            .expect("it runs");
        let told = told(&output);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {told}");
        told
    }

    /// As over SSH: what a holder asks for, and what it sends.
    pub(crate) fn asks(&self, holder: &str, command: &str, sent: &[u8]) -> Output {
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
    pub(crate) fn decrypted(&self, holder: &str, sealed: &[u8]) -> Vec<u8> {
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
    pub(crate) fn hands_in(&self, holder: &str, command: &str) {
        let sealed = self.asks(holder, command, b"");
        assert!(sealed.status.success(), "{}", told(&sealed));
        let share = self.decrypted(holder, &sealed.stdout);
        let taken = self.asks(holder, "upload", &share);
        assert!(taken.status.success(), "{}", told(&taken));
    }

    pub(crate) fn uploads(&self) -> usize {
        let folders = fs::read_dir(self.volatile.path()).expect("there");
        let folders = folders.flatten().map(|folder| folder.path());
        folders
            .map(|folder| fs::read_dir(folder).expect("there").count())
            .sum()
    }

    /// From nothing to a device with credentials that two of three open.
    pub(crate) fn deploy(&self) {
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
    pub(crate) fn secret(&self) -> Vec<u8> {
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
    pub(crate) fn killed(&self, words: &[&str], call: &str, nth: usize) -> bool {
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

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_signstar-configure")
}

pub(crate) fn told(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stdout);
    format!("{told}{}", String::from_utf8_lossy(&output.stderr))
}
