//! A software device, and the folder of somebody who uses it.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nethsm::client::Tls;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tempfile::TempDir;

pub(crate) const NETHSM: &str = env!("CARGO_BIN_EXE_nethsm");

/// The passphrase files that are beside every session.
const PASSPHRASES: [&str; 8] = [
    "admin",
    "unlock",
    "backup",
    "packager",
    "archivist",
    "watcher",
    "new",
    "other",
];

/// The raw key of the examples (the first secret key of RFC 8032 §7.1), and the same as PKCS #8.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

const SEED_PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";

/// What `gpg --armor --export-secret-keys` of GnuPG 2.2.40 writes, with an Ed25519 key for this
/// purpose, protected by the passphrase in `other.passphrase`.
const SECRET_KEY: &[u8] = include_bytes!("../data/secret.asc");

/// What a session finds.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Start {
    /// A device fresh from the factory.
    Fresh,
    /// A provisioned one with a user of each role.
    Ready,
    /// That one, and another with the same users and keys.
    Several,
}

/// A device and, beside it, files to work with.
pub(crate) struct Place {
    // They end before their folder is removed.
    device: Device,
    other: Option<Device>,
    folder: TempDir,
    pub(crate) files: PathBuf,
    pub(crate) config: PathBuf,
}

impl Place {
    /// Starts a device; nothing, with the reason on the screen, if there is no program for it.
    /// Files are in the folder `NAME.in`.
    pub(crate) fn start(name: &str, start: Start) -> Option<Self> {
        let Some(program) = beside("softnethsm") else {
            // A test has no other way to say this.
            #[expect(clippy::print_stderr, reason = "the reason why nothing was tested")]
            {
                eprintln!("skipped: there is no softnethsm beside {NETHSM}; build the workspace");
            }
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let files = folder.path().join(format!("{name}.in"));
        fs::create_dir(&files).expect("created");
        lay_out(&files);
        let device = Device::start(&program, &folder.path().join("device"));
        let config = folder.path().join("config");
        fs::create_dir_all(config.join("nethsm")).expect("created");
        let several = start == Start::Several;
        let other = several.then(|| Device::start(&program, &folder.path().join("other")));
        let mut profiles = format!("default = \"test\"\n{}", device.profile("test"));
        if let Some(other) = &other {
            profiles.push_str(&other.profile("other"));
            profiles.push_str(&device.profile_with(other));
        }
        fs::write(config.join("nethsm/config.toml"), profiles).expect("written");
        for name in PASSPHRASES {
            // Beside the configuration, where the profiles look for them.
            passphrase_file(&config.join("nethsm"), name);
        }
        let place = Self {
            folder,
            files,
            config,
            device,
            other,
        };
        if start != Start::Fresh {
            place.make_ready("test");
        }
        if several {
            place.make_ready("other");
            for profile in ["test", "other"] {
                place.nethsm(&format!(
                    "--profile {profile} key import packages --raw seed --type Curve25519"
                ));
            }
        }
        Some(place)
    }

    /// How to recognise the device.
    pub(crate) fn tls(&self) -> &str {
        &self.device.tls
    }

    /// Ends the device, and serves another one with these arguments.
    pub(crate) fn serve_instead(&mut self, data: &Path, arguments: &[String]) {
        let program = beside("softnethsm").expect("it was there");
        self.device = Device::serve(&program, data, arguments);
    }

    /// The address of the other device.
    pub(crate) fn other(&self) -> Option<&str> {
        Some(&self.other.as_ref()?.url)
    }

    /// The folder around everything.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The address of the device.
    pub(crate) fn url(&self) -> &str {
        &self.device.url
    }

    /// Runs a program in the folder of the files, with arguments between spaces.
    pub(crate) fn run(&self, program: &str, arguments: &str) -> Output {
        Command::new(program)
            .args(arguments.split(' '))
            .current_dir(&self.files)
            .env("XDG_CONFIG_HOME", &self.config)
            .stdin(Stdio::null())
            .output()
            .expect("started")
    }

    /// Runs `nethsm`, which has to succeed.
    pub(crate) fn nethsm(&self, arguments: &str) {
        let done = self.run(NETHSM, arguments);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments}: {said}");
    }

