//! What anybody can find out about a log.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use signstar::log::{Policy, Proof, RequestId, VerifierKey};

use crate::room::{Room, Said, entry, grow};

fn place(room: &Room) -> String {
    room.path("log").display().to_string()
}

/// A log of 600 entries.
fn grown() -> Room {
    let room = Room::new();
    grow(&room, 600);
    room
}

fn verify(room: &Room, place: &str) -> Said {
    room.run(&["verify", place, &room.key.to_string()])
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        let to = to.join(file.file_name());
        if file.path().is_dir() {
            copy(&file.path(), &to);
        } else {
            fs::copy(file.path(), to).expect("a file");
        }
    }
}

#[test]
fn every_file_of_a_log_is_recomputed() {
    let room = grown();
    let said = verify(&room, &place(&room));
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("entries  600"), "{said:?}");
    assert!(said.stdout.contains("\nverified: "), "{said:?}");

    let empty = Room::new();
    drop(empty.start());
    assert_eq!(verify(&empty, &place(&empty)).status, 0);
}

#[test]
fn any_changed_or_missing_file_is_found_and_named() {
    let room = grown();
    for name in [
        "tile/entries/000",
        "tile/entries/002.p/88",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
    ] {
        let path = room.path("log").join(name);
        let whole = fs::read(&path).expect("a file");
        let mut changed = whole.clone();
        changed[40] ^= 1;
        let longer = [&whole[..], b"x"].concat();
        for bad in [&changed, &whole[..whole.len() - 1], &longer, b""] {
            fs::write(&path, bad).expect("a file");
            let said = verify(&room, &place(&room));
            assert_eq!(said.status, 3, "{name}: {said:?}");
            assert!(said.stdout.contains("\nNOT verified: "), "{name}: {said:?}");
        }
        fs::remove_file(&path).expect("a file");
        let said = verify(&room, &place(&room));
        assert_eq!(said.status, 3, "{name}: {said:?}");
        let missing = format!("wrong    {name} is missing");
        assert!(said.stdout.contains(&missing), "{said:?}");
        fs::write(&path, whole).expect("a file");
    }
    assert_eq!(verify(&room, &place(&room)).status, 0);
}

#[test]
fn an_old_partial_file_has_to_be_the_beginning_of_the_new_one() {
    let room = grown();
    let folder = room.path("log/tile/0/001.p");
    fs::create_dir_all(&folder).expect("a folder");
    let full = fs::read(room.path("log/tile/0/001")).expect("a tile");
    fs::write(folder.join("3"), &full[..96]).expect("a file");
    assert_eq!(verify(&room, &place(&room)).status, 0);
    fs::write(folder.join("3"), &full[32..128]).expect("a file");
    let said = verify(&room, &place(&room));
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stdout.contains("tile/0/001.p/3 is not"), "{said:?}");
}

#[test]
fn another_key_verifies_nothing() {
    let room = grown();
    let other = Room::new();
    let said = room.run(&["verify", &place(&room), &other.key.to_string()]);
    assert_eq!(said.status, 3, "{said:?}");
    assert!(
        said.stderr.contains("no log that the policy knows"),
        "{said:?}"
    );

    let nowhere = room.run(&["verify", "/nonexistent", &room.key.to_string()]);
    assert_eq!(nowhere.status, 1, "{nowhere:?}");
    assert!(nowhere.stderr.contains("there is no log at"), "{nowhere:?}");
}

#[test]
fn a_policy_names_the_log_and_its_witnesses() {
    let room = grown();
    let policy = room.path("policy");
    let policy_text = policy.display().to_string();
    fs::write(&policy, format!("log {}\nquorum none\n", room.key)).expect("a file");
    let said = room.run(&["verify", &place(&room), "--policy", &policy_text]);
    assert_eq!(said.status, 0, "{said:?}");

    let witness = "witness.example.org/a+b128b3e3+BKnESUrMSfTFJQGgDPTVYkBNU8Z409kYt/MYUgc3TWBV";
    fs::write(
        &policy,
        format!("log {}\nwitness w {witness}\nquorum w\n", room.key),
    )
    .expect("a file");
    let said = room.run(&["verify", &place(&room), "--policy", &policy_text]);
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains("lacks cosignatures"), "{said:?}");
}

