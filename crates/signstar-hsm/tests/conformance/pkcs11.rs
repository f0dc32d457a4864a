//! What can go wrong with tokens and their modules only.

use std::{
    error::Error,
    fs, process,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use signstar::{
    config::{Credential, ObjectId},
    sign::{Message, PublicKey, Signer, SignerError},
};

use crate::{
    suite::{self, Bench, Whole, conduct, messages},
    token::{PIN, SoftHsm2},
};

/// A token with one key, called `key`.
fn one_key() -> Option<(SoftHsm2, PublicKey, Message)> {
    let mut bench = SoftHsm2::empty()?;
    bench.import("key", "01", &["-algorithm", "ED25519"]);
    let (_, public) = bench.keys().remove(0);
    let message = messages(&public, "a text").remove(0);
    Some((bench, public, message))
}

fn patient(bench: &SoftHsm2, public: &PublicKey, timeout_seconds: u32) -> Box<dyn Signer> {
    let (conduct, _) = conduct(Some(public.clone()), Duration::from_secs(60));
    suite::open(&bench.key("key"), &bench.hsm(timeout_seconds), conduct)
}

/// Why there is no signature, with all causes.
fn cause(signed: Result<Vec<u8>, SignerError>) -> String {
    let error = signed.expect_err("no signature");
    let error: &dyn Error = &error;
    Whole(error).to_string()
}

#[test]
fn a_module_that_hangs_or_crashes_is_started_anew() {
    let Some((bench, public, message)) = one_key() else {
        return;
    };
    let signer = patient(&bench, &public, 1);
    signer.sign(&message).expect("signed");
    for (how, told) in [
        ("hang", "does not answer in time"),
        ("crash", "has crashed"),
    ] {
        bench.misbehave(how);
        let (conduct, witness) = conduct(Some(public.clone()), Duration::from_secs(2));
        let hasty = suite::open(&bench.key("key"), &bench.hsm(1), conduct);
        let cause = cause(hasty.sign(&message));
        assert!(cause.starts_with("the HSM is unavailable"), "{cause}");
        let lines = witness.lines();
        assert!(
            lines.iter().any(|line| line.contains(match how {
                "hang" => "Timeout",
                _ => "Crashed",
            })),
            "{told}: {lines:?}"
        );
        bench.misbehave("");
        hasty.sign(&message).expect("signed again");
        signer.sign(&message).expect("signed again");
    }
}

#[test]
fn a_login_that_is_lost_is_made_again() {
    let Some((bench, public, message)) = one_key() else {
        return;
    };
    let signer = patient(&bench, &public, 30);
    bench.misbehave("logged-out");
    for _ in 0..4 {
        let signature = signer.sign(&message).expect("signed");
        public.verify(&message, &signature).expect("right");
    }
    assert!(bench.logins() > 1);
}

#[test]
fn what_is_no_signature_is_none() {
    let Some((bench, public, message)) = one_key() else {
        return;
    };
    bench.misbehave("garbage");
    let cause = cause(patient(&bench, &public, 30).sign(&message));
    assert!(cause.starts_with("the HSM answers nonsense"), "{cause}");
}

#[test]
fn a_session_is_opened_once_and_used_many_times() {
    let Some((bench, public, message)) = one_key() else {
        return;
    };
    let signer = patient(&bench, &public, 30);
    for _ in 0..20 {
        signer.sign(&message).expect("signed");
    }
    assert_eq!(bench.logins(), 1);
}

#[test]
fn a_wrong_pin_is_tried_once_by_everybody_together() {
    let Some((bench, public, message)) = one_key() else {
        return;
    };
    let mut key = bench.key("key");
    let pin = bench.secret("of this key", "654321");
    key.passphrase = Credential::File(pin.clone());
    let session = || {
        let (mut conduct, _) = conduct(Some(public.clone()), Duration::from_secs(60));
        conduct.state = Some(bench.path().join("state"));
        suite::open(&key, &bench.hsm(30), conduct)
    };
    // Several sessions of several requests at once, as processes of their own would be.
    let sessions = [session(), session(), session()];
    thread::scope(|scope| {
        for session in &sessions {
            for _ in 0..3 {
                scope.spawn(|| cause(session.sign(&message)));
            }
        }
    });
    let told = cause(session().sign(&message));
    assert!(told.contains("has called the PIN wrong before"), "{told}");
    assert_eq!(bench.logins(), 1);

    // Without a place for notes, one process knows by itself.
    let alone = suite::open(
        &key,
        &bench.hsm(30),
        conduct(None, Duration::from_secs(60)).0,
    );
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| cause(alone.sign(&message)));
        }
    });
    assert_eq!(bench.logins(), 2);

    // The right one in the same file: nobody has to be restarted.
    bench.secret("of this key", PIN);
    for session in &sessions {
        session.sign(&message).expect("signed");
    }
    let note = fs::read_to_string(bench.path().join("state/refused-pin")).expect("a note");
    assert!(!note.contains("654321") && !note.contains(PIN), "{note}");
}

