//! A log in a folder of its own, with its writer as a process.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use signstar::log::{Hash, Policy, Proof, Reader, SignedCheckpoint, VerifierKey};
use signstar_log::{Folder, client::Client};
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_signstar-log");
const ORIGIN: &str = "signstar.example.org/log";

/// A folder with a key and a log.
pub(crate) struct Room {
    folder: TempDir,
    pub(crate) key: VerifierKey,
}

/// A running writer. It is killed when this is dropped.
pub(crate) struct Writer(Child);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Room {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("signstar-log-")
            .tempdir()
            .expect("a folder");
        let made = Command::new(PROGRAM)
            .args(["key", "generate", "--origin", ORIGIN])
            .arg(folder.path().join("key"))
            .output()
            .expect("the program");
        let key = String::from_utf8(made.stdout).expect("text");
        let key = key.trim().parse().expect("a verifier key");
        Self { folder, key }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("socket")
    }

    pub(crate) fn log(&self) -> Folder {
        Folder::new(self.path("log"))
    }

    pub(crate) fn serve(&self) -> Command {
        self.serve_in("log")
    }

    /// The same with the log in another folder.
    pub(crate) fn serve_in(&self, log: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(["serve", "--dir"])
            .arg(self.path(log))
            .arg("--socket")
            .arg(self.socket())
            .arg("--key")
            .arg(self.path("key"));
        command
    }

    /// Starts the writer and returns when it listens.
    pub(crate) fn start(&self) -> Writer {
        self.start_with(&mut self.serve())
            .expect("the writer starts")
    }

    /// The same, with a command that may not get that far.
    pub(crate) fn start_with(&self, command: &mut Command) -> Option<Writer> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program");
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        let writer = Writer(child);
        let expected = format!("signstar-log listening on {}\n", self.socket().display());
        (line == expected).then_some(writer)
    }

    /// Starts the writer, which must not get far, and returns what it said.
    #[track_caller]
    pub(crate) fn refused(&self) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.serve().output().expect("the program");
        let said = String::from_utf8(stderr).expect("text");
        assert_eq!(status.code(), Some(1), "{said}");
        assert_eq!(stdout, b"", "{said}");
        assert!(said.contains("\nhint: "), "{said}");
        said
    }

    /// Runs another command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let output = Command::new(PROGRAM).args(arguments).output();
        let output = output.expect("the program");
        Said {
            status: output.status.code().expect("not killed"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.socket(), Duration::from_secs(20))
    }

    /// The checkpoint that is published, verified.
    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        let octets = self.log().checkpoint().expect("a disk").expect("a log");
        SignedCheckpoint::open(&octets, &self.key).expect("a checkpoint that verifies")
    }

    /// Every entry, each checked against the checkpoint.
    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        let head = *self.checkpoint().head();
        let mut reader = Reader::open(self.log(), head).expect("the edge");
        (0..head.size.div_ceil(256))
            .flat_map(|bundle| reader.bundle(bundle).expect("a bundle"))
            .collect()
    }

    /// Checks a proof that was handed out, and that its checkpoint is one of the log of today.
    pub(crate) fn check(&self, proof: &str, entry: &[u8]) -> u64 {
        let proof = Proof::parse(proof.as_bytes()).expect("a proof");
        let policy = Policy::of_log(self.key.clone());
        let (proved, then) = proof.entry(&policy).expect("it holds");
        assert_eq!(proved, entry);
        let now = *self.checkpoint().head();
        let mut reader = Reader::open(self.log(), now).expect("the edge");
        assert_eq!(
            reader.root_at(then.head().size).expect("an earlier tree"),
            then.head().root,
            "a checkpoint that was handed out is none of this log"
        );
        proof.index()
    }
}

impl Writer {
    /// Ends it as a host that goes down does, and returns its exit status.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).expect("an id"));
        nix::sys::signal::kill(id, nix::sys::signal::SIGTERM).expect("own child");
        self.0.wait().expect("own child").code()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.0.wait().expect("own child").code()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Fails only if it has ended, and that is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An entry of `builder`, in its canonical form, as good as any until its signature is verified.
pub(crate) fn entry(id: Option<&str>, file: &str) -> Vec<u8> {
    let digest = hex(Hash::leaf(file.as_bytes()).as_octets());
    let id = id.map_or(String::new(), |id| format!("\"request-id\":\"{id}\","));
    format!(
        "{{\"client\":\"builder\",\"file-length\":1,\"file-name\":\"{file}\",\
         \"file-sha512\":\"{digest}{digest}\",\"hsm-input\":\"AA==\",\
         \"issuer\":\"0000000000000000000000000000000000000000\",\"key\":\"packages\",\
         \"output\":\"OpenPGPv4\",{id}\"signature\":\"AA==\",\"time\":1767225600,\"version\":1}}"
    )
    .into_bytes()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Appends so many entries, and stops the writer.
pub(crate) fn grow(room: &Room, count: usize) {
    let writer = room.start();
    let client = room.client();
    std::thread::scope(|scope| {
        for worker in 0..32 {
            let client = &client;
            scope.spawn(move || {
                for number in (worker..count).step_by(32) {
                    let entry = entry(None, &format!("file-{number}"));
                    client.append(entry).expect("a proof");
                }
            });
        }
    });
    assert_eq!(writer.stop(), Some(0));
}

/// Says why a story is not told here.
pub(crate) fn skipped(why: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stderr(), "skipped: {why}");
}
