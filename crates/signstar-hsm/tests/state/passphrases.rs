//! New passphrases for operators that go on signing.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, ScopedJoinHandle},
    time::Duration,
};

use nethsm::passphrase::Passphrase;
use signstar::config::{Config, Hsm, Key};
use signstar_hsm::{
    Conduct, CredentialStore, Event, Hurry, Which, Witness,
    state::{Action, ApplyError, Desired, rotate},
};
use softnethsm::Lost;

use crate::{
    bench::Bench,
    wishes::{id, little},
};

/// Nobody listens.
#[derive(Debug)]
struct Nobody;

impl Witness for Nobody {
    fn tell(&self, _: &Event<'_>) {}
}

/// What `signstar-sign` would read.
fn configuration(bench: &Bench) -> (Key, Hsm) {
    let devices: Vec<_> = bench
        .devices
        .iter()
        .map(|device| format!("{{ url = {:?}, tls = \"pin:{}\" }}", device.url, device.pin))
        .collect();
    let text = format!(
        "domain = \"signstar.example.org\"\nlog = \"unlogged\"\n[hsm.main]\nkind = \"nethsm\"\n\
         devices = [{}]\n[key.packages]\nhsm = \"main\"\nid = \"packages\"\noperator = \"builder\"\n\
         passphrase = {{ file = {:?} }}\nraw = \"ed25519\"\n",
        devices.join(", "),
        bench.operators.path(&id("builder")),
    );
    let config = Config::parse(&text).expect("good");
    let key = config.keys.into_values().next().expect("one");
    (key, config.hsms.into_values().next().expect("one"))
}

fn signer(bench: &Bench) -> Box<dyn signstar::sign::Signer> {
    let (key, hsm) = configuration(bench);
    let conduct = Conduct {
        public_key: None,
        patience: Duration::from_secs(30),
        connections: 4,
        hurry: Arc::new(Hurry::default()),
        state: None,
        witness: Arc::new(Nobody),
    };
    signstar_hsm::open(&key, &hsm, conduct).expect("opened")
}

fn sign(signer: &dyn signstar::sign::Signer) {
    let message = signstar::sign::Message::Ed25519(b"hello".to_vec());
    let signature = signer.sign(&message).expect("no request fails");
    assert_eq!(signature.len(), 64);
}

fn ready(devices: usize) -> (Desired, Bench) {
    let mut desired = little();
    let bench = Bench::with(devices, &mut desired);
    bench.brings_about(&desired);
    (desired, bench)
}

#[test]
fn while_a_passphrase_is_changed_no_request_fails() {
    let (desired, bench) = ready(2);
    let stop = AtomicBool::new(false);
    let count = AtomicUsize::new(0);
    let signers: Vec<_> = (0..3).map(|_| signer(&bench)).collect();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for signer in signers.iter().chain(&signers) {
            threads.push(scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    sign(&**signer);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        let all_sign = || !threads.iter().any(ScopedJoinHandle::is_finished);
        let access = bench.access(&desired);
        let changed: Result<(), ApplyError> = (0..3).try_for_each(|_| {
            let before = count.load(Ordering::Relaxed);
            rotate(&access, &id("builder"), &mut |_| {})?;
            while all_sign() && count.load(Ordering::Relaxed) < before + 200 {
                thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        });
        // Before anything can fail, or they would never end.
        stop.store(true, Ordering::Relaxed);
        changed.expect("changed");
    });
    assert!(bench.plan(&desired).is_empty());
    sign(&*signer(&bench));
}

#[test]
fn a_change_that_breaks_off_at_any_call_leaves_a_working_client_and_goes_on() {
    let (desired, bench) = ready(2);
    for lost in [Lost::Question, Lost::Answer] {
        for broken in [0, 1] {
            for call in 1.. {
                let cut = &bench.devices[broken].cut;
                cut.at(call, lost);
                let changed = rotate(&bench.access(&desired), &id("builder"), &mut |_| {});
                let was_cut = cut.mend();
                assert!(was_cut || changed.is_ok());
                sign(&*signer(&bench));
                if call % 2 == 0 {
                    bench.brings_about(&desired);
                }
                sign(&*signer(&bench));
                if !was_cut {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_new_passphrase_that_no_device_has_is_dropped() {
    let (desired, bench) = ready(1);
    let file = bench.operators.file("builder");
    let unused = Passphrase::new("never told to anybody".to_owned());
    file.write(Which::New, &unused).expect("stored");
    let done = bench.brings_about(&desired);
    assert!(matches!(&done[..], [step] if matches!(step.action, Action::DropNewPassphrase { .. })));
    sign(&*signer(&bench));
}

#[test]
fn a_passphrase_that_is_lost_is_replaced() {
    let (desired, bench) = ready(1);
    fs::remove_file(bench.operators.path(&id("builder"))).expect("removed");
    let done = bench.brings_about(&desired);
    assert!(matches!(&done[..], [step] if matches!(step.action, Action::SetPassphrase { .. })));
    sign(&*signer(&bench));
}
