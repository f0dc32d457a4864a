//! A YubiHSM2 brought to what a configuration says: one in software, behind a connector.

use std::{
    env, fs,
    ops::Deref,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;
use signstar_hsm::yubihsm2::object::{Capabilities, ObjectType};
use yubihsm_mock::{Device, Kind, Lost, Object, Objects, Server};

use crate::programs::Folder;

pub(crate) const SERIAL: u32 = 12_345_678;
pub(crate) const ADMINISTRATOR: u16 = 10;
pub(crate) const BUILDER: u16 = 2;
const LOADER: u16 = 3;
pub(crate) const AUDITOR: &str =
    "auditor = { operator = \"5\", passphrase = { file = \"HERE/secrets/auditor\" } }";

/// A host with one device.
pub(crate) struct Host {
    folder: Folder,
    device: Arc<Device>,
    server: Option<Server>,
    serial: u32,
}

impl Deref for Host {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Host {
    /// With a device as its maker sells it.
    pub(crate) fn begin() -> Self {
        Self::with(Objects::new(SERIAL))
    }

    fn with(objects: Objects) -> Self {
        let serial = objects.serial;
        let device = Arc::new(Device::new(objects).expect("good"));
        let server = Server::start(device.clone(), "127.0.0.1:0").expect("a server");
        let host = Self {
            folder: Folder::new(),
            device,
            server: Some(server),
            serial,
        };
        host.configure("Curve25519", "", "");
        host
    }

    /// Another device takes the place of the one that is there.
    pub(crate) fn replace(&mut self, objects: Objects) {
        self.serial = objects.serial;
        self.device = Arc::new(Device::new(objects).expect("good"));
        self.server = None;
        let server = Server::start(self.device.clone(), "127.0.0.1:0");
        self.server = Some(server.expect("a server"));
        self.configure("Curve25519", "", "");
    }

    pub(crate) fn connector(&self) -> String {
        let server = self.server.as_ref().expect("there is one");
        format!("http://{}", server.address())
    }

    pub(crate) fn configure(&self, key_type: &str, of_device: &str, more: &str) {
        let here = self.folder.display().to_string();
        let text = format!(
            r#"domain = "signstar.example.org"
identity = "authorized-keys"
log = "unlogged"
journal = {{ file = "HERE/journal" }}
state = "HERE/state"
limits = {{ request-seconds = 5 }}
[administration]
credentials = "plaintext"
folder = "HERE/administration"
[hsm.stick]
kind = "yubihsm2"
connector = "{connector}"
serial = "{serial:010}"
{of_device}
[key.packages]
hsm = "stick"
id = "packages"
type = "{key_type}"
operator = "{BUILDER}"
passphrase = {{ file = "HERE/secrets/builder" }}
certificate = "HERE/certificates/packages.pgp"
user-ids = ["Example Packaging <packages@example.org>"]
[key.boot]
hsm = "stick"
id = "boot"
type = "RSA2048"
raw = "pss"
operator = "{LOADER}"
passphrase = {{ file = "HERE/secrets/loader" }}
public-key = "HERE/certificates/boot.pem"
[client.builder]
key = "packages"
outputs = ["OpenPGPv4"]
[client.loader]
key = "boot"
outputs = ["raw"]
[user.keeper]
role = "backup"
hsm = "stick"
operator = "4"
passphrase = {{ file = "HERE/secrets/backup" }}
{more}"#,
            connector = self.connector(),
            serial = self.serial,
        );
        let text = text.replace("HERE", &here);
        fs::write(self.configuration(), text).expect("written");
    }

    #[track_caller]
    pub(crate) fn signs(&self) {
        self.each_signs(2);
    }

    fn operator(&self, number: u16) -> Option<Object> {
        let objects = self.device.objects();
        objects.get(ObjectType::AUTHENTICATION_KEY, number).cloned()
    }

    pub(crate) fn key(&self, label: &str) -> Object {
        let objects = self.device.objects();
        let key = objects.keys().find(|key| key.label == label);
        key.expect("it is there").clone()
    }

    pub(crate) fn newest_backup(&self) -> PathBuf {
        let backups = fs::read_dir(self.path("state/keeper/backups/stick")).expect("there");
        let backups = backups.flatten().map(|entry| entry.path());
        backups.max().expect("one")
    }

    /// All that is secret on this host.
    fn secrets(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("administration/hsm-stick")).expect("there");
        let all: Value = serde_json::from_str(&text).expect("JSON");
        let of = |secret: &Value| secret.as_str().expect("text").to_owned();
        let mut secrets = vec![of(&all["administrators"]["admin"]), of(&all["backup"])];
        for name in ["builder", "loader", "backup"] {
            let path = self.path("secrets").join(name);
            secrets.push(fs::read_to_string(path).expect("there"));
        }
        assert!(secrets.iter().all(|secret| secret.len() >= 32));
        secrets
    }

    fn kept_log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("administration/log-stick")).expect("there");
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

#[test]
fn from_a_device_as_it_is_sold_to_a_signature() {
    let host = Host::begin();
    let told = host.ends(&["hsm", "plan"], 10);
    assert!(
        told.contains("yubihsm:0012345678\n  add administrator 10"),
        "{told}"
    );
    let plan: Value =
        serde_json::from_slice(&host.run(&["hsm", "plan", "--json"]).stdout).expect("JSON");
    let actions = plan["stick"]["steps"].as_array().expect("steps").iter();
    let actions: Vec<_> = actions
        .map(|step| step["action"].as_str().expect("text"))
        .collect();
    assert_eq!(
        actions,
        [
            "put-administrator",
            "delete-factory-key",
            "put-wrap-key",
            "generate-key",
            "generate-key",
            "put-operator",
            "put-operator",
            "put-operator",
            "write-public-key",
            "certify"
        ]
    );
    assert!(!host.path("secrets").exists(), "a plan changes nothing");
    assert!(!host.path("administration/hsm-stick").exists());

    let mut told = host.ends(&["hsm", "apply"], 0);
    host.signs();
    told += &host.ends(&["hsm", "plan"], 0);
    told += &host.ends(&["hsm", "apply"], 0);
    assert!(told.contains("stick: nothing to do"), "{told}");
    told += &host.ends(&["backup", "verify"], 0);
    assert!(told.contains("5 objects open"), "{told}");

    // Who everybody knows is gone, and nobody may more than it takes.
    assert!(host.operator(1).is_none());
    let administrator = host.operator(ADMINISTRATOR).expect("there");
    let may = |object: &Object, what: Capabilities| object.capabilities & what.0 != 0;
    assert!(!may(&administrator, Capabilities::SIGN));
    let (packages, boot) = (host.key("packages"), host.key("boot"));
    assert_eq!((packages.domains, boot.domains), (2, 1));
    for (number, key, may_do) in [
        (BUILDER, &packages, Capabilities::SIGN_EDDSA),
        (LOADER, &boot, Capabilities::SIGN_PSS),
    ] {
        let operator = host.operator(number).expect("there");
        let exportable = Capabilities::EXPORTABLE_UNDER_WRAP;
        assert_eq!(operator.capabilities, may_do.and(exportable).0);
        assert_eq!(key.capabilities, operator.capabilities);
        assert_eq!((operator.domains, operator.delegated), (key.domains, 0));
    }

    let journal = fs::read_to_string(host.path("journal")).expect("lines");
    assert!(
        journal.contains("make key `packages` (Curve25519) in domain 2"),
        "{journal}"
    );
    let backup = fs::read_to_string(host.newest_backup()).expect("text");
    for secret in host.secrets() {
        assert!(!told.contains(&secret) && !journal.contains(&secret));
        assert!(!backup.contains(&secret));
    }
}

/// From one message at which it breaks to the next: 1 with `EVERY_CALL` set.
fn stride() -> usize {
    match env::var_os("EVERY_CALL") {
        Some(_) => 1,
        None => 9,
    }
}

#[test]
fn broken_off_at_any_message_it_completes() {
    let mut cuts = 0;
    let sold = Objects::new(SERIAL);
    for message in (1..).step_by(stride()) {
        // One after the other.
        let lost = match cuts % 2 {
            0 => Lost::Question,
            _ => Lost::Answer,
        };
        let host = Host::with(sold.clone());
        let auditor = AUDITOR.replace("HERE", &host.folder.display().to_string());
        host.configure("Curve25519", &auditor, "");
        host.device.cut_at(message, lost);
        let output = host.run(&["hsm", "apply"]);
        if !host.device.mend() {
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            break;
        }
        cuts += 1;
        let told = format!("at message {message}, {lost:?} lost: {output:?}");
        // After the backup only sessions are ended.
        let is_done = String::from_utf8_lossy(&output.stdout).contains("backup in");
        let status = if is_done { 0 } else { 21 };
        assert_eq!(output.status.code(), Some(status), "{told}");
        host.ends(&["hsm", "apply"], 0);
        host.signs();
        host.ends(&["hsm", "plan"], 0);
        host.ends(&["hsm", "audit"], 0);
    }
    assert!(cuts > 5, "there are more messages");
}

#[test]
fn what_stands_in_the_way_is_told_and_nothing_is_replaced() {
    let mut host = Host::begin();
    host.ends(&["hsm", "apply"], 0);
    let before = host.device.objects();

    host.configure("EC_P384", "", "");
    let told = host.ends(&["hsm", "apply"], 1);
    assert!(
        told.contains("key `packages` is Curve25519, not EC_P384"),
        "{told}"
    );
    host.configure("Curve25519", "", "");
    let certificate = host.path("certificates/packages.pgp");
    let kept = fs::read(&certificate).expect("there");
    fs::write(&certificate, "something else").expect("written");
    let told = host.ends(&["hsm", "plan"], 1);
    assert!(told.contains("is not of key `packages`"), "{told}");
    fs::write(&certificate, kept).expect("written");

    // The administrator is not known here, or has another passphrase.
    let (file, aside) = (host.path("administration/hsm-stick"), host.path("aside"));
    fs::rename(&file, &aside).expect("moved");
    let told = host.ends(&["hsm", "apply"], 22);
    assert!(told.contains("not known on this host"), "{told}");
    let other = fs::read_to_string(&aside).expect("there");
    let mut other: Value = serde_json::from_str(&other).expect("JSON");
    other["administrators"]["admin"] = "another passphrase".into();
    fs::copy(&aside, &file).expect("copied");
    fs::write(&file, other.to_string()).expect("written");
    let told = host.ends(&["hsm", "apply"], 22);
    assert!(
        told.contains("nobody can log in as administrator 10"),
        "{told}"
    );
    fs::rename(&aside, &file).expect("moved");
    host.ends(&["hsm", "plan"], 0);
    let objects = |all: &Objects| serde_json::to_string(all).expect("JSON");
    assert_eq!(objects(&before), objects(&host.device.objects()));

    // Passphrases of operators are not rotated.
    let told = host.ends(&["rotate", "--hsm", "stick"], 1);
    assert!(told.contains("is a YubiHSM2"), "{told}");

    // Another device, and none.
    let here = host.connector();
    host.serial = 7;
    host.configure("Curve25519", "", "");
    let told = host.ends(&["hsm", "plan"], 1);
    assert!(told.contains("0012345678"), "{told}");
    host.serial = SERIAL;
    host.configure("Curve25519", "", "");
    host.server = None;
    let told = host.ends_without_device(&here);
    assert!(told.contains("cannot be reached"), "{told}");
}

impl Host {
    #[track_caller]
    fn ends_without_device(&self, connector: &str) -> String {
        let output = self.run(&["hsm", "apply"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(21), "{connector}: {told}");
        told
    }
}

#[test]
fn those_who_sign_are_brought_back_to_what_they_may() {
    let host = Host::begin();
    host.ends(&["hsm", "apply"], 0);
    // One whose passphrase is lost, and one whose passphrase is another.
    for change in [
        &|path: &Path| fs::remove_file(path).expect("there"),
        &|path: &Path| fs::write(path, "another").expect("written"),
    ] as [&dyn Fn(&Path); 2]
    {
        change(&host.path("secrets/builder"));
        let told = host.ends(&["hsm", "plan"], 10);
        assert!(
            told.contains("replace operator 2, who signs with key `packages`"),
            "{told}"
        );
        host.ends(&["hsm", "apply"], 0);
        host.signs();
    }

    // Somebody else has been here: an operator may more than it should, another one is new.
    let mut host = host;
    let mut objects = host.device.objects();
    let operator = objects.get_mut(ObjectType::AUTHENTICATION_KEY, BUILDER);
    operator.expect("there").capabilities |= Capabilities::SIGN_ECDSA.0;
    objects.put_operator(77, "password", 0xffff, Capabilities::SIGN);
    host.replace(objects);
    let told = host.ends(&["hsm", "plan"], 10);
    assert!(told.contains("replace operator 2"), "{told}");
    assert!(
        told.contains("operator 77 is not in the configuration"),
        "{told}"
    );
    host.ends(&["hsm", "apply"], 0);
    let operator = host.operator(BUILDER).expect("there");
    assert_eq!(operator.capabilities & Capabilities::SIGN_ECDSA.0, 0);
    assert!(host.operator(77).is_some());
    host.ends(&["hsm", "apply", "--remove-users"], 0);
    assert!(host.operator(77).is_none());
    host.signs();
    host.ends(&["hsm", "plan"], 0);
}

#[test]
fn a_key_that_others_made_is_used() {
    let mut objects = Objects::new(SERIAL);
    objects.generate("packages", Kind::Ed25519).expect("made");
    let host = Host::with(objects);
    let told = host.ends(&["hsm", "apply"], 0);
    assert!(!told.contains("make key `packages`"), "{told}");
    host.signs();
    assert!(!host.ends(&["hsm", "plan"], 0).contains("note:"));
    // Its domain stays its own.
    assert_eq!(
        (host.key("packages").domains, host.key("boot").domains),
        (1, 2)
    );
}

#[test]
fn a_key_that_no_backup_can_have_is_told() {
    let mut objects = Objects::new(SERIAL);
    let number = objects.generate("packages", Kind::Ed25519).expect("made");
    let key = objects.get_mut(ObjectType::ASYMMETRIC_KEY, number);
    key.expect("it is there").capabilities = Capabilities::SIGN_EDDSA.0;
    let host = Host::with(objects);
    host.ends(&["hsm", "apply"], 0);
    host.signs();
    let told = host.ends(&["hsm", "plan"], 0);
    assert!(
        told.contains("key `packages` may not leave the device"),
        "{told}"
    );
    let told = host.ends(&["backup", "verify"], 1);
    assert!(told.contains("key `packages` is not in it"), "{told}");
}

#[test]
fn a_device_that_is_lost_comes_back_on_another() {
    let mut host = Host::begin();
    host.ends(&["hsm", "apply"], 0);
    let certificate = fs::read(host.path("certificates/packages.pgp")).expect("there");
    let newest = host.newest_backup();
    let backup = newest.to_str().expect("text");

    // The same one, reset: nothing is made in place of what is lost.
    host.replace(Objects::new(SERIAL));
    let told = host.ends(&["hsm", "apply"], 1);
    assert!(told.contains("the device was reset"), "{told}");
    assert_eq!(host.device.objects().keys().count(), 0);
    host.ends(&["restore", "--device", "yubihsm:0012345678", backup], 0);
    host.signs();
    host.ends(&["hsm", "plan"], 0);

    // Whoever signs differently by now goes on as they are.
    let mut objects = host.device.objects();
    let operator = objects.get_mut(ObjectType::AUTHENTICATION_KEY, LOADER);
    operator.expect("there").capabilities = Capabilities::SIGN_PSS.0;
    host.replace(objects);
    host.ends(&["restore", "--device", "yubihsm:0012345678", backup], 0);
    host.signs();

    // Another one, at any moment of which the connector breaks off.
    let sold = Objects::new(SERIAL + 1);
    let mut cuts = 0;
    for message in (1..).step_by(stride()) {
        host.replace(sold.clone());
        host.device.cut_at(message, Lost::Answer);
        let connector = host.connector();
        let words = ["restore", "--device", &connector, backup];
        let output = host.run(&words);
        let was_cut = host.device.mend();
        let wanted = if was_cut { 21 } else { 0 };
        assert_eq!(output.status.code(), Some(wanted), "{message}: {output:?}");
        host.ends(&words, 0);
        host.signs();
        host.ends(&["hsm", "plan"], 0);
        cuts += usize::from(was_cut);
        if !was_cut {
            break;
        }
    }
    assert!(cuts > 2, "there are more messages");
    let now = fs::read(host.path("certificates/packages.pgp")).expect("there");
    assert_eq!(now, certificate);

    // What was changed on its way, or belongs to others, is not restored at all.
    host.replace(Objects::new(SERIAL + 2));
    let connector = host.connector();
    let text = fs::read_to_string(&newest).expect("text");
    let mut parsed: Value = serde_json::from_str(&text).expect("JSON");
    let wrapped = parsed["objects"][1]["wrapped"].as_str().expect("text");
    let digit = if wrapped.ends_with('0') { "1" } else { "0" };
    let changed = format!("{}{digit}", &wrapped[..wrapped.len() - 1]);
    parsed["objects"][1]["wrapped"] = changed.into();
    let bad = host.path("bad.backup");
    for (content, why) in [
        (parsed.to_string(), "was changed since"),
        (text[..text.len() / 2].to_owned(), "is no good"),
        (
            text.replace("backup 1", "backup 9"),
            "no backup of a YubiHSM2",
        ),
    ] {
        fs::write(&bad, content).expect("written");
        let path = bad.to_str().expect("text");
        for words in [
            &["restore", "--device", &connector, path][..],
            &["backup", "verify", path],
        ] {
            let told = host.ends(words, 1);
            assert!(told.contains(why), "{told}");
        }
        assert!(host.operator(1).is_some(), "nothing was changed");
    }
}

#[test]
fn the_log_is_read_before_it_is_full_or_nobody_signs() {
    let host = Host::begin();
    let auditor = AUDITOR.replace("HERE", &host.folder.display().to_string());
    host.configure("Curve25519", &auditor, "");
    host.ends(&["hsm", "apply"], 0);
    host.signs();
    assert!(host.ends(&["hsm", "audit"], 0).contains("entries"));
    let told = host.ends(&["hsm", "audit"], 0);
    // One login is that of the auditor.
    assert!(told.contains("stick: 1 entries"), "{told}");

    // Each signature is in it, with who made it and with which key.
    let signed = |lines: &[Value]| {
        let entries = lines.iter().map(|line| &line["entry"]);
        entries.filter(|entry| entry["command"] == 0x6a).count()
    };
    let before = signed(&host.kept_log());
    let full = (0..80).take_while(|_| host.self_test().status.success());
    let signatures = full.count();
    assert!((5..80).contains(&signatures), "{signatures}");
    let told = host.self_test();
    let told =
        String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("hsm-unavailable"), "{told}");
    // What could not be logged was counted.
    let told = host.ends(&["hsm", "audit"], 10);
    assert!(told.contains("it was full"), "{told}");
    host.signs();
    host.ends(&["hsm", "audit"], 0);
    let lines = host.kept_log();
    assert!(signed(&lines) > before + signatures, "{lines:#?}");
    let mine = lines.iter().map(|line| &line["entry"]);
    let mine = mine.filter(|entry| entry["command"] == 0x6a);
    for entry in mine {
        assert_eq!(entry["session-key"], BUILDER);
        assert_eq!(entry["target"], host.key("packages").id);
    }
}

#[test]
fn who_takes_something_out_of_the_log_is_noticed() {
    let mut host = Host::begin();
    let auditor = AUDITOR.replace("HERE", &host.folder.display().to_string());
    host.configure("Curve25519", &auditor, "");
    host.ends(&["hsm", "apply"], 0);
    host.ends(&["hsm", "audit"], 0);
    let tell = |host: &Host, wanted: &str| {
        let told = host.ends(&["hsm", "audit"], 10);
        assert!(told.contains(wanted), "{told}");
        let journal = fs::read_to_string(host.path("journal")).expect("lines");
        assert!(journal.contains(wanted), "{journal}");
        // Told once, and kept.
        host.ends(&["hsm", "audit"], 0);
        let kept = host.kept_log();
        let mut gaps = kept.iter().filter_map(|line| line["gap"].as_str());
        assert!(gaps.any(|gap| gap.contains(wanted)), "{kept:#?}");
    };

    // Somebody read the log in our place.
    let lines = fs::read_to_string(host.path("administration/log-stick")).expect("there");
    host.signs();
    host.ends(&["hsm", "audit"], 0);
    fs::write(host.path("administration/log-stick"), &lines).expect("written");
    tell(&host, "entries are missing");

    // What was not written to its end is read again.
    let whole = fs::read_to_string(host.path("administration/log-stick")).expect("there");
    fs::write(
        host.path("administration/log-stick"),
        whole + "{\"time\":\"2026-",
    )
    .expect("written");
    host.ends(&["hsm", "audit"], 0);
    host.kept_log();

    // The device was reset, and set up by hand.
    let newest = host.newest_backup();
    host.replace(Objects::new(SERIAL));
    host.configure("Curve25519", &auditor, "");
    let words = ["restore", "--device", "yubihsm:0012345678"];
    let told = host.ends(&[&words[..], &[newest.to_str().expect("text")]].concat(), 0);
    assert!(told.contains("begins anew"), "{told}");
    host.ends(&["hsm", "apply"], 0);
    host.ends(&["hsm", "audit"], 0);
    host.signs();
}

#[test]
fn while_somebody_follows_the_log_there_is_no_end_of_signatures() {
    let host = Host::begin();
    let auditor = AUDITOR.replace("HERE", &host.folder.display().to_string());
    host.configure("Curve25519", &auditor, "");
    host.ends(&["hsm", "apply"], 0);
    let mut follower = host
        .command(&["hsm", "audit", "--follow"])
        .stdout(Stdio::null())
        .spawn()
        .expect("it runs");
    // Far more than fit into the log; a request waits until there is room.
    for _ in 0..60 {
        let output = host.self_test();
        assert!(output.status.success(), "{output:?}");
    }
    let logged = || {
        let lines = host.kept_log();
        let entries = lines.iter().map(|line| &line["entry"]);
        entries.filter(|entry| entry["command"] == 0x6a).count()
    };
    let end = Instant::now() + Duration::from_secs(30);
    while logged() < 60 && Instant::now() < end {
        sleep(Duration::from_millis(50));
    }
    follower.kill().expect("ours");
    follower.wait().expect("ours");
    assert!(logged() >= 60);
    // No entry is missing, even if somebody logged in while there was no room.
    let lines = host.kept_log();
    let gaps = lines.iter().filter_map(|line| line["gap"].as_str());
    for gap in gaps {
        assert!(gap.starts_with("it was full"), "{gap}");
    }
}
