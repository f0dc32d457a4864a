//! Kills under load: whatever was answered is there afterwards, and what was deleted is not.
//!
//! Ten rounds by default; `KILL_ROUNDS` asks for more, `KILL_SEED` for the rounds of another run:
//! they make the same wishes and wait as long, though a kill may hit another request.

mod known;
mod writer;

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::known::read_back;
use self::writer::{Random, Writer};
use crate::device::{ADMIN, OPERATOR, Process, UNLOCK, client, login, passphrase, set_up};

const WRITERS: usize = 4;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::from(now.expect("after 1970").subsec_nanos())
}

#[test]
#[expect(clippy::print_stdout, reason = "a run that fails is to be repeated")]
fn what_was_answered_survives_every_kill() {
    let seed = number("KILL_SEED").unwrap_or_else(any_seed);
    let rounds = number("KILL_ROUNDS").unwrap_or(10);
    println!("KILL_SEED={seed} KILL_ROUNDS={rounds}");
    let mut random = Random::new(seed);
    let mut writers: Vec<Writer> = (0..WRITERS)
        .map(|place| Writer::new(place, random.next()))
        .collect();

    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Process::start(folder.path(), &[]);
    let device = client(folder.path(), process.port);
    set_up(&device);
    let mut answered = 0;
    for round in 0..rounds {
        let device = client(folder.path(), process.port);
        // Their first logins take a while: the time until the kill is for changes.
        login(&device, "admin", ADMIN).keys().expect("logged in");
        let operator = login(&device, "operator", OPERATOR);
        operator.random(1).expect("logged in");
        let threads: Vec<_> = writers
            .into_iter()
            .map(|mut writer| {
                let admin = login(&device, "admin", ADMIN);
                let operator = login(&device, "operator", OPERATOR);
                thread::spawn(move || {
                    writer.write_until_the_end(&admin, &operator);
                    writer
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(50 + random.below(450)));
        process.kill();
        writers = threads
            .into_iter()
            .map(|thread| thread.join().expect("only the connection ends it"))
            .collect();

        process = Process::start(folder.path(), &[]);
        let device = client(folder.path(), process.port);
        device.unlock(passphrase(UNLOCK)).expect("unlocked");
        let found = read_back(&login(&device, "admin", ADMIN));
        for writer in &mut writers {
            answered += writer.compare(&found, &format!("seed {seed}, round {round}"));
        }
    }
    println!("{answered} changes were answered, and all are there");
    assert!(answered > 0, "nothing was answered, so nothing was tried");
}
