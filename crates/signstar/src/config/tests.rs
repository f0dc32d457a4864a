//! What is taken, what is refused, and in which words.

use super::*;

const GOOD: &str = r#"
    domain = "signstar.example.org"
    log = "unlogged"
    journal = { file = "/var/lib/signstar/journal" }

    [hsm.main]
    kind = "nethsm"
    url = "https://127.0.0.1:8443/api/v1"
    tls = "system"

    [key.packages]
    hsm = "main"
    id = "packages"
    operator = "packages"
    passphrase = { file = "/run/signstar/packages" }
    certificate = "/etc/signstar/packages.pgp"

    [client.builder]
    key = "packages"
    outputs = ["OpenPGPv4"]
"#;

fn error(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    Config::parse(&GOOD.replace(from, to))
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn what_is_not_said_has_a_safe_value() {
    let config = Config::parse(GOOD).expect("good");
    assert_eq!(config.identity, Identity::UnixUser);
    assert_eq!(config.log, Log::Unlogged);
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.limits.sessions.get(), 100);
    assert_eq!(config.limits.requests.get(), 100_000);
    assert_eq!(config.limits.idle_seconds.get(), 60);
    assert_eq!(config.limits.session_seconds.get(), 14_400);
    assert_eq!(config.limits.in_flight.get(), 32);
    assert_eq!(config.limits.request_seconds.get(), 30);
    assert_eq!(config.state, PathBuf::from("/var/lib/signstar/state"));
    assert_eq!(config.metrics, None);
    assert!(config.clients.values().all(|rules| rules.enabled));
}

#[test]
fn the_log_policy_has_to_be_spelled_out() {
    assert!(error("log = \"unlogged\"", "").contains("log: this is missing"));
}

#[test]
fn the_public_log_is_a_table() {
    let vkey = "log.example.org/2026+8862e5c8+AXMt2+Su+oGBMIwOblaioJ+xgxi18YW1kGt47Q9exLL2";
    let table = format!("log = {{ socket = \"/run/log\", vkey = \"{vkey}\" }}");
    let public = GOOD.replace("log = \"unlogged\"", &table);
    let config = Config::parse(&public).expect("good");
    let Log::Public(log) = &config.log else {
        panic!("a public log");
    };
    assert_eq!(log.socket, PathBuf::from("/run/log"));
    assert_eq!(log.vkey.to_string(), vkey);
    assert_eq!(log.file_names, FileNames::Plain);
    let of_key = "id = \"packages\"\n    log-file-names = \"absent\"";
    let config = Config::parse(&public.replace("id = \"packages\"", of_key)).expect("good");
    let mut keys = config.keys.values();
    let names = keys.next().expect("a key").log_file_names;
    assert_eq!(names, Some(FileNames::Absent));

    let of_key = "id = \"packages\"\n    log-policy = \"/etc/signstar/witnesses\"";
    let config = Config::parse(&public.replace("id = \"packages\"", of_key)).expect("good");
    let policies: Vec<_> = config.keys.values().map(|key| &key.log_policy).collect();
    assert_eq!(policies, [&Some(PathBuf::from("/etc/signstar/witnesses"))]);
    assert!(error("id = \"packages\"", of_key).contains("log-policy: nothing is logged"));

    let cosigner = "witness.example.org/a+b128b3e3+BKnESUrMSfTFJQGgDPTVYkBNU8Z409kYt/MYUgc3TWBV";
    for (from, to, message) in [
        ("socket", "sock", "unknown field `sock`"),
        ("socket = \"/run/log\", ", "", "missing field `socket`"),
        (vkey, cosigner, "type 0x01"),
        (vkey, "log.example.org", "NAME+ID+KEY"),
        ("socket", "clients = \"pseudonym\", socket", "unknown field"),
        (&table, "log = \"logged\"", "unknown variant `logged`"),
        (&table, "log = true", "the table [log]"),
    ] {
        let error = Config::parse(&public.replace(from, to)).expect_err(to);
        assert!(error.to_string().contains(message), "{to}: {error}");
    }
}