    fn make_ready(&self, profile: &str) {
        self.nethsm(&format!("--profile {profile} provision --unlock-passphrase-file unlock.passphrase --admin-passphrase-file admin.passphrase"));
        for (user, role) in [
            ("packager", "Operator"),
            ("archivist", "Backup"),
            ("watcher", "Metrics"),
        ] {
            self.nethsm(&format!(
                "--profile {profile} user add {user} --role {role} --new-passphrase-file {user}.passphrase"
            ));
        }
    }
}

/// A program in the folder of the one under test.
fn beside(name: &str) -> Option<PathBuf> {
    let path = Path::new(NETHSM).with_file_name(name);
    path.exists().then_some(path)
}

fn lay_out(files: &Path) {
    for name in PASSPHRASES {
        passphrase_file(files, name);
    }
    let write = |name: &str, content: &[u8]| fs::write(files.join(name), content).expect("written");
    let seed: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&SEED[2 * at..2 * at + 2], 16).expect("digits"))
        .collect();
    write("seed", &seed);
    write("seed.pem", SEED_PEM.as_bytes());
    // The request for an empty file.
    write("request.json", request().as_bytes());
    write("secret.pgp", SECRET_KEY);
    write("aes.key", &[7; 32]);
    write("package.zst", b"not really a package\n");
    write("blocks", b"sixteen bytes or a multiple of!\n");
}

fn passphrase_file(folder: &Path, name: &str) {
    let path = folder.join(format!("{name}.passphrase"));
    fs::write(&path, format!("passphrase of {name}\n")).expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("own file");
}

/// What `signstar-request-signature prepare` prints for an empty file: the initial state of
/// SHA-512 (FIPS 180-4 §5.3.5) and no blocks.
fn request() -> String {
    const INITIAL: [u64; 8] = [
        0x6a09e667f3bcc908,
        0xbb67ae8584caa73b,
        0x3c6ef372fe94f82b,
        0xa54ff53a5f1d36f1,
        0x510e527fade682d1,
        0x9b05688c2b3e6c1f,
        0x1f83d9abfb41bd6b,
        0x5be0cd19137e2179,
    ];
    let mut state: Vec<u8> = INITIAL.iter().flat_map(|word| word.to_le_bytes()).collect();
    state.resize(208, 0);
    format!(
        r#"{{"version":"1.0.0","required":{{"input":{{"type":"sha2-0.11-SHA512-state","content":{state:?}}},"output":{{"type":"OpenPGPv4"}}}},"optional":{{}}}}"#
    )
}

/// A software device, ended when dropped.
struct Device {
    process: Child,
    url: String,
    tls: String,
}

impl Device {
    fn start(program: &Path, data: &Path) -> Self {
        let folder = data.display().to_string();
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", &folder];
        Self::serve(program, data, &arguments.map(str::to_owned))
    }

    fn serve(program: &Path, data: &Path, arguments: &[String]) -> Self {
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("read");
        let url = line
            .trim_end()
            .strip_prefix("softnethsm listening on ")
            .expect("ready");
        let pem = fs::read(data.join("tls-cert.pem")).expect("a certificate");
        let certificate = CertificateDer::from_pem_slice(&pem).expect("PEM");
        Self {
            url: url.to_owned(),
            tls: Tls::pin(&certificate).to_string(),
            process,
        }
    }

    fn profile(&self, name: &str) -> String {
        let Self { url, tls, .. } = self;
        let own = format!("[profiles.{name}]\nurl = \"{url}\"\ntls = \"{tls}\"\n");
        own + &users(name)
    }

    /// The profile `both`.
    fn profile_with(&self, other: &Self) -> String {
        let own = format!(
            "[profiles.both]\nurls = [\"{}\", \"{}\"]\ntls = [\"{}\", \"{}\"]\n",
            self.url, other.url, self.tls, other.tls
        );
        own + &users("both")
    }
}

/// Those of a profile.
fn users(profile: &str) -> String {
    let user = |(user, role): (&str, &str)| {
        format!(
            "[[profiles.{profile}.users]]\nname = \"{user}\"\nrole = \"{role}\"\npassphrase = {{ file = \"{user}.passphrase\" }}\n"
        )
    };
    [
        ("admin", "Administrator"),
        ("packager", "Operator"),
        ("archivist", "Backup"),
        ("watcher", "Metrics"),
    ]
    .map(user)
    .concat()
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended by itself, as after a shutdown.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