#[test]
fn a_pin_that_is_locked_or_nearly_so_is_left_alone() {
    let Some((bench, public, message)) = one_key() else {
        return;
    };
    bench.misbehave("last-try");
    let told = cause(patient(&bench, &public, 30).sign(&message));
    assert!(told.contains("one more wrong PIN would lock"), "{told}");
    assert_eq!(bench.logins(), 0);
    bench.misbehave("locked");
    let signer = patient(&bench, &public, 30);
    let told = cause(signer.sign(&message));
    assert!(told.contains("the PIN is locked"), "{told}");
    assert_eq!(bench.logins(), 1);
    bench.misbehave("");
    signer.sign(&message).expect("its officer has seen to it");
}

#[test]
fn several_keys_of_one_label_need_an_object_id() {
    let Some((mut bench, public, message)) = one_key() else {
        return;
    };
    bench.import("key", "02", &["-algorithm", "ED25519"]);
    let told = cause(patient(&bench, &public, 30).sign(&message));
    assert!(told.contains("several private keys"), "{told}");
    for ((_, public), id) in bench.keys().iter().zip(["01", "02"]) {
        let mut key = bench.key("key");
        key.object_id = Some(ObjectId::try_from(id.to_owned()).expect("good"));
        let (conduct, _) = conduct(Some(public.clone()), Duration::from_secs(60));
        let signer = suite::open(&key, &bench.hsm(30), conduct);
        signer.sign(&message).expect("signed");
    }
}

#[test]
fn a_key_that_is_not_that_of_the_certificate_signs_nothing() {
    let Some((bench, _, message)) = one_key() else {
        return;
    };
    let other = PublicKey::Ed25519(vec![9; 32]);
    let told = cause(patient(&bench, &other, 30).sign(&message));
    assert!(told.contains("not that of the certificate"), "{told}");
}

#[test]
fn a_module_that_is_none_is_named_so() {
    let Some((bench, public, message)) = one_key() else {
        return;
    };
    fs::write(bench.path().join("misbehaving.so"), "no library").expect("written");
    let told = cause(patient(&bench, &public, 30).sign(&message));
    assert!(told.contains("the PKCS#11 module cannot be used"), "{told}");
}

/// The processes below this one that have the module in `folder`.
fn helpers(folder: &str) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split(' ').nth(2)?.parse().ok());
        // Tests run as threads of one process with some runners: only those of this token.
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let ours = String::from_utf8_lossy(&environment).contains(folder);
        if parent == Some(process::id()) && (ours || environment.is_empty()) {
            found.push(pid);
        }
    }
    found
}

#[test]
fn processes_that_are_killed_under_load_cost_nothing_but_time() {
    let Some((bench, public, _)) = one_key() else {
        return;
    };
    let (conduct, _) = conduct(Some(public.clone()), Duration::from_secs(60));
    let signer = suite::open(&bench.key("key"), &bench.hsm_with(30, 1), conduct);
    let folder = bench.path().display().to_string();
    let made = AtomicUsize::new(0);
    let mut killed = 0;
    thread::scope(|scope| {
        let askers: Vec<_> = (0..4)
            .map(|asker| {
                let (signer, public, made) = (&signer, &public, &made);
                scope.spawn(move || {
                    for number in 0..50 {
                        let text = format!("{asker} asks for {number}");
                        let message = messages(public, &text).remove(0);
                        let signature = signer.sign(&message).expect("signed");
                        public.verify(&message, &signature).expect("right");
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        // The one process has made something, so it is not logging in: SoftHSM writes its token anew
        // then, in its place, and who kills it finds no token any more.
        let mut next = 10;
        while !askers.iter().all(thread::ScopedJoinHandle::is_finished) {
            if made.load(Ordering::Relaxed) >= next {
                for pid in helpers(&folder) {
                    let pid = nix::unistd::Pid::from_raw(pid);
                    let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
                    killed += 1;
                }
                next = made.load(Ordering::Relaxed) + 10;
            }
            thread::sleep(Duration::from_millis(1));
        }
        for asker in askers {
            asker.join().expect("no wrong answer");
        }
    });
    assert!(killed > 0, "somebody was killed");
}
