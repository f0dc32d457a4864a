//! A token of SoftHSM 2 with keys that other programs made, behind a module that can misbehave.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use signstar::{
    config::{Credential, Hsm, Key},
    sign::PublicKey,
};
use tempfile::TempDir;

use crate::{
    misbehaving::{self, skipped},
    openssl,
    suite::{Bench, hsm},
};

const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];
pub(crate) const LABEL: &str = "signing token";
pub(crate) const PIN: &str = "123456";

/// A token of SoftHSM 2.
pub(crate) struct SoftHsm2 {
    folder: TempDir,
    real: PathBuf,
    module: PathBuf,
    keys: Vec<(String, PublicKey)>,
}

impl SoftHsm2 {
    /// The same for so many sessions at the same time.
    pub(crate) fn hsm_with(&self, timeout_seconds: u32, sessions: u8) -> Hsm {
        let at = |name: &str| format!("{:?}", self.path().join(name).display().to_string());
        hsm(&format!(
            "kind = \"pkcs11\"\nmodule = \"{}\"\ntoken = \"{LABEL}\"\n\
             timeout-seconds = {timeout_seconds}\nsessions = {sessions}\n\
             environment = {{ SOFTHSM2_CONF = {}, REAL_MODULE = \"{}\", MISBEHAVIOUR = {}, \
             LOGINS = {} }}",
            self.module.display(),
            at("softhsm2.conf"),
            self.real.display(),
            at("misbehaviour"),
            at("logins"),
        ))
    }

    /// One with the token and no keys.
    pub(crate) fn empty() -> Option<Self> {
        let bench = Self::without_token()?;
        let init = ["--init-token", "--free", "--so-pin", "12345678", "--label"];
        let made = bench.run(
            "softhsm2-util",
            &[&init[..], &[LABEL, "--pin", PIN]].concat(),
        );
        assert!(made.status.success(), "{made:?}");
        Some(bench)
    }

