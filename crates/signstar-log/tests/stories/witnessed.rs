//! A log whose checkpoints others have to see.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use signstar::log::{
    Algorithm, KeyName, NoteSignature, Policy, Proof, Recorder as _, SignedCheckpoint, VerifierKey,
};

use crate::{
    room::{Room, Said, entry},
    witnesses::{Impostor, Witness, ask, ask_at, eventually, policy, serve},
};

fn accepts(policy: &str, proof: &str) -> bool {
    let policy = Policy::parse(&fs::read(policy).expect("a file")).expect("a policy");
    let proof = Proof::parse(proof.as_bytes()).expect("a proof");
    proof.entry(&policy).is_ok()
}

fn signatures(checkpoint: &SignedCheckpoint) -> usize {
    checkpoint.note().signatures().len()
}

fn refused(room: &Room, policy: &str) -> Said {
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

fn copy(room: &Room, from: &str, to: &str) {
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(room.path(from))
        .arg(room.path(to))
        .status()
        .expect("cp");
    assert!(copied.success());
}

#[test]
fn what_is_proved_has_been_seen_by_all_witnesses() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let lines = one.line() + &two.line();
    let policy = policy(&room, &(lines + "group both all one two\nquorum both\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    for number in 0..3 {
        let entry = entry(None, &format!("file-{number}"));
        let proof = room.client().append(entry.clone()).expect("a proof");
        room.check(&proof, &entry);
        assert!(accepts(&policy, &proof));
        // What is published has them too.
        assert_eq!(signatures(&room.checkpoint()), 3);
    }
    let place = room.path("log").display().to_string();
    let verified = room.run(&["verify", &place, "--policy", &policy]);
    assert_eq!(verified.status, 0, "{verified:?}");
    let memory = room.path("memory").display().to_string();
    let monitored = room.run(&["monitor", &place, "--policy", &policy, "--state", &memory]);
    assert_eq!(monitored.status, 0, "{monitored:?}");
    assert_eq!(writer.stop(), Some(0));
    // It is opened again, and what was proved is proved with them.
    let _writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let proof = room
        .client()
        .prove(1)
        .expect("it answers")
        .expect("a proof");
    assert!(accepts(&policy, &proof));
}

#[test]
fn a_policy_counts_its_witnesses() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let mut three = Witness::of(&room, "three");
    three.stop();
    let lines = one.line() + &two.line() + &three.line();
    let two_of_three = policy(
        &room,
        &(lines.clone() + "group g 2 one two three\nquorum g\n"),
    );
    let _writer = room
        .start_with(&mut serve(&room, &two_of_three))
        .expect("it starts");
    let proof = room.client().append(entry(None, "x")).expect("a proof");
    assert!(accepts(&two_of_three, &proof));
    let place = room.path("log").display().to_string();
    assert_eq!(
        room.run(&["verify", &place, "--policy", &two_of_three])
            .status,
        0
    );

    let all = policy(&room, &(lines + "group g all one two three\nquorum g\n"));
    assert!(!accepts(&all, &proof));
    let verified = room.run(&["verify", &place, "--policy", &all]);
    assert_eq!(verified.status, 3, "{verified:?}");
    assert!(
        verified.stderr.contains("lacks cosignatures"),
        "{verified:?}"
    );
    let memory = room.path("memory").display().to_string();
    let monitored = room.run(&["monitor", &place, "--policy", &all, "--state", &memory]);
    assert_eq!(monitored.status, 3, "{monitored:?}");
}

