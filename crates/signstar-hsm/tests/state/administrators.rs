//! New administrative credentials.

use nethsm::{
    client::Error,
    passphrase::{Credentials, Passphrase},
};
use signstar_hsm::{
    AdministrativeCredentials,
    state::{Action, Desired, Step, rotate_administrators},
};
use softnethsm::Lost;

use crate::{
    bench::Bench,
    wishes::{everything, id, little},
};

fn made_up() -> AdministrativeCredentials {
    let administrators = [id("admin"), id("second"), id("ns~admin")];
    AdministrativeCredentials::make_up(&administrators).expect("random numbers")
}

fn ready(devices: usize, wish: fn() -> Desired) -> (Desired, Bench) {
    let mut desired = wish();
    let bench = Bench::with(devices, &mut desired);
    bench.brings_about(&desired);
    (desired, bench)
}

#[test]
fn all_devices_get_all_of_them() {
    let (desired, mut bench) = ready(2, everything);
    let new = made_up();
    let mut done = Vec::new();
    let mut tell = |step: &Step| done.push(step.action.clone());
    rotate_administrators(&bench.access(&desired), &new, &mut tell).expect("changed");
    let each = [
        Action::SetUnlockPassphrase,
        Action::SetBackupPassphrase,
        Action::SetAdministrator { user: id("admin") },
        Action::SetAdministrator {
            user: id("ns~admin"),
        },
        Action::SetAdministrator { user: id("second") },
    ];
    assert_eq!(done, [&each[..], &each[..]].concat());

    let old = std::mem::replace(&mut bench.administration, new);
    for (user, old) in old.administrators {
        let old = Credentials::new(user.clone(), Passphrase::new(old.expose().to_owned()));
        let refused = bench.devices[1].client().as_user(old).user(&user);
        assert!(matches!(refused, Err(Error::Unauthorized)), "{user}");
    }
    // Backups are looked at too; and what unlocks is found out by unlocking.
    bench.brings_about(&desired);
    bench.admin(0).lock().expect("locked");
    let done = bench.brings_about(&desired);
    assert!(matches!(&done[..], [step] if step.action == Action::Unlock));
}

/// Breaks off at one call after the other, `stride` calls apart.
fn breaks_off(devices: usize, stride: usize) {
    let (desired, mut bench) = ready(devices, little);
    for lost in [Lost::Question, Lost::Answer] {
        for broken in 0..devices {
            for call in (1..).step_by(stride) {
                let new = made_up();
                let cut = &bench.devices[broken].cut;
                cut.at(call, lost);
                let access = bench.access(&desired);
                let first = rotate_administrators(&access, &new, &mut |_| {});
                let was_cut = cut.mend();
                assert_eq!(first.is_err(), was_cut, "call {call}: {first:?}");
                if was_cut {
                    rotate_administrators(&access, &new, &mut |_| {}).expect("it goes on");
                }
                bench.administration = new;
                let plan = bench.plan(&desired);
                assert!(plan.is_empty(), "call {call}: {plan}");
                if !was_cut {
                    assert!(call > 8, "only {call} calls");
                    break;
                }
            }
        }
    }
}

// New passphrases are stretched each time: all calls take minutes, in the story below.
#[test]
fn a_change_that_breaks_off_goes_on() {
    breaks_off(1, 5);
}

#[test]
#[ignore = "every call of each of two devices takes minutes"]
fn a_change_that_breaks_off_at_any_call_goes_on() {
    breaks_off(2, 1);
}

#[test]
fn a_device_that_is_locked_is_unlocked_with_the_old_or_the_new() {
    let (desired, mut bench) = ready(1, little);
    let new = made_up();
    for _ in 0..2 {
        let old = bench.admin(0);
        old.lock().expect("locked");
        // At the first call after what unlocks was changed it breaks off.
        let cut = &bench.devices[0].cut;
        let changed = std::cell::Cell::new(false);
        let mut tell = |_: &Step| {
            if !changed.replace(true) {
                cut.at(1, Lost::Question);
            }
        };
        let broken = rotate_administrators(&bench.access(&desired), &new, &mut tell);
        assert!(cut.mend() && broken.is_err(), "{broken:?}");
    }
    rotate_administrators(&bench.access(&desired), &new, &mut |_| {}).expect("changed");
    bench.administration = new;
    assert!(bench.plan(&desired).is_empty());
}
