//! What a witness answers, and what a log makes of it.

use std::fs;

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use signstar::log::{Algorithm, KeyName, NoteSignature, VerifierKey};

use crate::{
    room::{Room, entry},
    witnesses::{
        Impostor, Manners, Witness, accepts, ask, ask_at, eventually, policy, refused, serve,
        signatures,
    },
};

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
            }) as Manners
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
