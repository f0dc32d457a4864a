//! Tokens behind PKCS#11, brought to what a configuration says: real ones of SoftHSM 2.

use std::{
    fs, io::Write, ops::Deref, os::unix::fs::PermissionsExt, path::Path, process::Command,
    thread::sleep, time::Duration,
};

use serde_json::Value;

use crate::programs::Folder;

const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];

/// A host with a folder for tokens, none of which is made.
struct Host {
    folder: Folder,
    module: &'static str,
}

impl Deref for Host {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Host {
    fn begin() -> Option<Self> {
        let module = MODULES.into_iter().find(|path| Path::new(path).is_file());
        let has_tool = Command::new("pkcs11-tool")
            .arg("--version")
            .output()
            .is_ok();
        let (Some(module), true) = (module, has_tool) else {
            let why = "SKIPPED: SoftHSM 2 or pkcs11-tool is not installed (softhsm2, opensc)";
            // Nobody has to listen.
            let _ = writeln!(std::io::stderr(), "{why}");
            return None;
        };
        let host = Self {
            folder: Folder::new(),
            module,
        };
        let tokens = host.path("tokens");
        fs::create_dir(&tokens).expect("made");
        let text = format!(
            "directories.tokendir = {}\nlog.level = ERROR\n",
            tokens.display()
        );
        fs::write(host.path("softhsm2.conf"), text).expect("written");
        host.configure("Curve25519", "");
        Some(host)
    }

    fn configure(&self, key_type: &str, more: &str) {
        let here = self.folder.display();
        let text = format!(
            r#"domain = "signstar.example.org"
identity = "authorized-keys"
log = "unlogged"
journal = {{ file = "{here}/journal" }}
state = "{here}/state"
limits = {{ request-seconds = 120 }}
[administration]
credentials = "plaintext"
folder = "{here}/administration"
[hsm.token]
kind = "pkcs11"
module = "{module}"
token = "signing"
timeout-seconds = 120
environment = {{ SOFTHSM2_CONF = "{here}/softhsm2.conf" }}
[key.packages]
hsm = "token"
id = "packages"
object-id = "0a"
type = "{key_type}"
passphrase = {{ file = "{here}/secrets/pin" }}
certificate = "{here}/certificates/packages.pgp"
user-ids = ["Example Packaging <packages@example.org>"]
[key.boot]
hsm = "token"
id = "boot"
type = "RSA2048"
raw = "pss"
passphrase = {{ file = "{here}/secrets/pin" }}
public-key = "{here}/certificates/boot.pem"
[client.builder]
key = "packages"
outputs = ["OpenPGPv4"]
[client.loader]
key = "boot"
passphrase = {{ file = "{here}/secrets/loader-pin" }}
outputs = ["raw"]
{more}"#,
            module = self.module
        );
        fs::write(self.configuration(), text).expect("written");
    }

    fn pin(&self) -> String {
        fs::read_to_string(self.path("secrets/pin")).expect("stored")
    }