#[test]
fn entries_are_listed_and_found() {
    let room = grown();
    let key = room.key.to_string();
    let show = |more: &[&str]| {
        let place = place(&room);
        let said = room.run(&[&["show", &place, "--vkey", &key], more].concat());
        assert_eq!(said.status, 0, "{said:?}");
        said.stdout
    };
    assert_eq!(show(&[]).lines().count(), 601);
    assert_eq!(
        show(&["--client", "builder", "--limit", "5"])
            .lines()
            .count(),
        6
    );
    assert_eq!(show(&["--client", "nobody"]).lines().count(), 1);
    assert_eq!(
        show(&["--name", "file-*", "--key", "packages"])
            .lines()
            .count(),
        601
    );
    let last = show(&["--newest-first", "--limit", "1", "--output", "json"]);
    assert!(last.starts_with("{\"index\":599,"), "{last}");
    let some = show(&["--index", "255..258", "--output", "json"]);
    assert_eq!(some.lines().count(), 3, "{some}");
    assert_eq!(show(&["--since", "2026-01-02"]).lines().count(), 1);
    assert_eq!(show(&["--until", "2026-01-02"]).lines().count(), 601);
    let digest = last.split("\"file-sha512\":\"").nth(1).expect("a digest");
    let found = show(&["--digest", &digest[..128], "--output", "json"]);
    assert_eq!(found, last);
}

#[test]
fn a_proof_of_any_entry_is_checked_offline() {
    let room = grown();
    let file = room.path("proof");
    let out = file.display().to_string();
    let key = room.key.to_string();
    let entries = room.entries();
    for index in [0, 255, 256, 599] {
        let said = room.run(&[
            "prove",
            &place(&room),
            &index.to_string(),
            &key,
            "--out",
            &out,
        ]);
        assert_eq!(said.status, 0, "{said:?}");
        let proof = Proof::parse(&fs::read(&file).expect("a file")).expect("a proof");
        let policy = Policy::of_log(room.key.clone());
        let (entry, _) = proof.entry(&policy).expect("it holds");
        assert_eq!(entry, entries[index]);
    }
    let beyond = room.run(&["prove", &place(&room), "600", &key]);
    assert_eq!(beyond.status, 1, "{beyond:?}");
    assert!(beyond.stderr.contains("the log has 600"), "{beyond:?}");
}

#[test]
fn a_proof_is_found_by_the_digest_of_the_file() {
    let room = Room::new();
    let writer = room.start();
    let client = room.client();
    let text = |octets| String::from_utf8(octets).expect("text");
    let twice = entry(None, "twice");
    client.append(twice.clone()).expect("a proof");
    let other = text(entry(None, "other"));
    client.append(other.into_bytes()).expect("a proof");
    // The newest of those of one file, and one that has a SHA-256.
    let again = text(twice).replace("1767225600", "1767225601");
    client.append(again.clone().into_bytes()).expect("a proof");
    let sha512 = (again.split_once("\"file-sha512\":\"").expect("one").1).split_at(128);
    let raw = "{\"client\":\"builder\",\"file-sha256\":\"DIGEST\",\"hsm-input\":\"AA==\",\
               \"issuer\":\"DIGEST\",\"key\":\"boot\",\"mechanism\":\"pkcs1\",\
               \"output\":\"raw\",\"signature\":\"AA==\",\"time\":1767225600,\"version\":1}";
    let sha256 = "0123456789abcdef".repeat(4);
    let raw = raw.replace("DIGEST", &sha256);
    client.append(raw.clone().into_bytes()).expect("a proof");
    assert_eq!(writer.stop(), Some(0));
    let key = room.key.to_string();
    let prove = |what: &str| room.run(&["prove", &place(&room), what, &key]);
    let policy = Policy::of_log(room.key.clone());
    for (digest, index, entry) in [(sha512.0, 2, again.as_str()), (&sha256, 3, &raw)] {
        let said = prove(&digest.to_uppercase());
        assert_eq!(said.status, 0, "{said:?}");
        let proof = Proof::parse(said.stdout.as_bytes()).expect("a proof");
        let (proved, _) = proof.entry(&policy).expect("it holds");
        assert_eq!((proof.index(), proved), (index, entry.as_bytes()));
    }
    assert_eq!(prove(&"0".repeat(128)).status, 1);
    assert_eq!(prove(&"0".repeat(127)).status, 2);
}

