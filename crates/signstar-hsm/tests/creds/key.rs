//! What the key of a host keeps.

use std::fs;

use nethsm::passphrase::Passphrase;
use signstar_hsm::{Administration, BadCredential, CredentialStore, For, Which};

use crate::host::{Host, credentials, has, refused, skipped};

#[test]
fn administrative_credentials_open_on_their_host_alone() {
    let (Some(host), Some(other)) = (Host::new(), Host::new()) else {
        return;
    };
    let file = host.file("hsm-main");
    assert!(Administration::load(&file).expect("readable").is_none());
    let first = credentials();
    Administration::store(&file, &first).expect("stored");
    has(&file, &first);
    let rests = fs::read_to_string(file.path()).expect("text");
    for secret in first
        .administrators
        .values()
        .chain([&first.unlock, &first.backup])
    {
        assert!(!rests.contains(secret.expose()), "it rests in clear");
    }

    // Stolen: on a host without a key, on one with another, and with the key of another put in place.
    let stolen = other.file("hsm-main");
    fs::copy(file.path(), stolen.path()).expect("copied");
    let error = refused(&stolen);
    assert!(
        error.contains("Failed to determine local credential key"),
        "{error}"
    );
    Administration::store(&other.file("hsm-other"), &credentials()).expect("it makes its key");
    let error = refused(&stolen);
    assert!(error.contains("Decryption failed"), "{error}");
    fs::copy(other.path("host-key"), host.path("host-key")).expect("copied");
    let error = refused(&file);
    assert!(error.contains("Decryption failed"), "{error}");
}

#[test]
fn under_another_name_it_does_not_open() {
    let Some(host) = Host::new() else { return };
    let [main, other] = ["hsm-main", "hsm-other"].map(|name| host.file(name));
    let (of_main, of_other) = (credentials(), credentials());
    Administration::store(&main, &of_main).expect("stored");
    Administration::store(&other, &of_other).expect("stored");
    fs::rename(main.path(), other.path()).expect("renamed");
    let error = refused(&other);
    assert!(error.contains("'hsm-main'"), "{error}");
    // Nothing is lost by that.
    has(&host.file_for("hsm-other", "hsm-main", For::Root), &of_main);
}

#[test]
fn what_is_not_whole_does_not_open() {
    let Some(host) = Host::new() else { return };
    let file = host.file("hsm-main");
    let stored = credentials();
    Administration::store(&file, &stored).expect("stored");
    let sealed = fs::read_to_string(file.path()).expect("text");
    let changed = |at: usize| {
        let other = if &sealed[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &sealed[..at], &sealed[at + 1..])
    };
    let letters: Vec<usize> = sealed
        .match_indices(|letter: char| letter.is_ascii_alphanumeric())
        .map(|(at, _)| at)
        .collect();
    // Of the last letter, not every bit counts.
    let (_, letters) = letters.split_last().expect("not empty");
    for &at in letters.iter().step_by(letters.len() / 12) {
        fs::write(file.path(), changed(at)).expect("written");
        refused(&file);
    }
    let clear = String::from_utf8(stored.to_octets().expect("JSON").to_vec()).expect("text");
    for other in [
        "",
        &sealed[..sealed.len() / 2],
        &format!("{sealed}{sealed}"),
        &clear,
    ] {
        fs::write(file.path(), other).expect("written");
        refused(&file);
    }
    fs::write(file.path(), &sealed).expect("written");
    has(&file, &stored);
}

#[test]
fn what_has_had_its_time_does_not_open_and_the_clock_locks_nobody_out() {
    let Some(host) = Host::new() else { return };
    let stored = credentials();
    let clear = String::from_utf8(stored.to_octets().expect("JSON").to_vec()).expect("text");
    let past = ["--timestamp=2020-01-01", "--not-after=2021-01-01"];
    host.seals("hsm-past", &clear, &past);
    let error = refused(&host.file("hsm-past"));
    assert!(error.contains("time passed"), "{error}");
    // As a host does whose clock was wrong. What we seal has no end.
    host.seals("hsm-future", &clear, &["--timestamp=2090-01-01"]);
    has(&host.file("hsm-future"), &stored);
}

#[test]
fn a_passphrase_is_changed_in_two_files() {
    let Some(host) = Host::new() else { return };
    let file = host.file("passphrase");
    let passphrase = |text: &str| Passphrase::new(text.to_owned());
    let read = |which| CredentialStore::read(&file, which).expect("readable");
    file.write(Which::Current, &passphrase("correct horse"))
        .expect("stored");
    file.write(Which::New, &passphrase("battery staple"))
        .expect("stored");
    assert_eq!(
        read(Which::Current).expect("there").expose(),
        "correct horse"
    );
    file.promote().expect("there is a newer one");
    let current = read(Which::Current).expect("there");
    assert_eq!(current.expose(), "battery staple");
    assert!(read(Which::New).is_none());

    // Without its key, what was there stays.
    fs::rename(host.path("host-key"), host.path("away")).expect("there");
    fs::create_dir(host.path("host-key")).expect("created");
    let error = file.write(Which::Current, &passphrase("never stored"));
    error.expect_err("there is no key");
    fs::remove_dir(host.path("host-key")).expect("empty");
    fs::rename(host.path("away"), host.path("host-key")).expect("there");
    let current = read(Which::Current).expect("there");
    assert_eq!(current.expose(), "battery staple");
}

#[test]
fn what_could_not_be_read_again_is_not_stored() {
    let Some(host) = Host::new() else { return };
    let file = host.file("hsm-main");
    let stored = credentials();
    Administration::store(&file, &stored).expect("stored");
    // Longer than its limit only when it is sealed.
    let long = vec![b'x'; 60 << 10];
    let error = file.write_secret(&long).expect_err("it is too long");
    assert!(matches!(error, BadCredential::TooLong), "{error}");
    has(&file, &stored);
}

#[test]
fn what_is_of_a_unix_user_is_of_no_other() {
    let Some(host) = Host::new() else { return };
    let file = |user: &str| host.file_for("passphrase", "passphrase", For::User(user.to_owned()));
    let passphrase = Passphrase::new("correct horse".to_owned());
    match file("daemon").write(Which::Current, &passphrase) {
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains("binds no secret to a user"), "{error}");
            skipped("this systemd is older than 256: that it refuses is all there is to see");
        }
        Ok(()) => {
            let opened = CredentialStore::read(&file("daemon"), Which::Current).expect("readable");
            assert_eq!(opened.expect("there").expose(), "correct horse");
            for other in [file("bin"), host.file("passphrase")] {
                CredentialStore::read(&other, Which::Current).expect_err("of somebody else");
            }
        }
    }
}