#[test]
fn the_key_of_the_log_is_nobody_elses() {
    let vkey = "log.example.org/2026+8862e5c8+AXMt2+Su+oGBMIwOblaioJ+xgxi18YW1kGt47Q9exLL2";
    let table = format!("log = {{ socket = \"/x\", vkey = \"{vkey}\", key = \"log\" }}");
    let public = GOOD.replace("log = \"unlogged\"", &table);
    let with = |section: &str| Config::parse(&format!("{public}\n{section}"));
    let message = |section: &str| with(section).expect_err("must be refused").to_string();
    let key = "[key.log]\nhsm = \"main\"\nid = \"log\"\noperator = \"log\"\n\
               passphrase = { file = \"/x\" }\n";
    with(key).expect("good");
    assert!(message("").contains("log.key: there is no [key.log]"));
    let raw = "public-key = \"/x\"\nraw = \"ed25519\"\n";
    for (section, why) in [
        (format!("{key}{raw}"), "`raw`"),
        (format!("{key}ssh-namespace = \"x\""), "an ssh-namespace"),
        (format!("{key}certificate = \"/x\""), "a certificate"),
        (
            key.replace("id = \"log\"", "id = \"packages\""),
            "[key.packages] is the same",
        ),
        (
            format!("{key}[client.x]\nkey = \"log\"\noutputs = []"),
            "[client.x] has the key",
        ),
        (
            // Under another name of the same HSM.
            format!(
                "{key}[hsm.alias]\nkind = \"nethsm\"\n\
                 url = \"https://127.0.0.1:8443/api/v1\"\ntls = \"insecure\"\n{}",
                key.replace("key.log", "key.more")
                    .replace("\"main\"", "\"alias\"")
            ),
            "[key.more] is the same",
        ),
    ] {
        let said = message(&section);
        assert!(
            said.contains("nothing else") && said.contains(why),
            "{said}"
        );
    }
}

#[test]
fn what_is_referred_to_exists() {
    assert_eq!(
        error("key = \"packages\"", "key = \"iso\""),
        "line 19: client.builder.key: there is no [key.iso]; there is `packages`"
    );
    assert_eq!(
        error("hsm = \"main\"", "hsm = \"spare\""),
        "line 12: key.packages.hsm: there is no [hsm.spare]; there is `main`"
    );
}

#[test]
fn typing_errors_are_named() {
    assert!(error("outputs =", "output =").contains("unknown field `output`"));
    assert!(error("[client.builder]", "[client.\"../x\"]").contains("a name"));
    assert!(error("domain = \"signstar.example.org\"", "domain = \"-\"").contains("domain"));
}

#[test]
fn an_hsm_is_one_device_or_a_list_of_them() {
    let one = "url = \"https://127.0.0.1:8443/api/v1\"\n    tls = \"system\"";
    let two = r#"devices = [{ url = "https://a/api/v1", tls = "system" },
                            { url = "https://b/api/v1", tls = "system" }]
                 order = "round-robin""#;
    let text = GOOD.replace(one, two);
    assert_ne!(text, GOOD);
    let config = Config::parse(&text).expect("good");
    let Some(Hsm::NetHsm(hsm)) = config.hsms.into_values().next() else {
        panic!("one HSM");
    };
    assert_eq!(hsm.devices().len(), 2);
    assert_eq!(hsm.order(), Order::RoundRobin);
    for bad in [
        &format!("{one}\n{two}"),
        "url = \"https://a/api/v1\"",
        "devices = []",
        "",
    ] {
        let message = error(one, bad);
        assert!(message.contains("not both"), "{bad}: {message}");
    }
    assert!(error(one, &format!("{one}\nsurprise = 1")).contains("unknown field"));
}

#[test]
fn what_a_kind_of_signature_needs_is_there() {
    for (output, missing) in [
        ("OpenPGPv6", "certificate-v6"),
        ("SSHSIG", "ssh-namespace"),
        ("raw", "raw"),
    ] {
        assert_eq!(
            error("\"OpenPGPv4\"", &format!("\"{output}\"")),
            format!(
                "line 20: client.builder.outputs: `{output}` needs `{missing}` in [key.packages]; \
                 add that, or leave `{output}` out"
            )
        );
    }
    let certificate = "certificate = \"/etc/signstar/packages.pgp\"";
    assert!(error(certificate, "").contains("needs `certificate`"));
    let ssh = GOOD
        .replace("\"OpenPGPv4\"", "\"SSHSIG\"")
        .replace(certificate, "ssh-namespace = \"packages@example.org\"");
    let message = Config::parse(&ssh).expect_err("no public key").to_string();
    assert!(message.contains("needs `public-key`"), "{message}");
}