#[test]
fn a_log_that_only_grows_is_well() {
    let room = grown();
    let key = room.key.to_string();
    let state = room.path("state").display().to_string();
    let monitor = |more: &[&str]| {
        let place = place(&room);
        room.run(&[&["monitor", &place, &key, "--state", &state], more].concat())
    };
    let first = monitor(&[]);
    assert_eq!(first.status, 0, "{first:?}");
    assert!(
        first.stdout.contains("600 entries, remembered"),
        "{first:?}"
    );
    assert!(monitor(&[]).stdout.contains("nothing new"));
    grow(&room, 3);
    let new = monitor(&["--output", "json", "--exit-new"]);
    assert_eq!(new.status, 10, "{new:?}");
    assert!(
        new.stdout.contains("\"state\":\"grown\",\"count\":3"),
        "{new:?}"
    );
    let same = monitor(&["--exit-new"]);
    assert_eq!(same.status, 0, "{same:?}");
}

#[test]
fn a_rollback_and_a_fork_are_noticed_and_proved() {
    let room = grown();
    let key = room.key.to_string();
    let state = room.path("seen").display().to_string();
    let monitor = || room.run(&["monitor", &place(&room), &key, "--state", &state]);
    copy(&room.path("log"), &room.path("old"));
    copy(&room.path("log.state"), &room.path("old.state"));
    grow(&room, 5);
    assert_eq!(monitor().status, 0);

    fs::remove_dir_all(room.path("log")).expect("a folder");
    copy(&room.path("old"), &room.path("log"));
    let said = monitor();
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stdout.starts_with("ROLLBACK: "), "{said:?}");
    assert_eq!(
        fs::read_dir(room.path("seen.evidence"))
            .expect("kept")
            .count(),
        2
    );

    // The owner of the key goes on from the older copy.
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    copy(&room.path("old.state"), &room.path("log.state"));
    let writer = room.start();
    for number in 0..9 {
        let other = entry(None, &format!("other-{number}"));
        room.client().append(other).expect("a proof");
    }
    drop(writer);
    for _ in 0..2 {
        let said = monitor();
        assert_eq!(said.status, 3, "{said:?}");
        assert!(said.stdout.starts_with("FORK: "), "{said:?}");
    }
    assert_eq!(
        fs::read_dir(room.path("seen.evidence"))
            .expect("kept")
            .count(),
        3
    );
}

#[test]
fn a_signature_that_is_not_in_the_log_is_noticed() {
    let room = grown();
    let repository = room.path("repository");
    fs::create_dir_all(repository.join("os")).expect("a folder");
    fs::write(repository.join("os/a.zst"), "").expect("a file");
    let monitor = || {
        let key = room.key.to_string();
        let state = room.path("seen").display().to_string();
        let repository = repository.display().to_string();
        room.run(&[
            "monitor",
            &place(&room),
            &key,
            "--state",
            &state,
            "--repository",
            &repository,
        ])
    };
    let said = monitor();
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.stdout.contains("600 entries without a file"),
        "{said:?}"
    );
    fs::write(repository.join("os/a.zst.sig"), "no signature").expect("a file");
    let said = monitor();
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stdout.contains("\nnot in the log: "), "{said:?}");
    assert!(said.stdout.contains("os/a.zst.sig"), "{said:?}");
}

#[test]
fn a_web_server_is_believed_no_more_than_a_disk() {
    let room = grown();
    let address = serve(room.path("log"));
    let said = verify(&room, &address);
    assert_eq!(said.status, 0, "{said:?}");
    let path = room.path("log/tile/0/001");
    let mut changed = fs::read(&path).expect("a file");
    changed[0] ^= 1;
    fs::write(&path, changed).expect("a file");
    assert_eq!(verify(&room, &address).status, 3);
    let nowhere = verify(&room, "http://127.0.0.1:1/");
    assert_eq!(nowhere.status, 1, "{nowhere:?}");
}

