//! The page, in a real browser: it shows what verifies and refuses the rest.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use signstar::log::{Checkpoint, Edge, Hash, KeyName, Policy, Proof, SignedCheckpoint};
use signstar_log::{CheckpointKey as _, FileKey};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_signstar-log");
/// More than 16 tiles of leaves, none of the numbers round.
const SIZE: usize = 4213;
/// A checkpoint that the log had on its way, for the stories about its past.
const EARLIER: usize = 3100;

/// A folder with a key and a log.
struct Room {
    folder: TempDir,
    key: FileKey,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("signstar-log-page-")
            .tempdir()
            .expect("a folder");
        let origin = KeyName::new("log.example.org/2026").expect("a name");
        let key = FileKey::generate(&folder.path().join("key"), &origin).expect("a key");
        Self { folder, key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Grows the log `name` step by step, and keeps each checkpoint beside it.
    fn grow(&self, name: &str, entries: &[Vec<u8>]) {
        fs::create_dir(self.path(name)).expect("a folder");
        let mut edge = Edge::new();
        for end in [0, EARLIER, SIZE] {
            let from = usize::try_from(edge.size()).expect("small");
            let growth = edge.grow(&entries[from..end]).expect("short entries");
            for file in growth.files() {
                let path = self.path(name).join(file.tile.path());
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, &file.octets).expect("a disk");
            }
            let checkpoint = Checkpoint::new(self.key.verifier().name(), growth.head());
            let text = checkpoint.to_string();
            let raw = self.key.sign(text.as_bytes()).expect("a signature");
            let signed = SignedCheckpoint::assemble(&checkpoint, self.key.verifier(), &raw);
            let note = signed.expect("a checkpoint").note().to_string();
            fs::write(self.path(name).join("checkpoint"), &note).expect("a disk");
            fs::write(self.path(&format!("{name}.{end}")), &note).expect("a disk");
            edge = growth.into_edge();
        }
    }

    fn write_page(&self, name: &str, vkey: &str) -> Output {
        Command::new(PROGRAM)
            .arg("web")
            .arg(self.path(name))
            .args(["--vkey", vkey, "--title", "Example packages"])
            .output()
            .expect("the program")
    }
}

/// Entry number `index`, about a file that holds the text `file INDEX`.
fn entry(index: usize) -> Vec<u8> {
    const NAMES: [&str; 8] = [
        "linux",
        "openssl",
        "python",
        "glibc",
        "rust",
        "systemd",
        "zstd",
        "ca-certificates-utils",
    ];
    let salt = if index == 4002 { "salt, " } else { "" };
    let digest = hex(aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA512,
        format!("{salt}file {index}").as_bytes(),
    )
    .as_ref());
    let (a, b) = (index / 97 + 1, index % 13);
    let (output, digits, member, length) = match index {
        4001 => ("SSHSIG", 64, "file-sha512", 9),
        4002 => ("OpenPGPv6", 64, "file-salted-sha512", 9),
        _ => ("OpenPGPv4", 40, "file-sha512", 1000 + index * 7919),
    };
    let file = match index % 50 {
        7 => String::new(),
        13 if index == 4163 => r#""file-name":"<b onclick=alert(1)>\"\\\\<-b>.zst","#.to_owned(),
        11 => format!("\"file-name-commitment\":\"{}\",", &digest[..64]),
        _ => format!(
            "\"file-name\":\"{}-{a}.{b}-1-x86_64.pkg.tar.zst\",",
            NAMES[index % 8]
        ),
    };
    // An OpenPGP packet with a length of two octets and nothing sensible in it.
    let input = hex_base64(&digest[..128]);
    let signature = hex_base64(&format!("c2c07d04{}{}", &digest, &digest[..118]));
    let client = ["builder-1", "builder-2", "repository"][index % 3];
    let key = ["packages", "packages", "database"][index % 3];
    let time = 1_767_225_600 + index * 421;
    format!(
        "{{\"client\":\"{client}\",\"file-length\":{length},{file}\"{member}\":\"{digest}\",\
         \"hsm-input\":\"{input}\",\"issuer\":\"{issuer}\",\"key\":\"{key}\",\"output\":\"{output}\",\
         \"request-id\":\"r-{index}\",\"signature\":\"{signature}\",\"time\":{time},\"version\":1}}",
        issuer = &hex(Hash::leaf(key.as_bytes()).as_octets())[..digits],
    )
    .into_bytes()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn hex_base64(digits: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let octet = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal");
    let octets: Vec<u8> = (0..digits.len()).step_by(2).map(octet).collect();
    BASE64_STANDARD.encode(octets)
}

/// Runs a script of `tests/page`, unless there is no browser.
///
/// Says whether it ran.
#[expect(
    clippy::print_stderr,
    reason = "what was not tested has to be told to who runs the tests"
)]
fn in_a_browser(script: &str, arguments: &[&Path]) -> bool {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    let there = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .any(|name| Command::new(name).arg("--version").output().is_ok());
    if !there {
        eprintln!("SKIPPED: there is no chromium on this machine (Debian package `chromium`)");
        return false;
    }
    let output = Command::new("python3")
        .arg(scripts.join(script))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
    true
}

#[test]
fn the_page_passes_every_vector() {
    in_a_browser("vectors.py", &[]);
}

#[test]
fn the_page_shows_what_verifies_and_refuses_the_rest() {
    let room = Room::new();
    let entries: Vec<Vec<u8>> = (0..SIZE).map(entry).collect();
    room.grow("log", &entries);
    // The same key, another past: what a host does that rewrites its log.
    let forked: Vec<Vec<u8>> = (1..=SIZE).map(entry).collect();
    room.grow("fork", &forked);
    let vkey = room.key.verifier().to_string();
    for name in ["log", "fork"] {
        let wrote = room.write_page(name, &vkey);
        assert!(wrote.status.success(), "{wrote:?}");
    }
    if in_a_browser("story.py", &[room.folder.path()]) {
        // What the visitor saved is what the log would have handed out.
        let saved = fs::read(room.path("saved.proof")).expect("a proof");
        let proof = Proof::parse(&saved).expect("a proof");
        let policy = Policy::of_log(room.key.verifier().clone());
        let (proved, _) = proof.entry(&policy).expect("it holds");
        assert_eq!((proof.index(), proved), (2718, &*entries[2718]));
    }
}

#[test]
fn no_page_is_written_with_the_key_of_another_log() {
    let room = Room::new();
    let entries: Vec<Vec<u8>> = (0..SIZE).map(entry).collect();
    room.grow("log", &entries);
    let other = Room::new();
    let refused = room.write_page("log", &other.key.verifier().to_string());
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("is not that of the key"), "{said}");
    assert!(said.contains("\nhint: "), "{said}");
    assert!(!room.path("log/index.html").exists());
}

#[test]
fn a_page_is_replaced_as_a_whole() {
    let room = Room::new();
    let vkey = room.key.verifier().to_string();
    assert!(room.write_page("log", &vkey).status.success());
    let index = room.path("log/index.html");
    fs::write(&index, "something older").expect("a disk");
    assert!(room.write_page("log", &vkey).status.success());
    let page = fs::read_to_string(index).expect("a page");
    assert!(page.starts_with("<!doctype html>"), "{page}");
    let config = fs::read_to_string(room.path("log/page/config.json")).expect("a file");
    assert!(config.contains(&vkey), "{config}");
    let unfinished = fs::read_dir(room.path("log/page")).expect("a folder");
    for file in unfinished {
        let name = file.expect("a name").file_name();
        assert!(
            !name.to_string_lossy().starts_with('.'),
            "{}",
            name.display()
        );
    }
}
