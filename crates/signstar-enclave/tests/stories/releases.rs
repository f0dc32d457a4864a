//! Clients and servers of the releases of 2025 and 2026.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::story::{GnuPg, Outcome, Story, signature, tell};

/// The variable that names `signstar-request-signature` of such a release.
const RELEASE: &str = "SIGNSTAR_RELEASE_CLIENT";

/// An `ssh-agent` with the key of `client1`, for clients that ask one.
struct Agent {
    process: Child,
    folder: tempfile::TempDir,
}

impl Agent {
    fn with_key_of(story: &Story) -> Self {
        let folder = tempfile::tempdir_in("/tmp").expect("a short folder");
        let socket = folder.path().join("agent");
        let process = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .expect("ssh-agent runs");
        let agent = Self { process, folder };
        let end = Instant::now() + Duration::from_secs(20);
        while !socket.exists() {
            assert!(Instant::now() < end, "no agent");
            sleep(Duration::from_millis(10));
        }
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(&story.description().clients[0].key);
        Outcome::of(add.env("SSH_AUTH_SOCK", &socket)).expect(0);
        agent
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The settings of such a client.
fn settings(story: &Story, agent: &Agent) -> PathBuf {
    let entry = &story.description().ssh;
    let known = fs::read_to_string(&entry.known_hosts).expect("readable");
    let public = story.description().clients[0].key.with_extension("pub");
    let public = fs::read_to_string(public).expect("readable");
    let text = format!(
        "[hosts.enclave]\n\
         host = {host:?}\n\
         port = {port}\n\
         known_hosts = [{known:?}]\n\
         \n\
         [users.{user}]\n\
         agent_socket = {socket:?}\n\
         user_public_key = {public:?}\n\
         hosts = [\"enclave\"]\n",
        host = entry.host,
        port = entry.port,
        known = known.trim(),
        user = entry.user,
        socket = agent.socket(),
        public = public.trim(),
    );
    story.file("request-signature.toml", text)
}

#[test]
fn a_client_of_a_release_gets_signatures_and_refusals() {
    let Some(release) = env::var_os(RELEASE) else {
        tell(&format!("SKIPPED: {RELEASE} names no client of a release"));
        return;
    };
    let story = Story::begin();
    let agent = Agent::with_key_of(&story);
    let settings = settings(&story, &agent);
    let send = |file: &PathBuf| {
        let mut send = story.command(release.as_ref());
        send.arg("send").arg("--config").arg(&settings);
        send.arg("--user").arg(&story.description().ssh.user);
        Outcome::of(send.arg(file))
    };
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for length in [0, 127, 128, 300_000] {
        let content: Vec<u8> = (0..=250).cycle().take(length).collect();
        let file = story.file("file", content);
        let outcome = send(&file);
        outcome.expect(0);
        let response: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        let armored = response["signature"].as_str().expect("a signature");
        let signature = story.file("file.asc", armored);
        gpg.verify_as(&file, &signature).expect("gpg accepts");
    }

    // What it prepares is what our client passes on, and the other way round.
    let file = story.file("file", "content");
    let theirs = Outcome::of(story.command(release.as_ref()).arg("prepare").arg(&file));
    theirs.expect(0);
    let mut ours = story.client_program("send");
    ours.arg("--ssh").arg(story.home().join("ssh/connect"));
    let answer = Outcome::with_input(ours.args(["--to", "client1", "-"]), theirs.stdout);
    answer.expect(0);
    let response: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let armored = response["signature"].as_str().expect("a signature");
    let signature = story.file("file.asc", armored);
    gpg.verify_as(&file, &signature).expect("gpg accepts");

    story.reconfigure(|text| text.replace("outputs = [", "enabled = false\noutputs = ["));
    let refused = send(&file);
    refused.expect_failure();
    assert_eq!(refused.stdout, "");
}

/// An `ssh` behind which a server of such a release stands: it reads to the end of its input, takes
/// exactly one request, answers as 1.0.0 does, and ends; in place of a refusal it ends with 1.
///
/// It takes any request of version 1, knows nothing of what is optional, and makes OpenPGP
/// signatures of version 4 only.
fn server(story: &Story) -> PathBuf {
    let path = story.path().join("release-server");
    let (connect, count) = (story.home().join("ssh/connect"), connections(story));
    let script = format!(
        "#!/bin/sh\n\
         case \" $* \" in *' -G '*) exit 1 ;; esac\n\
         echo x >> {count:?}\n\
         input=$(cat)\n\
         test \"$(printf '%s' \"$input\" | grep -c '\"required\"')\" = 1 || exit 1\n\
         case $input in *'\"OpenPGPv4\"'*) ;; *) exit 1 ;; esac\n\
         plain=$(printf '%s' \"$input\" | sed 's/\"version\":\"1.1.0\"/\"version\":\"1.0.0\"/')\n\
         answer=$(printf '%s' \"$plain\" | {connect:?} \"$@\") || exit 1\n\
         printf '%s' \"$answer\"\n"
    );
    fs::write(&path, script).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

fn connections(story: &Story) -> PathBuf {
    story.path().join("connections")
}

#[test]
fn our_client_finds_out_that_a_server_is_of_a_release() {
    let story = Story::begin();
    let server = server(&story);
    let sender = |options: &[&str]| {
        let mut send = story.client_program("send");
        send.arg("--ssh").arg(&server);
        send.args(["--patience", "0", "--to", "client1", "--certificate"]);
        send.arg(story.certificate("client1")).args(options);
        send
    };
    let files: Vec<_> = (0..5)
        .map(|n| story.file(format!("file{n}"), format!("{n}")))
        .collect();
    let count = || {
        let noted = fs::read_to_string(connections(&story)).unwrap_or_default();
        let _ = fs::remove_file(connections(&story));
        noted.lines().count()
    };
    let sent = Outcome::of(sender(&[]).args(&files));
    sent.expect(0);
    story.check("client1", &files).expect(0);
    // The first connection showed that several are too many.
    assert_eq!(count(), 1 + 5);
    Outcome::of(sender(&["--one-by-one"]).args(&files)).expect(0);
    assert_eq!(count(), 5);
    Outcome::of(sender(&[]).arg(&files[0])).expect(0);
    assert_eq!(count(), 1);

    // Requests from elsewhere are passed on in the same way.
    let mut prepared = String::new();
    for file in &files {
        let request = Outcome::of(story.client_program("prepare").arg(file));
        prepared.push_str(&request.stdout);
    }
    let mut forward = story.client_program("send");
    forward
        .arg("--ssh")
        .arg(&server)
        .args(["--to", "client1", "-"]);
    let forwarded = Outcome::with_input(&mut forward, prepared);
    forwarded.expect(0);
    assert_eq!(forwarded.stdout.lines().count(), 5);
    assert_eq!(count(), 1 + 5);

    // What it cannot do is not taken for something else.
    fs::remove_file(signature(&files[0])).expect("there");
    let vkey = story.description().log.vkey.clone();
    let sent = Outcome::of(sender(&["--log-key", &vkey]).arg(&files[0]));
    sent.expect(5);
    sent.expect_complaint("there is no proof");
    let sent = Outcome::of(sender(&["--output-type", "SSHSIG"]).arg(&files[0]));
    sent.expect(3);
    sent.expect_complaint("of an older release");
    assert!(!signature(&files[0]).exists());

    story.reconfigure(|text| text.replace("outputs = [", "enabled = false\noutputs = ["));
    let sent = Outcome::of(sender(&[]).args(&files));
    sent.expect(3);
    sent.expect_complaint("error: 5 of 5 files are not signed");
}
