//! Several devices with the same keys, of which one fails, lies or comes back.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use nethsm::{
    client::Client,
    passphrase::{Credentials, Passphrase},
};
use serde_json::Value;

use crate::story::{Outcome, Session, Story, program};

/// A second device with all that the first one has.
struct Second {
    child: Child,
    url: String,
}

impl Second {
    /// Makes it from a copy of the first, as a restored backup does, and starts it.
    fn of(story: &mut Story, arguments: &[&str]) -> Self {
        story.enclave().hsm().stop();
        let data = story.home().join("hsm");
        let copy = story.path().join("second-hsm");
        Outcome::of(Command::new("cp").arg("-a").arg(&data).arg(&copy)).expect(0);
        story.restart_hsm(&[]);
        let second = Self::locked(&copy, arguments);
        let url = second.url.parse().expect("an address");
        let tls = story.description().hsm.tls.parse().expect("a pin");
        let unlock = Passphrase::new(story.description().hsm.unlock.clone());
        let device = Client::new(&url, &tls).expect("a client");
        device.unlock(unlock).expect("unlocked");
        second
    }

    /// Starts what is in `data`; nobody unlocks it.
    fn locked(data: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(program("softnethsm"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit(' ').next().expect("an address");
        Self {
            url: format!("{address}/api/v1"),
            child,
        }
    }

    /// Ends it and starts it again, locked.
    fn restarted(mut self, story: &Story) -> Self {
        self.kill();
        Self::locked(&story.path().join("second-hsm"), &[])
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Has the enclave ask `devices` in this order.
fn configure(story: &Story, devices: [&str; 2], order: &str) {
    let hsm = &story.description().hsm;
    let tls = &hsm.tls;
    let one = format!("url = \"{}\"\ntls = \"{tls}\"\n", hsm.url);
    let devices = devices.map(|url| format!("{{ url = \"{url}\", tls = \"{tls}\" }}"));
    let two = format!("devices = [{}]\norder = \"{order}\"\n", devices.join(", "));
    story.reconfigure(|text| text.replace(&one, &two));
}

/// Has a session with `count` requests answered; `midway` happens when a tenth is.
fn ask(story: &Story, count: usize, midway: impl FnOnce()) -> Outcome {
    let request = story.request("content").to_string();
    let mut session = Session::open(story.ssh().arg("client1"));
    let mut input = session.take_input();
    let writing = std::thread::spawn(move || {
        use std::io::Write;
        (0..count).try_for_each(|_| input.write_all(request.as_bytes()))
    });
    let mut midway = Some(midway);
    for number in 0..count {
        let answer = session.read().expect("an answer");
        assert!(answer["signature"].is_string(), "{number}: {answer}");
        if number == count / 10 {
            midway.take().expect("once")();
        }
    }
    writing.join().expect("no panic").expect("written");
    let (rest, outcome) = session.finish();
    assert_eq!(rest, Vec::<Value>::new());
    outcome
}

/// How often `client1` of the device at `url` has signed.
fn uses(story: &Story, url: &str) -> u64 {
    let hsm = &story.description().hsm;
    let tls = hsm.tls.parse().expect("a pin");
    let device = Client::new(&url.parse().expect("an address"), &tls).expect("a client");
    let admin = Passphrase::new(hsm.admin.passphrase.clone());
    let user = hsm.admin.user.parse().expect("a name");
    let device = device.as_user(Credentials::new(user, admin));
    let key = device.key(&"client1".parse().expect("a name"));
    key.expect("the key").operations
}

fn outcomes(story: &Story, of: &str) -> Vec<Value> {
    let mut journal = story.journal();
    journal.retain(|line| line["outcome"] == of);
    journal
}

#[test]
fn when_a_device_dies_another_signs() {
    let mut story = Story::begin();
    let mut second = Second::of(&mut story, &[]);
    let first = story.description().hsm.url.clone();
    for order in ["listed", "round-robin"] {
        configure(&story, [&second.url, &first], order);
        ask(&story, 20, || {}).expect(0);
        story.reconfigure(|text| {
            let begin = text.find("devices = ").expect("there");
            let end = text[begin..].find("\norder").expect("there") + begin;
            let line = format!("\norder = \"{order}\"\n");
            let tls = &story.description().hsm.tls;
            let one = format!("url = \"{first}\"\ntls = \"{tls}\"\n");
            text.replacen(&text[begin..end], "", 1)
                .replacen(&line, &one, 1)
        });
    }
    configure(&story, [&second.url, &first], "listed");
    ask(&story, 300, || second.kill()).expect(0);
    // Nobody has to notice.
    assert_eq!(outcomes(&story, "hsm-unavailable"), Vec::<Value>::new());
}

#[test]
fn a_device_that_fails_is_passed_over() {
    let mut story = Story::begin();
    let first = story.description().hsm.url.clone();
    for kind in ["error", "drop"] {
        let second = Second::of(&mut story, &["--misbehave", kind]);
        let usual = fs::read(story.home().join("signstar.toml")).expect("readable");
        configure(&story, [&second.url, &first], "listed");
        ask(&story, 20, || {}).expect(0);
        // The same device, locked as after a power failure.
        let second = second.restarted(&story);
        fs::write(story.home().join("signstar.toml"), &usual).expect("written");
        configure(&story, [&second.url, &first], "listed");
        ask(&story, 20, || {}).expect(0);
        fs::write(story.home().join("signstar.toml"), usual).expect("written");
        drop(second);
        fs::remove_dir_all(story.path().join("second-hsm")).expect("removed");
    }
    assert_eq!(outcomes(&story, "signed").len(), 80);
    assert_eq!(story.journal().len(), 80);
}

#[test]
fn devices_are_asked_in_the_order_of_the_configuration() {
    let mut story = Story::begin();
    let second = Second::of(&mut story, &[]);
    let first = story.description().hsm.url.clone();
    let usual = fs::read(story.home().join("signstar.toml")).expect("readable");
    let signed_by = |order: &str| {
        fs::write(story.home().join("signstar.toml"), &usual).expect("written");
        configure(&story, [&second.url, &first], order);
        let before = [&second.url, &first].map(|url| uses(&story, url));
        ask(&story, 30, || {}).expect(0);
        let after = [&second.url, &first].map(|url| uses(&story, url));
        [after[0] - before[0], after[1] - before[1]]
    };
    assert_eq!(signed_by("listed"), [30, 0]);
    assert_eq!(signed_by("round-robin"), [15, 15]);
}

#[test]
fn when_all_devices_are_away_it_is_worth_to_try_again() {
    let mut story = Story::begin();
    let mut second = Second::of(&mut story, &[]);
    let first = story.description().hsm.url.clone();
    configure(&story, [&second.url, &first], "round-robin");
    story.limit("request-seconds = 1");
    second.kill();
    story.enclave().hsm().stop();
    let request = story.request("content").to_string();
    let mut session = Session::open(story.ssh().arg("client1"));
    session.write(&request.repeat(3)).expect("open");
    let (answers, outcome) = session.finish();
    outcome.expect(4);
    assert_eq!(answers.len(), 3, "{answers:#?}");
    for answer in answers {
        assert_eq!(answer["refusal"]["code"], "hsm-unavailable");
        assert_eq!(answer["refusal"]["retry"], true);
    }
    // The journal says of each device what is wrong with it; the client does not learn where.
    let cause = outcomes(&story, "hsm-unavailable")[0]["cause"].to_string();
    for url in [&second.url, &first] {
        assert!(cause.contains(url.as_str()), "{cause}");
        assert!(!outcome.stderr.contains(url.as_str()), "{outcome:#?}");
    }
}

#[test]
fn a_device_that_makes_wrong_signatures_is_used_no_more() {
    let mut story = Story::begin();
    let second = Second::of(&mut story, &["--misbehave", "wrong-signature"]);
    let first = story.description().hsm.url.clone();
    configure(&story, [&second.url, &first], "round-robin");
    let told = ask(&story, 50, || {});
    told.expect(0);
    assert_eq!(outcomes(&story, "signed").len(), 50);
    let shouts = outcomes(&story, "device-out-of-use");
    assert_eq!(shouts.len(), 1, "once in a session");
    assert_eq!(shouts[0]["device"], second.url);
    assert_eq!(shouts[0]["key"], "client1");
    assert_eq!(told.stderr, "");
}

#[test]
fn an_hsm_that_is_back_in_time_was_never_away() {
    let mut story = Story::begin();
    let folder = story.enclave().folder().clone();
    let request = story.request("content").to_string();
    story.enclave().hsm().stop();
    let mut session = Session::open(story.ssh().arg("client1"));
    session.write(&request).expect("open");
    // Long enough to be tried and found away.
    wait_for_a_server(&story.home().join("signstar.toml"));
    sleep(Duration::from_millis(700));
    story.enclave().hsm().start_again(&[]).expect("started");
    // Locked is away too.
    sleep(Duration::from_millis(300));
    let hsm = story.enclave().hsm();
    hsm.make_operational(&folder).expect("unlocked");
    let answer = session.read().expect("an answer");
    assert!(answer["signature"].is_string(), "{answer}");
    session.finish().1.expect(0);
    assert_eq!(story.journal().len(), 1);
}

fn wait_for_a_server(config: &Path) {
    for _ in 0..600 {
        if !crate::story::servers(config).is_empty() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!(
        "no session: {:?}",
        fs::read_dir("/proc").map(Iterator::count)
    );
}
