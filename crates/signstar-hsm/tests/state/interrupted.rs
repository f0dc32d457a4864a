//! The connection breaks at any call; run again, it completes.

use signstar_hsm::state::{Access, Desired, bring_about};
use softnethsm::{Cut, Lost};

use crate::{
    bench::{Bench, Software},
    wishes::{everything, little, path},
};

/// Tries to bring about `desired` while the connection breaks at that call, and then without that.
/// Tells whether it came to the break.
fn in_two_runs(access: &Access<'_>, cut: &Cut, call: u32, lost: Lost) -> bool {
    cut.at(call, lost);
    let first = bring_about(access, &mut |_| {});
    let was_cut = cut.mend();
    assert!(was_cut || first.is_ok(), "call {call}: {first:?}");
    if let Err(error) = bring_about(access, &mut |_| {}) {
        panic!("call {call}: {error:?}");
    }
    let plan = access.plan().expect("readable");
    assert!(plan.is_empty(), "call {call}: {plan}");
    was_cut
}

/// A device that has been provisioned, and has nothing else but who makes backups.
fn begun(wish: fn() -> Desired) -> Desired {
    let mut desired = wish();
    desired.namespaces.clear();
    desired.keys.clear();
    desired.logging = None;
    desired.users.retain(|id, _| id.as_str() == "keeper");
    desired
}

/// Every call from a device that was begun to one that is done.
fn from_the_beginning_on(lost: Lost) {
    let mut wish = everything();
    let mut bench = Bench::with(1, &mut wish);
    let mut beginning = begun(everything);
    beginning.devices = wish.devices.clone();
    bench.brings_about(&beginning);
    let spare = Software::new();
    let mut copies = std::mem::replace(&mut bench.devices[0], spare).into_copies();
    let salts = Default::default();
    for call in 1.. {
        bench.replace(0, copies(), &mut wish);
        bench.certificates = Default::default();
        let access = bench.access(&wish).knowing(&salts);
        let was_cut = in_two_runs(&access, &bench.devices[0].cut, call, lost);
        let certificate = bench.user(0, "builder").certificate(&path("packages").id);
        let kept = bench.certificates.0.borrow()[&path("packages")].clone();
        assert_eq!(certificate.expect("there"), kept, "call {call}");
        if !was_cut {
            assert!(call > 50, "only {call} calls");
            return;
        }
    }
}

#[test]
fn a_question_lost_at_any_call_is_asked_again() {
    from_the_beginning_on(Lost::Question);
}

#[test]
fn an_answer_lost_at_any_call_is_looked_for() {
    from_the_beginning_on(Lost::Answer);
}

/// Every call from a fresh device to one that was begun.
fn from_a_fresh_device_on(lost: Lost) {
    for call in 1.. {
        let mut desired = begun(little);
        let bench = Bench::with(1, &mut desired);
        let cut = &bench.devices[0].cut;
        if !in_two_runs(&bench.access(&desired), cut, call, lost) {
            assert!(call > 10, "only {call} calls");
            return;
        }
    }
}

#[test]
fn of_a_fresh_device_any_question_may_get_lost() {
    from_a_fresh_device_on(Lost::Question);
}

#[test]
fn of_a_fresh_device_any_answer_may_get_lost() {
    from_a_fresh_device_on(Lost::Answer);
}

/// Every call to a second device that gets the keys of the first.
fn while_restoring(lost: Lost) {
    let mut desired = little();
    let mut bench = Bench::with(2, &mut desired);
    let mut alone = desired.clone();
    alone.devices.truncate(1);
    bench.brings_about(&alone);
    let salts = Default::default();
    for call in 1.. {
        bench.replace(1, Software::new(), &mut desired);
        let cut = &bench.devices[1].cut;
        let access = bench.access(&desired).knowing(&salts);
        let was_cut = in_two_runs(&access, cut, call, lost);
        let public = |at: usize| bench.admin(at).public_pem(&path("packages").id);
        assert_eq!(public(1).expect("there"), public(0).expect("there"));
        if !was_cut {
            assert!(call > 10, "only {call} calls");
            return;
        }
    }
}

#[test]
fn of_a_restore_any_question_may_get_lost() {
    while_restoring(Lost::Question);
}

#[test]
fn of_a_restore_any_answer_may_get_lost() {
    while_restoring(Lost::Answer);
}