    /// One without a token.
    pub(crate) fn without_token() -> Option<Self> {
        let Some(real) = MODULES
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
        else {
            skipped("SoftHSM 2 is not installed (softhsm2)");
            return None;
        };
        for program in ["softhsm2-util", "pkcs11-tool"] {
            if Command::new(program).arg("--version").output().is_err() {
                skipped(&format!("there is no {program} (softhsm2, opensc)"));
                return None;
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let module = misbehaving::module(folder.path())?;
        let tokens = folder.path().join("tokens");
        fs::create_dir(&tokens).expect("a folder");
        let text = format!(
            "directories.tokendir = {}\nlog.level = ERROR\n",
            tokens.display()
        );
        fs::write(folder.path().join("softhsm2.conf"), text).expect("written");
        Some(Self {
            folder,
            real,
            module,
            keys: Vec::new(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a program of somebody else on the token.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .env("SOFTHSM2_CONF", self.path().join("softhsm2.conf"))
            .args(arguments)
            .output()
            .expect("it runs")
    }

    /// Runs `pkcs11-tool` with the module and the PIN.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Output {
        let module = self.real.display().to_string();
        let first = [
            "--module",
            &module,
            "--token-label",
            LABEL,
            "--login",
            "--pin",
            PIN,
        ];
        let output = self.run("pkcs11-tool", &[&first[..], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }

    /// Has `openssl` make a key and `softhsm2-util` put it onto the token.
    pub(crate) fn import(&mut self, name: &str, id: &str, algorithm: &[&str]) {
        let path = self.path().join(format!("{name}.pem"));
        fs::write(&path, openssl::genpkey(algorithm)).expect("written");
        let file = path.display().to_string();
        let arguments = [
            "--import", &file, "--token", LABEL, "--pin", PIN, "--label", name,
        ];
        let output = self.run("softhsm2-util", &[&arguments[..], &["--id", id]].concat());
        assert!(output.status.success(), "{output:?}");
        self.keys
            .push((name.to_owned(), openssl::public_half(&path)));
    }

    /// Has `pkcs11-tool` make a key on the token, and reads its public half as that program shows it.
    fn generate(&mut self, name: &str, id: &str, kind: &str) {
        let make = [
            "--keypairgen",
            "--usage-sign",
            "--key-type",
            kind,
            "--label",
            name,
            "--id",
            id,
        ];
        self.tool(&make);
        let shown = self.tool(&["--list-objects", "--type", "pubkey"]);
        let shown = String::from_utf8_lossy(&shown.stdout);
        let of_it = |object: &&str| {
            let mut lines = object.lines();
            lines.any(|line| line.trim().strip_prefix("ID:").map(str::trim) == Some(id))
        };
        let object = shown
            .split("Public Key Object")
            .find(of_it)
            .expect("it is there");
        let point = object
            .lines()
            .find_map(|line| line.trim().strip_prefix("EC_POINT:"));
        let key = match (kind, point) {
            (_, Some(point)) => {
                let octets = hex::decode(point.trim()).expect("hexadecimal");
                let last = |length: usize| octets[octets.len() - length..].to_vec();
                match kind {
                    "EC:secp384r1" => PublicKey::P384(last(97)),
                    "EC:secp521r1" => PublicKey::P521(last(133)),
                    _ => PublicKey::Ed25519(last(32)),
                }
            }
            _ => self.read_rsa(id),
        };
        self.keys.push((name.to_owned(), key));
    }

    fn read_rsa(&self, id: &str) -> PublicKey {
        let der = self.path().join("public.der").display().to_string();
        self.tool(&["--read-object", "--type", "pubkey", "--id", id, "-o", &der]);
        let pem = ["pkey", "-pubin", "-inform", "DER", "-pubout", "-in", &der];
        let pem = self.run("openssl", &pem);
        PublicKey::from_pem(&String::from_utf8_lossy(&pem.stdout)).expect("a key")
    }

    pub(crate) fn misbehave(&self, how: &str) {
        // As a whole: the module reads it at any moment.
        let new = self.path().join("misbehaviour.new");
        fs::write(&new, how).expect("written");
        fs::rename(new, self.path().join("misbehaviour")).expect("replaced");
    }

    /// How often somebody has logged in.
    pub(crate) fn logins(&self) -> usize {
        fs::read(self.path().join("logins"))
            .unwrap_or_default()
            .len()
    }

    pub(crate) fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("protected");
        path
    }
}

impl Bench for SoftHsm2 {
    fn begin() -> Option<Self> {
        let mut bench = Self::empty()?;
        bench.import(
            "rsa2048",
            "a1",
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        );
        let p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        bench.import("p256", "a2", &p256);
        bench.import("ed25519", "a3", &["-algorithm", "ED25519"]);
        bench.generate("rsa3072", "b1", "rsa:3072");
        bench.generate("p384", "b2", "EC:secp384r1");
        bench.generate("p521", "b3", "EC:secp521r1");
        bench.generate("ed25519-made", "b4", "EC:edwards25519");
        Some(bench)
    }

    fn hsm(&self, timeout_seconds: u32) -> Hsm {
        self.hsm_with(timeout_seconds, 4)
    }

    fn keys(&self) -> Vec<(String, PublicKey)> {
        self.keys.clone()
    }

    fn key(&self, name: &str) -> Key {
        let mut key: Key = toml::from_str(&format!(
            "hsm = \"main\"\nid = \"{name}\"\npassphrase = {{ file = \"/\" }}"
        ))
        .expect("good");
        let path = self.path().join("pin");
        // Who writes it anew has another one.
        key.passphrase = Credential::File(if path.exists() {
            path
        } else {
            self.secret("pin", PIN)
        });
        key
    }

    fn key_with_wrong_credentials(&self, name: &str) -> Key {
        let mut key = self.key(name);
        key.passphrase = Credential::File(self.secret("wrong", "654321"));
        key
    }

    fn go_away(&mut self) {
        self.misbehave("gone");
    }

    fn be_slow(&mut self) {
        self.misbehave("slow");
    }

    fn lie(&mut self) {
        self.misbehave("wrong");
    }

    fn behave(&mut self) {
        self.misbehave("");
    }
}
