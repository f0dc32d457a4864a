//! Witnesses: real ones as processes, and one that does whatever a test tells it to.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use signstar::log::{Policy, Proof, SignedCheckpoint, VerifierKey};

use crate::room::{PROGRAM, Room, Said};

/// A witness as `signstar-log witness` is one. It is killed when this is dropped.
pub(crate) struct Witness {
    name: String,
    pub(crate) key: VerifierKey,
    pub(crate) address: String,
    process: Option<Child>,
    log: String,
    folder: PathBuf,
}

impl Witness {
    /// Makes the witness `name` of the log in `room`, and starts it.
    pub(crate) fn of(room: &Room, name: &str) -> Self {
        let folder = room.path(&format!("{name}.seen"));
        let file = room.path(&format!("{name}.key"));
        let key = room.run(&[
            "key",
            "generate",
            &file.display().to_string(),
            "--witness",
            &format!("{name}.example.org"),
        ]);
        let mut witness = Self {
            name: name.to_owned(),
            key: key.stdout.trim().parse().expect("a verifier key"),
            address: "127.0.0.1:0".to_owned(),
            process: None,
            log: room.key.to_string(),
            folder,
        };
        witness.start(room);
        witness
    }

    /// Starts it again, at the same address.
    pub(crate) fn start(&mut self, room: &Room) {
        let mut child = Command::new(PROGRAM)
            .args([
                "witness",
                "--listen",
                &self.address,
                "--log",
                &self.log,
                "--dir",
            ])
            .arg(&self.folder)
            .arg("--key")
            .arg(room.path(&format!("{}.key", self.name)))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        let address = line
            .trim_end()
            .strip_prefix("signstar-log witness listening on http://");
        self.address = address.expect("it listens").to_owned();
        self.process = Some(child);
    }

    /// Kills it as a loss of power does.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().expect("own child");
            child.wait().expect("own child");
        }
    }

    /// Its line in a policy.
    pub(crate) fn line(&self) -> String {
        line(&self.name, &self.key, &self.address)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.stop();
    }
}

fn line(name: &str, key: &VerifierKey, address: &str) -> String {
    format!("witness {name} {key} http://{address}/w\n")
}

/// What a witness of a test does with a question: it may ask the real one.
pub(crate) type Manners = Box<dyn Fn(&str, &dyn Fn(&str) -> Told) -> Told + Send>;

/// Status and body of an answer.
pub(crate) type Told = (u16, String);

/// Stands before a real witness and does what a test tells it to. It ends with the test.
pub(crate) struct Impostor {
    pub(crate) address: String,
    manners: Arc<Mutex<Manners>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Impostor {
    pub(crate) fn before(witness: &Witness, manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let manners = Arc::new(Mutex::new(manners));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (mine, heard) = (manners.clone(), asked.clone());
        let real = witness.address.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let body = question(&mut stream);
                heard.lock().expect("no panic").push(body.clone());
                let ask = |body: &str| ask(&real, body);
                let (status, told) = (mine.lock().expect("no panic"))(&body, &ask);
                let length = told.len();
                // Who lost patience does not listen any more.
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n\
                     {told}"
                );
            }
        });
        Self {
            address,
            manners,
            asked,
        }
    }

    /// From now on it does this.
    pub(crate) fn mend(&self, manners: Manners) {
        *self.manners.lock().expect("no panic") = manners;
    }

    /// The line `old SIZE` of each question so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no panic");
        let first = |body: &String| body.lines().next().unwrap_or_default().to_owned();
        asked.iter().map(first).collect()
    }

    /// Its line in a policy, with the key of the real one.
    pub(crate) fn line(&self, real: &Witness) -> String {
        line(&real.name, &real.key, &self.address)
    }
}

/// The body of a question.
fn question(stream: &mut TcpStream) -> String {
    let mut input = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        input.read_line(&mut line).expect("a head");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).expect("a body");
    String::from_utf8(body).expect("text")
}

/// Asks a witness by hand.
pub(crate) fn ask(address: &str, body: &str) -> Told {
    let (status, _, body) = ask_at(address, "POST", "/add-checkpoint", body);
    (status, body)
}

/// The same of any path: status, head, body.
pub(crate) fn ask_at(address: &str, verb: &str, path: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a socket");
    let length = body.len();
    write!(
        stream,
        "{verb} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status");
    let status = status.parse().expect("a number");
    (status, head.to_owned(), body.to_owned())
}

/// Writes the policy of the log in `room` with these `lines`, and returns its path.
pub(crate) fn policy(room: &Room, lines: &str) -> String {
    let path = room.path("policy");
    fs::write(&path, format!("log {}\n{lines}", room.key)).expect("a file");
    path.display().to_string()
}

/// The command of a writer with that policy.
pub(crate) fn serve(room: &Room, policy: &str) -> Command {
    let mut command = room.serve();
    command.args(["--witness-policy", policy, "--witness-seconds", "3"]);
    command
}

/// Asks until there is an answer that will do, as long as a patient test waits.
pub(crate) fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(answer) = ask() {
            return answer;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("it never happened");
}

/// Whether the policy in the file `policy` accepts a proof.
pub(crate) fn accepts(policy: &str, proof: &str) -> bool {
    let policy = Policy::parse(&fs::read(policy).expect("a file")).expect("a policy");
    let proof = Proof::parse(proof.as_bytes()).expect("a proof");
    proof.entry(&policy).is_ok()
}

/// How many have signed a checkpoint.
pub(crate) fn signatures(checkpoint: &SignedCheckpoint) -> usize {
    checkpoint.note().signatures().len()
}

/// Starts a writer with that policy, which must not get far, and returns what it said.
#[track_caller]
pub(crate) fn refused(room: &Room, policy: &str) -> Said {
    let output = serve(room, policy).output().expect("the program");
    let said = Said {
        status: output.status.code().expect("not killed"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    };
    assert_eq!((said.status, &*said.stdout), (1, ""), "{said:?}");
    assert!(said.stderr.contains("\nhint: "), "{said:?}");
    said
}

/// Copies a folder of a room.
pub(crate) fn copy(room: &Room, from: &str, to: &str) {
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(room.path(from))
        .arg(room.path(to))
        .status()
        .expect("cp");
    assert!(copied.success());
}