#[test]
fn a_key_that_signs_raw_digests_does_nothing_else() {
    let certificate = "certificate = \"/etc/signstar/packages.pgp\"";
    let raw = "raw = \"pkcs1\"\n    public-key = \"/etc/signstar/packages.pem\"";
    let alone = GOOD
        .replace("\"OpenPGPv4\"", "\"raw\"")
        .replace(certificate, raw);
    Config::parse(&alone).expect("good");
    for more in [certificate, "ssh-namespace = \"packages\""] {
        let both = alone.replace(raw, &format!("{raw}\n        {more}"));
        let error = Config::parse(&both).expect_err(more).to_string();
        assert!(error.contains("used for nothing else"), "{error}");
    }
    // The same key under another name, and in the same device under another name.
    let hsm = "[hsm.alias]\nkind = \"nethsm\"\nurl = \"https://127.0.0.1:8443/api/v1\"\ntls = \"insecure\"\n";
    for alias in ["main", "alias"] {
        let second = format!(
            "{alone}\n{hsm}[key.second]\nhsm = \"{alias}\"\nid = \"packages\"\noperator = \"x\"\n\
             passphrase = {{ file = \"/x\" }}\n{certificate}\n"
        );
        let error = Config::parse(&second).expect_err(alias).to_string();
        assert!(error.contains("used for nothing else"), "{error}");
        let other = second.replace(
            "id = \"packages\"\noperator = \"x\"",
            "id = \"iso\"\noperator = \"x\"",
        );
        Config::parse(&other).expect("another key");
    }
}

#[test]
fn who_signs_nothing_has_one_role_and_what_it_needs() {
    let with = |users: &str| Config::parse(&format!("{GOOD}\n{users}"));
    let account = r#"operator = "keeper"
        passphrase = { file = "/run/signstar/keeper" }"#;
    let config = with(&format!(
        "[user.fetch]\nrole = \"certificates\"\n[user.watch]\nrole = \"metrics\"\n\
         [user.keep]\nrole = \"backup\"\nhsm = \"main\"\n{account}"
    ))
    .expect("good");
    let roles: Vec<_> = config
        .users
        .values()
        .map(|user| user.role.as_str())
        .collect();
    assert_eq!(roles, ["certificates", "backup", "metrics"]);
    for (bad, why) in [
        ("[user.a]\nrole = \"root\"".to_owned(), "unknown variant"),
        (
            format!("[user.a]\nrole = \"metrics\"\n{account}"),
            "only a user",
        ),
        (
            "[user.a]\nrole = \"backup\"\nhsm = \"main\"".to_owned(),
            "`passphrase`",
        ),
        (
            format!("[user.a]\nrole = \"backup\"\nhsm = \"spare\"\n{account}"),
            "no [hsm.spare]",
        ),
        ("[user.builder]\nrole = \"metrics\"".to_owned(), "one role"),
        (
            "[user.a]\nrole = \"metrics\"\nkey = \"packages\"".to_owned(),
            "unknown field",
        ),
    ] {
        let message = with(&bad).expect_err("must be refused").to_string();
        assert!(message.contains(why), "{bad}: {message}");
    }
}

#[test]
fn a_time_has_an_offset_and_an_order() {
    let with = |rules: &str| {
        Config::parse(&GOOD.replace("outputs =", &format!("{rules}\n        outputs =")))
    };
    let config = with(
        "valid-from = 2026-01-01T00:00:00Z\nvalid-until = 2026-01-01T02:00:00+01:00\n\
         file-names = [\"*.zst\"]\nmax-length = 10\nrequests-per-minute = 1",
    )
    .expect("good");
    let rules = config.clients.into_values().next().expect("one");
    let from = rules.valid_from.expect("a time");
    let until = rules.valid_until.expect("a time");
    assert_eq!(until.duration_since(from).expect("later").as_secs(), 3600);
    assert!(rules.is_valid_at(from) && !rules.is_valid_at(until));
    assert!(rules.rates().is_limited());
    for bad in [
        "valid-from = 2026-01-01T00:00:00",
        "valid-from = 2026-01-01",
        "valid-from = \"2026-01-01T00:00:00Z\"",
        "valid-from = 2026-01-02T00:00:00Z\nvalid-until = 2026-01-02T00:00:00Z",
        "requests-per-day = 0",
        "file-names = [\"a/b\"]",
    ] {
        assert!(with(bad).is_err(), "{bad}");
    }
}