#[test]
fn without_the_quorum_nothing_leaves_and_a_retry_gets_it_later() {
    let room = Room::new();
    let (one, mut two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let lines = one.line() + &two.line();
    let policy = policy(&room, &(lines + "group both all one two\nquorum both\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let before = entry(Some("r-0"), "before");
    room.client().append(before.clone()).expect("a proof");
    two.stop();

    let client = room.client();
    let late = entry(Some("r-1"), "late");
    client.append(late.clone()).expect_err("a witness is away");
    // Nobody is told of it: neither those who read the log nor those who ask for it.
    assert_eq!(room.checkpoint().head().size, 1);
    client.prove(1).expect_err("nothing proves it");
    let id = "r-1".parse_id();
    client
        .find("builder", &id)
        .expect_err("it may be on record");
    // Meanwhile the log takes nothing else, and what was proved stays so.
    client
        .append(entry(Some("r-2"), "later"))
        .expect_err("still away");
    assert!(client.append(before).is_ok());

    two.start(&room);
    let proof = eventually(|| client.append(late.clone()).ok());
    assert!(accepts(&policy, &proof));
    assert_eq!(room.check(&proof, &late), 1);
    let found = client
        .find("builder", &id)
        .expect("it answers")
        .expect("it is there");
    assert_eq!(room.check(&found, &late), 1);
    assert_eq!(room.entries().len(), 2);
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn what_waits_for_witnesses_survives_a_crash() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client()
        .append(entry(None, "before"))
        .expect("a proof");
    one.stop();
    let late = entry(Some("r-1"), "late");
    room.client().append(late.clone()).expect_err("it is away");
    // Killed.
    drop(writer);
    assert_eq!(room.checkpoint().head().size, 1);
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client().append(late.clone()).expect_err("still away");
    drop(writer);
    one.start(&room);
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    // The witnesses were asked before it listened.
    assert_eq!(room.checkpoint().head().size, 2);
    let proof = room.client().append(late.clone()).expect("a proof");
    assert_eq!(room.check(&proof, &late), 1);
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn a_log_that_waited_for_witnesses_goes_on_without_them() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    one.stop();
    let late = entry(Some("r-1"), "late");
    room.client().append(late.clone()).expect_err("it is away");
    drop(writer);
    let writer = room.start();
    assert_eq!(room.checkpoint().head().size, 1);
    let proof = room.client().append(late.clone()).expect("a proof");
    assert_eq!(room.check(&proof, &late), 0);
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn without_a_quorum_whatever_arrives_is_published() {
    let room = Room::new();
    let (one, mut two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    two.stop();
    let policy = policy(&room, &(one.line() + &two.line() + "quorum none\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let client = room.client();
    for number in 0..3 {
        client
            .append(entry(None, &format!("{number}")))
            .expect("a proof");
    }
    eventually(|| (signatures(&room.checkpoint()) == 2).then_some(()));
    two.start(&room);
    eventually(|| (signatures(&room.checkpoint()) == 3).then_some(()));
    let proof = client.prove(2).expect("it answers").expect("a proof");
    let both = format!(
        "log {}\n{}{}group g all one two\nquorum g\n",
        room.key,
        one.line(),
        two.line()
    );
    let proof = Proof::parse(proof.as_bytes()).expect("a proof");
    proof
        .entry(&Policy::parse(both.as_bytes()).expect("a policy"))
        .expect("both saw it");
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn a_slow_witness_is_not_waited_for_once_the_quorum_is_there() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let slow = Impostor::before(
        &two,
        Box::new(|body, real| {
            thread::sleep(Duration::from_secs(20));
            real(body)
        }),
    );
    let lines = one.line() + &slow.line(&two);
    let policy = policy(&room, &(lines + "group any any one two\nquorum any\n"));
    let _writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    for number in 0..3 {
        let proof = room
            .client()
            .append(entry(None, &format!("{number}")))
            .expect("a proof");
        assert!(accepts(&policy, &proof));
        assert_eq!(signatures(&room.checkpoint()), 2);
    }
}

#[test]
fn a_cosignature_that_does_not_verify_is_none() {
    let room = Room::new();
    let (one, other) = (Witness::of(&room, "one"), Witness::of(&room, "other"));
    let liar = Impostor::before(
        &one,
        Box::new(|body, real| {
            let (status, line) = real(body);
            if status != 200 {
                return (status, line);
            }
            // The last octet but one of the signature.
            let end = line.len() - 6;
            let changed = if &line[end..=end] == "A" { "B" } else { "A" };
            (
                status,
                format!("{}{changed}{}", &line[..end], &line[end + 1..]),
            )
        }),
    );
    let policy = policy(&room, &(liar.line(&one) + "quorum one\n"));
    let _writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let late = entry(Some("r-1"), "late");
    room.client().append(late.clone()).expect_err("no quorum");
    assert_eq!(room.checkpoint().head().size, 0);
    for answer in [
        // Somebody else's, a note without lines, nothing, too much.
        {
            let address = other.address.clone();
            Box::new(move |body: &str, _: &dyn Fn(&str) -> (u16, String)| {
                let (_, size) = ask(&address, body);
                let body = body.replacen(
                    body.lines().next().unwrap_or_default(),
                    &format!("old {}", size.trim()),
                    1,
                );
                ask(&address, &body)
            }) as crate::witnesses::Manners
        },
        Box::new(|_, _| (200, "\u{2014} one.example.org AAAA\n".to_owned())),
        Box::new(|_, _| (200, String::new())),
        Box::new(|_, _| (200, "x".repeat(1 << 20))),
        Box::new(|_, _| (409, "many\n".to_owned())),
        Box::new(|_, _| (302, String::new())),
        Box::new(|_, _| (404, String::new())),
    ] {
        liar.mend(answer);
        let before = liar.asked().len();
        eventually(|| (liar.asked().len() > before).then_some(()));
        room.client().append(late.clone()).expect_err("no quorum");
    }
    liar.mend(Box::new(|body, real| real(body)));
    let proof = eventually(|| room.client().append(late.clone()).ok());
    assert_eq!(room.check(&proof, &late), 0);
}

#[test]
fn a_witness_that_names_another_size_is_shown_the_proof_from_there() {
    let room = Room::new();
    let one = Witness::of(&room, "one");
    let listener = Impostor::before(&one, Box::new(|body, real| real(body)));
    let policy = policy(&room, &(listener.line(&one) + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    for number in 0..3 {
        room.client()
            .append(entry(None, &format!("{number}")))
            .expect("a proof");
    }
    assert_eq!(listener.asked(), ["old 0", "old 0", "old 1", "old 2"]);
    assert_eq!(writer.stop(), Some(0));
    // What the log remembers is gone: the checkpoint tells what this witness has seen, and without
    // its line the witness does.
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    assert_eq!(listener.asked()[4..], ["old 3"]);
    assert_eq!(writer.stop(), Some(0));
    let alone = room.checkpoint().without_cosignatures(&room.key);
    fs::write(room.path("log/checkpoint"), alone.note().to_string()).expect("a file");
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    let _writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    assert_eq!(listener.asked()[5..], ["old 0", "old 3"]);
    room.client().append(entry(None, "3")).expect("a proof");
    assert_eq!(listener.asked()[7..], ["old 3"]);
}

#[test]
fn a_folder_set_back_with_all_that_the_host_knows_is_recognised() {
    for quorum in ["quorum one\n", "quorum none\n"] {
        let room = Room::new();
        let one = Witness::of(&room, "one");
        let policy = policy(&room, &(one.line() + quorum));
        let grow = |count: usize| {
            let writer = room
                .start_with(&mut serve(&room, &policy))
                .expect("it starts");
            for number in 0..count {
                room.client()
                    .append(entry(None, &format!("{number}")))
                    .expect("a proof");
            }
            eventually(|| (signatures(&room.checkpoint()) == 2).then_some(()));
            assert_eq!(writer.stop(), Some(0));
        };
        grow(3);
        copy(&room, "log", "old");
        copy(&room, "log.state", "old.state");
        grow(2);
        for name in ["log", "log.state"] {
            fs::rename(room.path(name), room.path(&format!("new-{name}"))).expect("a folder");
        }
        fs::rename(room.path("old"), room.path("log")).expect("a folder");
        fs::rename(room.path("old.state"), room.path("log.state")).expect("a folder");
        let said = refused(&room, &policy);
        let expected = "the witness one.example.org has seen 5 entries of this log, and now there \
                        are 3: it was set back";
        assert!(said.stderr.contains(expected), "{said:?}");
        assert!(said.stderr.contains("bring the newest copy"), "{said:?}");
        // With the newest copy it goes on.
        for name in ["log", "log.state"] {
            fs::remove_dir_all(room.path(name)).expect("a folder");
            fs::rename(room.path(&format!("new-{name}")), room.path(name)).expect("a folder");
        }
        grow(1);
        assert_eq!(room.entries().len(), 6);
    }
}

#[test]
fn a_folder_set_back_while_it_waits_for_witnesses_is_recognised_without_them() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client().append(entry(None, "x")).expect("a proof");
    copy(&room, "log", "old");
    one.stop();
    room.client()
        .append(entry(None, "late"))
        .expect_err("it is away");
    assert_eq!(writer.stop(), Some(0));
    fs::remove_dir_all(room.path("log")).expect("a folder");
    fs::rename(room.path("old"), room.path("log")).expect("a folder");
    let said = refused(&room, &policy);
    let expected = "the log had 2 entries or was about to, and now there are 1";
    assert!(said.stderr.contains(expected), "{said:?}");
}

#[test]
fn witnesses_with_keys_of_later_times_count_for_nothing_and_do_no_harm() {
    let room = Room::new();
    let one = Witness::of(&room, "one");
    // ML-DSA-44: as long as such a key, and such a cosignature, and nobody here can tell more.
    let name = KeyName::new("later.example.org").expect("a name");
    let later = VerifierKey::new(name, Algorithm::CosignatureMlDsa44, &[7; 1312]).expect("a key");
    let octets = [&later.id()[..], &[0, 0, 0, 0, 0x69, 0, 0, 0], &[9; 2420]].concat();
    let line = format!("\u{2014} later.example.org {}\n", BASE64.encode(octets));
    assert!(NoteSignature::parse(line.trim_end()).is_some());
    let shown = line.clone();
    let both = Impostor::before(
        &one,
        Box::new(move |body, real| {
            let (status, told) = real(body);
            let before = if status == 200 { &*shown } else { "" };
            (status, format!("{before}{told}"))
        }),
    );
    let lines = format!(
        "{}witness later {later} http://{}\n",
        both.line(&one),
        both.address
    );
    let all = policy(
        &room,
        &(lines.clone() + "group g all one later\nquorum g\n"),
    );
    let said = refused(&room, &all);
    assert!(said.stderr.contains("quorum cannot be reached"), "{said:?}");
    let any = policy(
        &room,
        &(lines.clone() + "group g any one later\nquorum g\n"),
    );
    let _writer = room.start_with(&mut serve(&room, &any)).expect("it starts");
    let proof = room.client().append(entry(None, "x")).expect("a proof");
    assert!(accepts(&any, &proof));
    assert_eq!(signatures(&room.checkpoint()), 2);
    // Nor does such a line disturb where it was published by somebody else.
    let text = format!("{proof}{line}");
    assert!(accepts(&any, &text));
    let all = policy(&room, &(lines + "group g all one later\nquorum g\n"));
    assert!(!accepts(&all, &text));
}

#[test]
fn a_log_begun_anew_under_the_same_name_is_recognised() {
    let room = Room::new();
    let one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client().append(entry(None, "x")).expect("a proof");
    assert_eq!(writer.stop(), Some(0));
    fs::remove_dir_all(room.path("log")).expect("a folder");
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    let said = refused(&room, &policy);
    assert!(
        said.stderr
            .contains("has seen 1 entries of this log, and now there are 0"),
        "{said:?}"
    );
}

#[test]
fn a_log_that_forked_is_told_so_by_its_witness() {
    // At the same size, and grown since.
    for further in [0, 2] {
        let room = Room::new();
        let one = Witness::of(&room, "one");
        let policy = policy(&room, &(one.line() + "quorum one\n"));
        let writer = room
            .start_with(&mut serve(&room, &policy))
            .expect("it starts");
        room.client()
            .append(entry(None, "common"))
            .expect("a proof");
        assert_eq!(writer.stop(), Some(0));
        copy(&room, "log", "fork");
        copy(&room, "log.state", "fork.state");
        let writer = room
            .start_with(&mut serve(&room, &policy))
            .expect("it starts");
        room.client().append(entry(None, "here")).expect("a proof");
        assert_eq!(writer.stop(), Some(0));
        for name in ["log", "log.state"] {
            fs::remove_dir_all(room.path(name)).expect("a folder");
        }
        fs::rename(room.path("fork"), room.path("log")).expect("a folder");
        fs::rename(room.path("fork.state"), room.path("log.state")).expect("a folder");
        // The copy grows where no witness sees it.
        let writer = room.start();
        for number in 0..=further {
            room.client()
                .append(entry(None, &format!("there-{number}")))
                .expect("a proof");
        }
        assert_eq!(writer.stop(), Some(0));
        let said = refused(&room, &policy);
        let expected =
            "the witness one.example.org has seen another log of 2 entries under this name";
        assert!(said.stderr.contains(expected), "{said:?}");
        assert!(said.stderr.contains("keep both copies"), "{said:?}");
    }
}

#[test]
fn a_witness_that_was_away_at_the_start_objects_later() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum none\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client().append(entry(None, "x")).expect("a proof");
    eventually(|| (signatures(&room.checkpoint()) == 2).then_some(()));
    assert_eq!(writer.stop(), Some(0));
    one.stop();
    fs::remove_dir_all(room.path("log")).expect("a folder");
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("nobody objects");
    one.start(&room);
    assert_eq!(writer.wait(), Some(1));
}

#[test]
fn a_policy_has_to_suit_the_log() {
    let room = Room::new();
    let one = Witness::of(&room, "one");
    let said = refused(
        &room,
        &policy(&room, &format!("witness one {}\nquorum one\n", one.key)),
    );
    assert!(said.stderr.contains("quorum cannot be reached"), "{said:?}");
    let ftp = format!("witness one {} ftp://one\nquorum none\n", one.key);
    let said = refused(&room, &policy(&room, &ftp));
    assert!(
        said.stderr.contains("does not begin with http://"),
        "{said:?}"
    );
    let path = room.path("other");
    fs::write(&path, format!("log {}\nquorum none\n", Room::new().key)).expect("a file");
    let said = refused(&room, &path.display().to_string());
    assert!(said.stderr.contains("does not name this log"), "{said:?}");
    let said = refused(&room, &policy(&room, "quorum two\n"));
    assert!(said.stderr.contains("line 2"), "{said:?}");
}

#[test]
fn a_witness_answers_as_the_specification_says() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let stranger = Room::new();
    let writer = room.start();
    for number in 0..3 {
        room.client()
            .append(entry(None, &format!("{number}")))
            .expect("a proof");
    }
    assert_eq!(writer.stop(), Some(0));
    let note = room.checkpoint().note().to_string();
    let address = one.address.clone();
    let status = |body: &str| ask(&address, body).0;
    assert_eq!(status(&format!("old 4\n\n{note}")), 400);
    assert_eq!(status(&format!("old 1\n\n{note}")), 409);
    assert_eq!(status("old 0\n\nnothing\n"), 400);
    assert_eq!(
        status(&format!(
            "old 0\n{}\n\n{note}",
            room.checkpoint().head().root
        )),
        422
    );
    drop(stranger.start());
    let forged = stranger.checkpoint().note().to_string();
    assert_eq!(
        status(&format!("old 0\n\n{forged}")),
        403,
        "the same name, another key"
    );
    let elsewhere = note.replacen("signstar.example.org", "elsewhere.example.org", 1);
    assert_eq!(status(&format!("old 0\n\n{elsewhere}")), 404);
    // A cosignature, again, and a conflict with the size it has.
    let (first, line) = ask(&address, &format!("old 0\n\n{note}"));
    assert_eq!(first, 200);
    let cosigned = room.checkpoint().note().to_string() + &line;
    let cosigned = signstar::log::Note::parse(cosigned.as_bytes()).expect("a note");
    cosigned.verify(&one.key).expect("a cosignature");
    assert_eq!(status(&format!("old 3\n\n{note}")), 200);
    let (conflict, head, size) = ask_at(
        &address,
        "POST",
        "/x/add-checkpoint",
        &format!("old 0\n\n{note}"),
    );
    assert_eq!((conflict, &*size), (409, "3\n"));
    assert!(head.contains("Content-Type: text/x.tlog.size"), "{head}");
    assert_eq!(ask_at(&address, "GET", "/add-checkpoint", "").0, 405);
    assert_eq!(ask_at(&address, "POST", "/", "").0, 404);
    // Killed and started again, it has not forgotten.
    one.stop();
    one.start(&room);
    assert_eq!(ask(&one.address, &format!("old 0\n\n{note}")).0, 409);
    // What it remembers is not believed blindly.
    let seen = fs::read_dir(room.path("one.seen")).expect("a folder");
    let seen = seen.map(|file| file.expect("a file").path());
    let seen = seen.filter(|path| path.file_name().is_some_and(|name| name.len() == 64));
    for path in seen {
        let text = fs::read_to_string(&path).expect("text");
        fs::write(&path, text.replacen("\n3\n", "\n2\n", 1)).expect("a file");
    }
    assert_eq!(ask(&one.address, &format!("old 3\n\n{note}")).0, 500);
}

#[test]
fn keys_of_logs_and_of_witnesses_are_not_mixed_up() {
    let room = Room::new();
    let _one = Witness::of(&room, "one");
    fs::copy(room.path("one.key"), room.path("key")).expect("a file");
    let said = room.refused();
    assert!(said.contains("a key of the other kind"), "{said}");
}

/// A request id from text.
trait ParseId {
    fn parse_id(&self) -> signstar::log::RequestId;
}

impl ParseId for str {
    fn parse_id(&self) -> signstar::log::RequestId {
        signstar::log::RequestId::new(self).expect("an id")
    }
}

#[test]
fn under_load_witnesses_still_agree_on_one_checkpoint() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let mut away = Witness::of(&room, "away");
    away.stop();
    let lines = one.line() + &two.line();
    let both = lines.clone() + "group both all one two\nquorum both\n";
    let both = format!("log {}\n{both}", room.key);
    let both = Policy::parse(both.as_bytes()).expect("a policy");
    let policy = policy(&room, &(lines + &away.line() + "quorum none\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for worker in 0..4 {
            let (room, is_over) = (&room, &is_over);
            scope.spawn(move || {
                let client = room.client();
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let entry = entry(None, &format!("{worker}-{number}"));
                    client.append(entry).expect("nobody waits for witnesses");
                }
            });
        }
        // Whoever demands them gets them, although the log does not stand still.
        for number in 0..5 {
            let client = room.client();
            let entry = entry(None, &format!("demanding-{number}"));
            let proof = client.append(entry.clone()).expect("a proof");
            let seen = client.witnessed(proof, &both).expect("it answers");
            let index = room.check(&seen, &entry);
            let seen = Proof::parse(seen.as_bytes()).expect("a proof");
            assert_eq!(seen.index(), index);
            seen.entry(&both).expect("both have seen it");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn a_log_may_get_witnesses_later() {
    let room = Room::new();
    let writer = room.start();
    room.client().append(entry(None, "alone")).expect("a proof");
    assert_eq!(writer.stop(), Some(0));
    let mut one = Witness::of(&room, "one");
    one.stop();
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    // What was proved without them is not any more.
    room.client().prove(0).expect_err("nobody has seen it");
    one.start(&room);
    let proof = eventually(|| room.client().prove(0).ok().flatten());
    assert!(accepts(&policy, &proof));
    assert_eq!(signatures(&room.checkpoint()), 2);
    assert_eq!(writer.stop(), Some(0));
}
