//! `docs/rescue.md`, as it stands there: the device is lost, its backup is not.

use std::fs;
use std::path::{Path, PathBuf};

use crate::device::{NETHSM, Place, Start};
use crate::sessions::run;

const PAGE: &str = include_str!("../../../../docs/rescue.md");

/// The folder and the address that the page serves a device with.
const FOLDER: &str = "/srv/rescue";
const ADDRESS: &str = "127.0.0.1:8443";

const PASSPHRASES: &str = "--backup-passphrase-file backup.passphrase";

/// The first block of the page in this language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).expect("one");
    rest.split_once("```").expect("an end").0
}

/// The arguments of `softnethsm` that the page gives, for a folder and a port of our own.
fn arguments(data: &Path) -> Vec<String> {
    let words = block("sh").trim().strip_prefix("softnethsm ");
    let words = words.expect("the program").split(' ');
    words
        .map(|word| match word {
            FOLDER => data.display().to_string(),
            ADDRESS => "127.0.0.1:0".to_owned(),
            word => word.to_owned(),
        })
        .collect()
}

impl Place {
    /// Serves a fresh device in the stead of the one there was, as the page says.
    fn lose_the_device(&mut self) {
        let data = self.path().join("rescue");
        self.serve_instead(&data, &arguments(&data));
        let profile = block("toml")
            .replace(&format!("https://{ADDRESS}"), self.url())
            .replace(FOLDER, &data.display().to_string());
        fs::write(self.config.join("nethsm/config.toml"), profile).expect("written");
    }
}

#[test]
fn the_page_about_rescue_holds() {
    let Some(mut place) = Place::start("rescue", Start::Ready) else {
        return;
    };
    for arguments in [
        "config passphrases backup --first --new-passphrase-file backup.passphrase",
        "key import packages --raw seed --type Curve25519",
        "key generate images --type EC_P256",
        "openpgp certificate add packages --user-id Packages --created 2026-01-31T12:00:00Z",
        "user add mirrors~admin --role Administrator --new-passphrase-file new.passphrase",
        "user add mirrors~operator --role Operator --new-passphrase-file other.passphrase",
    ] {
        place.nethsm(arguments);
    }
    place.nethsm("namespace add mirrors");
    place.nethsm(
        "--user mirrors~admin --passphrase-file new.passphrase key generate databases --type RSA --length 2048 --mechanism RSA_Signature_PKCS1",
    );
    place.nethsm("key sign packages package.zst --out before");
    place.nethsm("backup create nethsm.backup");
    place.lose_the_device();

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rescue.md");
    run(&place, "rescue", &page);

    place.nethsm("key sign packages package.zst --out after");
    let read = |name| fs::read(place.files.join(name)).expect("there");
    assert_eq!(read("before"), read("after"));
}

/// Backups that others made: our own fixtures, and those of devices where they are.
fn backups() -> Vec<(PathBuf, [&'static str; 4])> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = here.join("../nethsm/tests/data");
    let devices = std::env::var_os("NETHSM_BACKUPS").map_or_else(
        || here.join("../../../shared/reference/nethsm-backups"),
        PathBuf::from,
    );
    let sdk = [
        "backupbackup",
        "unlockunlock",
        "operator",
        "operatoroperator",
    ];
    let own = [
        "backup passphrase",
        "unlock passphrase",
        "ns1~operator",
        "operator passphrase",
    ];
    let old = [
        "backupPassphrase",
        "UnlockPassphrase",
        "operator",
        "OperatorOperator",
    ];
    let all = [
        (ours.join("backup_v0.bin"), own),
        (ours.join("backup_v1.bin"), own),
        (devices.join("backup_v0_201.bin"), old),
        (devices.join("sdk_v0.bin"), sdk),
        (devices.join("sdk_v1.bin"), sdk),
    ];
    let (there, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|(path, _)| path.exists());
    for (path, _) in missing {
        // A test has no other way to say this.
        #[expect(clippy::print_stderr, reason = "the reason why this was not tested")]
        {
            eprintln!("skipped: there is no {}", path.display());
        }
    }
    there
}

#[test]
fn backups_of_devices_are_brought_back_by_the_command_alone() {
    for (path, [backup, unlock, operator, passphrase]) in backups() {
        let Some(place) = Place::start("devices", Start::Fresh) else {
            return;
        };
        for (name, content) in [
            ("backup", backup),
            ("unlock", unlock),
            ("other", passphrase),
        ] {
            fs::write(place.files.join(format!("{name}.passphrase")), content).expect("written");
        }
        let path = path.display();
        place.nethsm(&format!("backup verify {path} {PASSPHRASES}"));
        place.nethsm(&format!("backup restore {path} {PASSPHRASES} --yes"));
        place.nethsm("unlock --unlock-passphrase-file unlock.passphrase");

        let by = format!("--user {operator} --passphrase-file other.passphrase");
        let listed = place.run(NETHSM, &format!("{by} key list"));
        let listed = String::from_utf8(listed.stdout).expect("text");
        let mut signed = 0;
        for key in listed.lines() {
            let shown = place.run(NETHSM, &format!("{by} --output json key show {key}"));
            let shown = String::from_utf8(shown.stdout).expect("text");
            let mode = [
                ("EdDSA_Signature", "EdDSA"),
                ("RSA_Signature_PKCS1", "PKCS1"),
            ];
            let mode = mode.iter().find(|(use_, _)| shown.contains(use_));
            if let Some((_, mode)) = mode {
                place.nethsm(&format!("{by} key sign {key} package.zst --mode {mode}"));
                signed += 1;
            }
        }
        assert_ne!(signed, 0, "no key of {path} signs: {listed}");
    }
}