#[test]
fn a_closed_log_takes_nothing_and_the_next_one_does() {
    let room = grown();
    let path = |name| room.path(name).display().to_string();
    let shard = || {
        room.run(&[
            "shard",
            "--dir",
            &path("log"),
            "--key",
            &path("key"),
            "--new-dir",
            &path("next"),
            "--new-key",
            &path("next-key"),
            "--origin",
            "signstar.example.org/next",
        ])
    };
    let said = shard();
    assert_eq!(said.status, 0, "{said:?}");
    let refused = room.refused();
    assert!(refused.contains("the log is complete"), "{refused}");
    // The old one is published as before, and verifies; so does the new one.
    assert_eq!(verify(&room, &place(&room)).status, 0);
    let new = room.run(&["verify", &path("next"), said.stdout.trim()]);
    assert_eq!(new.status, 0, "{new:?}");
    assert_eq!(
        fs::read_to_string(room.path("log/frozen")).expect("a mark"),
        said.stdout
    );
    // The same again changes nothing.
    assert_eq!(shard().stdout, said.stdout);
}

#[test]
fn an_id_of_a_closed_log_is_a_new_one_in_the_next() {
    let room = Room::new();
    let asked = entry(Some("r-1"), "file");
    let writer = room.start();
    let first = room.client().append(asked.clone()).expect("a proof");
    room.client().append(entry(None, "more")).expect("a proof");
    let second = room.client().append(entry(Some("r-2"), "other"));
    second.expect("a proof");
    assert_eq!(writer.stop(), Some(0));
    let path = |name| room.path(name).display().to_string();
    let said = room.run(&[
        "shard",
        "--dir",
        &path("log"),
        "--key",
        &path("key"),
        "--new-dir",
        &path("next"),
        "--new-key",
        &path("next-key"),
        "--origin",
        "signstar.example.org/next",
    ]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stderr.contains("are not carried over"), "{said:?}");

    let mut serve = Command::new(env!("CARGO_BIN_EXE_signstar-log"));
    serve.args(["serve", "--dir", &path("next"), "--key", &path("next-key")]);
    serve.arg("--socket").arg(room.socket());
    let _writer = room.start_with(&mut serve).expect("it starts");
    let client = room.client();
    let id = RequestId::new("r-1").expect("an id");
    assert_eq!(client.find("builder", &id).expect("an answer"), None);
    let again = client.append(asked.clone()).expect("a proof");
    // On record a second time, in another log; and from then on once there, too.
    let key: VerifierKey = said.stdout.trim().parse().expect("a key");
    let policy = Policy::of_log(key);
    for _ in 0..2 {
        let proof = client.append(asked.clone()).expect("a proof");
        let proof = Proof::parse(proof.as_bytes()).expect("a proof");
        assert_eq!(proof.index(), 0);
        let (entry, _) = proof.entry(&policy).expect("in the new log");
        assert_eq!(entry, asked);
    }
    assert_ne!(again, first);
    // The proof from the closed log holds as before.
    room.check(&first, &asked);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let room = Room::new();
    let folder = room.path("man");
    let said = room.run(&["man", &folder.display().to_string()]);
    assert_eq!(said.status, 0, "{said:?}");
    for page in [
        "",
        "-serve",
        "-verify",
        "-show",
        "-prove",
        "-monitor",
        "-shard",
        "-key-show",
    ] {
        let page = folder.join(format!("signstar-log{page}.1"));
        assert!(
            fs::read_to_string(&page).expect("a page").contains(".TH"),
            "{page:?}"
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        let said = room.run(&["completions", shell]);
        assert!(said.stdout.contains("monitor"), "{shell}");
    }
}

/// A web server for the folder, as plain as they come. Ends with the test.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, folder) = (stream.expect("a client"), folder.clone());
            thread::spawn(move || {
                let mut line = String::new();
                let mut input = BufReader::new(&stream);
                if input.read_line(&mut line).is_err() {
                    return;
                }
                let mut header = String::new();
                while input.read_line(&mut header).is_ok_and(|read| read > 2) {
                    header.clear();
                }
                let path = line
                    .split(' ')
                    .nth(1)
                    .unwrap_or("/")
                    .trim_start_matches('/');
                let (status, body) = match fs::read(folder.join(path)) {
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                // A client that has gone away needs nothing.
                let _ = (&stream).write_all(&[head.as_bytes(), &body].concat());
            });
        }
    });
    format!("http://{address}")
}
