//! Who may have what: stories about one client and its rules.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha512};
use signstar::{
    config::{ClientName, ClientRules, KeyName, NamePattern, Rates},
    policy::{Grant, Meter, Policy},
    refusal::{Code, Refused},
    request::{
        AllegedName, Digest, Input, Output, OutputType, Request, RequestId, Salt, Sha512State,
    },
};

fn client() -> ClientName {
    ClientName::new("builder").expect("a name")
}

fn rules() -> ClientRules {
    let every = [
        OutputType::OpenPgpV4,
        OutputType::OpenPgpV6,
        OutputType::Ssh,
    ];
    ClientRules::new(KeyName::new("packages").expect("a name"), every)
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn policy(rules: ClientRules) -> Policy {
    Policy::new([(client(), rules)].into())
}

fn state(length: usize) -> Sha512State {
    Sha512State::from_hasher(&Sha512::new_with_prefix(vec![7; length])).expect("short")
}

fn named(name: Option<&str>) -> Request {
    let name = name.map(|name| AllegedName::new(name).expect("a name"));
    Request::open_pgp_v4(state(10), name)
}

fn request(input: impl Into<Input>, output: Output) -> Request {
    Request::new(input, output, None).expect("makes sense")
}

/// The code of the refusal, if it is one.
fn decide(policy: &Policy, request: Request, at: SystemTime) -> Option<Code> {
    match Grant::decide(request, &client(), policy, at) {
        Ok(grant) => {
            assert_eq!(grant.key().as_str(), "packages");
            assert_eq!(grant.at(), at);
            None
        }
        Err(refused) => Some(refused.code()),
    }
}

#[test]
fn a_file_has_to_be_called_as_the_rules_have_it() {
    let patterns =
        ["*.pkg.tar.zst", "core.db"].map(|pattern| NamePattern::new(pattern).expect("a pattern"));
    let policy = policy(ClientRules {
        file_names: Some(patterns.into()),
        ..rules()
    });
    for (name, refused) in [
        (Some("linux-6.17-1-x86_64.pkg.tar.zst"), None),
        (Some("core.db"), None),
        (Some("core.db.tar"), Some(Code::FileNameNotPermitted)),
        (None, Some(Code::FileNameNotPermitted)),
    ] {
        assert_eq!(decide(&policy, named(name), now()), refused, "{name:?}");
    }
    let none = policy_without_names();
    let refused = decide(&none, named(Some("x")), now());
    assert_eq!(refused, Some(Code::FileNameNotPermitted));
}

fn policy_without_names() -> Policy {
    policy(ClientRules {
        file_names: Some(Vec::new()),
        ..rules()
    })
}

#[test]
fn a_file_has_to_be_as_short_as_the_rules_have_it() {
    let policy = policy(ClientRules {
        max_length: Some(1000),
        ..rules()
    });
    let digest = Digest::Sha512([1; 64]);
    let salt = Salt::new([7; 32]);
    let too_large = Some(Code::FileTooLarge);
    for (request, refused) in [
        (request(state(1000), Output::OpenPgpV4), None),
        (request(state(1001), Output::OpenPgpV4), too_large),
        (request(state(1000), Output::Ssh), None),
        (request(digest, Output::Ssh), too_large),
        // The salt is no part of the file.
        (request(state(1032), Output::OpenPgpV6(salt)), None),
        (request(state(1033), Output::OpenPgpV6(salt)), too_large),
        (Request::open_pgp_v6_salt(), None),
    ] {
        let name = format!("{request:?}");
        assert_eq!(decide(&policy, request, now()), refused, "{name}");
    }
}

#[test]
fn a_client_has_its_time() {
    let hour = Duration::from_secs(3600);
    let policy = policy(ClientRules {
        valid_from: Some(now()),
        valid_until: Some(now() + hour),
        ..rules()
    });
    let outside = Some(Code::OutsideValidity);
    let second = Duration::from_secs(1);
    for (at, refused) in [
        (now() - second, outside),
        (now(), None),
        (now() + hour - second, None),
        (now() + hour, outside),
    ] {
        assert_eq!(decide(&policy, named(None), at), refused);
    }
}

#[test]
fn salts_are_for_those_who_may_have_version_6() {
    let only_v4 = ClientRules {
        outputs: [OutputType::OpenPgpV4].into(),
        ..rules()
    };
    let refused = decide(&policy(only_v4), Request::open_pgp_v6_salt(), now());
    assert_eq!(refused, Some(Code::NotPermitted));
    let request = request(Digest::Sha256([0; 32]), Output::Raw);
    assert_eq!(
        decide(&policy(rules()), request, now()),
        Some(Code::NotPermitted)
    );
}

/// Lets two requests pass.
#[derive(Debug, Default)]
struct Two(AtomicU32);

impl Meter for Two {
    fn take(&self, client: &ClientName, rates: &Rates, now: SystemTime) -> Result<(), Refused> {
        assert_eq!(client.as_str(), "builder");
        assert_eq!(rates.per_minute.map(NonZeroU32::get), Some(2));
        assert_eq!(now, self::now());
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Ok(()),
            _ => Err(Refused::new(Code::RateLimited)),
        }
    }
}

fn limited() -> ClientRules {
    ClientRules {
        requests_per_minute: NonZeroU32::new(2),
        max_length: Some(5),
        ..rules()
    }
}

#[test]
fn what_is_refused_counts_like_what_is_granted() {
    let policy = policy(limited()).with_meter(Arc::new(Two::default()));
    let too_large = Some(Code::FileTooLarge);
    assert_eq!(decide(&policy, named(None), now()), too_large);
    assert_eq!(decide(&policy, named(None), now()), too_large);
    let rate = Some(Code::RateLimited);
    assert_eq!(decide(&policy, named(None), now()), rate);
    let other = policy.clone();
    assert_eq!(decide(&other, Request::open_pgp_v6_salt(), now()), rate);
}

#[test]
fn who_is_cut_off_does_not_count() {
    let meter = Arc::new(Two::default());
    for rules in [
        ClientRules {
            enabled: false,
            ..limited()
        },
        ClientRules {
            valid_until: Some(now()),
            ..limited()
        },
    ] {
        let policy = policy(rules).with_meter(Arc::clone(&meter) as Arc<dyn Meter>);
        assert!(decide(&policy, named(None), now()).is_some());
    }
    assert_eq!(meter.0.load(Ordering::Relaxed), 0);
}

#[test]
fn limited_rates_without_a_count_grant_nothing() {
    let refused = decide(&policy(limited()), named(None), now());
    assert_eq!(refused, Some(Code::Misconfigured));
}

#[test]
fn a_refusal_says_which_request_it_is_about() {
    let id = RequestId::new("rebuild-7").expect("an id");
    let request = named(None).with_id(id.clone());
    let stranger = ClientName::new("stranger").expect("a name");
    let refused = Grant::decide(request, &stranger, &policy(rules()), now()).expect_err("unknown");
    assert_eq!(refused.id(), Some(&id));
    let json = signstar::response::refusal_to_json(&refused);
    assert!(json.ends_with(r#","id":"rebuild-7"}"#), "{json}");
}