    /// `pkcs11-tool` with the module and the PIN.
    #[track_caller]
    fn tool(&self, arguments: &[&str]) -> String {
        let output = Command::new("pkcs11-tool")
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"))
            .args(["--module", self.module, "--token-label", "signing"])
            .args(["--login", "--pin", &self.pin()])
            .args(arguments)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Has `signstar-sign` sign with every key: each with each PIN that its clients have.
    #[track_caller]
    fn signs(&self) {
        self.each_signs(3);
    }
}

#[test]
fn from_no_token_to_a_signature() {
    let Some(host) = Host::begin() else { return };
    let told = host.ends(&["hsm", "plan"], 10);
    assert!(
        told.contains("pkcs11:token=signing\n  initialise it"),
        "{told}"
    );
    let plan: Value =
        serde_json::from_slice(&host.run(&["hsm", "plan", "--json"]).stdout).expect("JSON");
    let actions = plan["token"]["steps"].as_array().expect("steps").iter();
    let actions: Vec<_> = actions
        .map(|step| step["action"].as_str().expect("text"))
        .collect();
    assert_eq!(
        actions,
        [
            "initialise",
            "generate-key",
            "write-public-key",
            "generate-key",
            "certify",
            "keep-certificate"
        ]
    );
    assert!(!host.path("secrets/pin").exists(), "a plan changes nothing");

    let told = host.ends(&["hsm", "apply"], 0);
    host.signs();
    assert!(host.ends(&["hsm", "plan"], 0).contains("nothing to do"));
    assert!(
        host.ends(&["hsm", "apply"], 0)
            .contains("token: nothing to do")
    );

    // Others see keys that never leave the token, under the name that they were given.
    let private = host.tool(&["--list-objects", "--type", "privkey"]);
    for what in ["packages", "ID:         0a", "boot", "always sensitive"] {
        assert!(private.contains(what), "{what}: {private}");
    }
    assert_eq!(private.matches("never extractable").count(), 2, "{private}");
    let kept = Command::new("openssl")
        .args(["pkey", "-pubin", "-noout", "-text", "-in"])
        .arg(host.path("certificates/boot.pem"))
        .output()
        .expect("openssl");
    assert!(
        String::from_utf8_lossy(&kept.stdout).contains("2048 bit"),
        "{kept:?}"
    );

    // Both clients have the PIN, in files of their own; nobody was told.
    let pin = host.pin();
    assert_eq!(
        fs::read_to_string(host.path("secrets/loader-pin")).expect("stored"),
        pin
    );
    let mode = fs::metadata(host.path("secrets/pin"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let journal = fs::read_to_string(host.path("journal")).expect("lines");
    assert!(
        journal.contains("make key `packages` (Curve25519)"),
        "{journal}"
    );
    assert!(!journal.contains(&pin) && !told.contains(&pin));
}

#[test]
fn what_was_begun_is_gone_on_with() {
    let Some(host) = Host::begin() else { return };
    host.ends(&["hsm", "apply"], 0);
    // A certificate comes back from the token; a file that lacks the PIN gets it.
    let certificate = host.path("certificates/packages.pgp");
    let kept = fs::read(&certificate).expect("there");
    let loader = host.path("secrets/loader-pin");
    for lost in [&certificate, &loader, &host.path("certificates/boot.pem")] {
        fs::remove_file(lost).expect("there");
        host.ends(&["hsm", "plan"], 10);
        host.ends(&["hsm", "apply"], 0);
        assert!(lost.exists());
        host.signs();
    }
    assert_eq!(fs::read(&certificate).expect("there"), kept);
    let there = host.path("from-the-token");
    host.tool(&[
        "--read-object",
        "--type",
        "data",
        "--label",
        "packages.pgp",
        "--application-label",
        "Signstar",
        "--output-file",
        there.to_str().expect("text"),
    ]);
    assert_eq!(fs::read(there).expect("written"), kept);
    // Neither here nor there, it is made anew; another one here is kept there.
    host.tool(&[
        "--delete-object",
        "--type",
        "data",
        "--label",
        "packages.pgp",
    ]);
    let told = host.ends(&["hsm", "plan"], 10);
    assert!(
        told.contains("keep the certificate of key `packages`"),
        "{told}"
    );
    fs::remove_file(&certificate).expect("there");
    // A certificate tells the second it was made in.
    sleep(Duration::from_secs(1));
    host.ends(&["hsm", "apply"], 0);
    host.signs();
    assert_ne!(fs::read(&certificate).expect("there"), kept);
    fs::write(&certificate, &kept).expect("written");
    host.ends(&["hsm", "apply"], 0);
    fs::remove_file(&certificate).expect("there");
    let told = host.ends(&["hsm", "apply"], 0);
    assert!(
        told.contains("write the certificate of key `packages`"),
        "{told}"
    );
    assert_eq!(fs::read(&certificate).expect("there"), kept);
    // A key that is new in the configuration.
    let here = host.folder.display();
    host.configure(
        "Curve25519",
        &format!(
            "[key.more]\nhsm = \"token\"\nid = \"more\"\ntype = \"EC_P256\"\n\
             passphrase = {{ file = \"{here}/secrets/pin\" }}\n\
             public-key = \"{here}/certificates/more.pem\"\nssh-namespace = \"more@example.org\"\n"
        ),
    );
    let told = host.ends(&["hsm", "plan"], 10);
    assert!(
        told.contains("make key `more` (EC_P256)") && !told.contains("initialise"),
        "{told}"
    );
    host.ends(&["hsm", "apply"], 0);
    host.ends(&["hsm", "plan"], 0);
}

#[test]
fn a_certificate_that_the_token_does_not_keep_is_on_the_host_only() {
    let Some(host) = Host::begin() else { return };
    // Longer than what any token is asked to keep.
    let names = (0..90).map(|number| format!("\"{} <{number}@example.org>\"", "x".repeat(90)));
    let names = names.collect::<Vec<_>>().join(", ");
    let path = host.configuration();
    let text = fs::read_to_string(&path).expect("there");
    let text = text.replace("\"Example Packaging <packages@example.org>\"", &names);
    fs::write(&path, text).expect("written");
    let told = host.ends(&["hsm", "apply"], 0);
    assert!(told.contains("the token keeps no certificates"), "{told}");
    host.signs();
    assert!(host.ends(&["hsm", "plan"], 0).contains("nothing to do"));
}

#[test]
fn what_stands_in_the_way_is_told_and_nothing_is_replaced() {
    let Some(host) = Host::begin() else { return };
    host.ends(&["hsm", "apply"], 0);
    // Another type.
    host.configure("EC_P384", "");
    let told = host.ends(&["hsm", "apply"], 1);
    assert!(
        told.contains("key `packages` is Curve25519, not EC_P384"),
        "{told}"
    );
    host.configure("Curve25519", "");

    // The certificate of another key.
    let certificate = host.path("certificates/packages.pgp");
    let kept = fs::read(&certificate).expect("there");
    fs::write(&certificate, "something else").expect("written");
    let told = host.ends(&["hsm", "plan"], 1);
    assert!(told.contains("is not of key `packages`"), "{told}");
    fs::write(&certificate, kept).expect("written");

    // A PIN that is not known, not the same everywhere, or wrong: that one is tried once.
    let (pin, loader) = (host.path("secrets/pin"), host.path("secrets/loader-pin"));
    let right = host.pin();
    let set = |path: &Path, text: &str| {
        fs::write(path, text).expect("written");
    };
    set(&loader, "another one");
    assert!(host.ends(&["hsm", "plan"], 22).contains("different PINs"));
    set(&pin, "another one");
    assert!(
        host.ends(&["hsm", "plan"], 22)
            .contains("does not take the PIN")
    );
    set(&pin, &right);
    set(&loader, &right);
    host.ends(&["hsm", "plan"], 0);
    fs::remove_file(&pin).expect("there");
    fs::remove_file(&loader).expect("there");
    assert!(
        host.ends(&["hsm", "apply"], 22)
            .contains("not known on this host")
    );
    set(&pin, &right);
    fs::set_permissions(&pin, PermissionsExt::from_mode(0o600)).expect("set");
    host.ends(&["hsm", "apply"], 0);

    // A token that was seen and is away is not made a second time.
    let (tokens, aside) = (host.path("tokens"), host.path("aside"));
    fs::rename(&tokens, &aside).expect("moved");
    fs::create_dir(&tokens).expect("made");
    let told = host.ends(&["hsm", "apply"], 21);
    assert!(told.contains("the token is not there"), "{told}");
    assert_eq!(fs::read_dir(&tokens).expect("a folder").count(), 0);
    fs::remove_dir(&tokens).expect("empty");
    fs::rename(&aside, &tokens).expect("moved");
    host.ends(&["hsm", "plan"], 0);

    // What only NetHSMs can do.
    for words in [
        &["rotate", "--hsm", "token"][..],
        &["backup", "--hsm", "token"],
    ] {
        let told = host.ends(words, 1);
        assert!(told.contains("[hsm.token] is a token"), "{told}");
    }
}
