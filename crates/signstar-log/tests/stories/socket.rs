//! Entries go in, proofs come out.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    thread,
};

use nix::unistd::{Uid, User};
use signstar::log::RequestId;
use signstar_log::{Question, client::ClientError};

use crate::room::{Room, entry};

#[test]
fn an_entry_is_public_when_its_proof_is_handed_out() {
    let room = Room::new();
    let writer = room.start();
    let client = room.client();
    for file in ["a", "b", "c"] {
        let entry = entry(None, file);
        let proof = client.append(entry.clone()).expect("a proof");
        room.check(&proof, &entry);
        assert_eq!(room.entries().last(), Some(&entry));
    }
    assert_eq!(writer.stop(), Some(0));
    assert!(!room.socket().exists());
}

#[test]
fn many_at_once_each_get_their_own() {
    let room = Room::new();
    let _writer = room.start();
    let client = room.client();
    thread::scope(|scope| {
        for worker in 0..16 {
            let (room, client) = (&room, &client);
            scope.spawn(move || {
                for number in 0..50 {
                    let entry = entry(None, &format!("{worker}-{number}"));
                    let proof = client.append(entry.clone()).expect("a proof");
                    room.check(&proof, &entry);
                }
            });
        }
    });
    assert_eq!(room.checkpoint().head().size, 800);
    let mut entries = room.entries();
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len(), 800);
    // Of complete tiles nothing partial is left.
    assert!(room.path("log/tile/0/002").exists());
    assert!(!room.path("log/tile/0/000.p").exists());
    assert!(!room.path("log/tile/entries/001.p").exists());
}

#[test]
fn the_same_request_twice_is_one_entry() {
    let room = Room::new();
    let writer = room.start();
    let client = room.client();
    let first = entry(Some("r-1"), "file");
    let proof = client.append(first.clone()).expect("a proof");
    // The same client and id with another signature: the one on record counts.
    let again = client.append(entry(Some("r-1"), "other")).expect("a proof");
    assert_eq!(room.check(&again, &first), room.check(&proof, &first));
    drop(writer);

    let _writer = room.start();
    let id = RequestId::new("r-1").expect("an id");
    let found = client
        .find("builder", &id)
        .expect("an answer")
        .expect("on record");
    assert_eq!(room.check(&found, &first), 0);
    assert_eq!(client.find("other", &id).expect("an answer"), None);
    let other = RequestId::new("r-2").expect("an id");
    assert_eq!(client.find("builder", &other).expect("an answer"), None);
    let again = client.append(entry(Some("r-1"), "third")).expect("a proof");
    assert_eq!(room.check(&again, &first), 0);
    assert_eq!(room.checkpoint().head().size, 1);
}

#[test]
fn what_is_no_entry_is_refused_and_nothing_is_written() {
    let room = Room::new();
    let _writer = room.start();
    let client = room.client();
    let mut spaced = entry(None, "file");
    spaced.push(b' ');
    for bad in [b"".to_vec(), b"{}".to_vec(), spaced, vec![b'x'; 70_000]] {
        let error = client.append(bad).expect_err("no entry");
        assert!(matches!(error, ClientError::Refused(_)), "{error}");
    }
    assert_eq!(room.checkpoint().head().size, 0);
}

#[test]
fn rubbish_ends_one_connection_and_no_other() {
    let room = Room::new();
    let _writer = room.start();
    for bad in [
        &b"\xff\xff\xff\xff"[..],
        b"\0\0\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0",
    ] {
        let mut stream = UnixStream::connect(room.socket()).expect("it listens");
        stream.write_all(bad).expect("it reads");
        stream.shutdown(std::net::Shutdown::Write).expect("open");
        let mut told = Vec::new();
        stream.read_to_end(&mut told).expect("the end");
        assert_eq!(told, b"", "{bad:?}");
    }
    let entry = entry(None, "file");
    let proof = room.client().append(entry.clone()).expect("a proof");
    room.check(&proof, &entry);
}

#[test]
fn who_does_not_read_the_answers_holds_nobody_up() {
    let room = Room::new();
    let _writer = room.start();
    let mut deaf = UnixStream::connect(room.socket()).expect("it listens");
    deaf.set_write_timeout(Some(std::time::Duration::from_millis(500)))
        .expect("open");
    let frame = Question::Append(entry(None, "deaf")).to_frame();
    // Until the log reads no more of it.
    while deaf.write_all(&frame).is_ok() {}
    let entry = entry(None, "file");
    let proof = room.client().append(entry.clone()).expect("a proof");
    room.check(&proof, &entry);
}

#[test]
fn a_user_who_is_not_named_may_not_append() {
    let room = Room::new();
    let Some(_writer) = room.start_with(room.serve().args(["--allow-user", "nobody"])) else {
        panic!("it starts");
    };
    let error = room
        .client()
        .append(entry(None, "file"))
        .expect_err("refused");
    assert!(
        matches!(
            error,
            ClientError::Refused(_) | ClientError::Unavailable { .. }
        ),
        "{error}"
    );
    assert_eq!(room.checkpoint().head().size, 0);
}

#[test]
fn a_client_that_is_a_user_appends_as_itself_only() {
    let room = Room::new();
    let Some(_writer) = room.start_with(room.serve().arg("--client-is-user")) else {
        panic!("it starts");
    };
    // Nobody is called `builder` here.
    let error = room
        .client()
        .append(entry(None, "file"))
        .expect_err("refused");
    assert!(error.to_string().contains("another client"), "{error}");
}

#[test]
fn a_user_with_a_pseudonym_appends_under_that_alone() {
    let room = Room::new();
    let user = User::from_uid(Uid::effective())
        .expect("users")
        .expect("a user")
        .name;
    let mut serve = room.serve();
    serve.arg("--client-is-user").arg("--log-name");
    let Some(_writer) = room.start_with(serve.arg(format!("{user}=builder"))) else {
        panic!("it starts");
    };
    let client = room.client();
    let proof = client.append(entry(None, "file")).expect("on record");
    room.check(&proof, &entry(None, "file"));
    let of_another = String::from_utf8(entry(None, "file")).expect("text");
    let of_another =
        of_another.replace("\"client\":\"builder\"", &format!("\"client\":\"{user}\""));
    client
        .append(of_another.into_bytes())
        .expect_err("its own name is not its name there");
}

#[test]
fn a_log_that_is_away_is_unavailable_and_comes_back() {
    let room = Room::new();
    let client = room.client();
    let entry = entry(None, "file");
    let error = client.append(entry.clone()).expect_err("nobody there");
    assert!(matches!(error, ClientError::Unavailable { .. }), "{error}");
    for _ in 0..3 {
        let writer = room.start();
        let proof = client.append(entry.clone()).expect("a proof");
        room.check(&proof, &entry);
        drop(writer);
    }
    assert_eq!(room.checkpoint().head().size, 3);
}
