//! The sessions in `console/`: each against a software device of its own, started for it.
//!
//! They are the examples of the manual pages. `TRYCMD=overwrite` writes them anew.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nethsm::client::Tls;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

const NETHSM: &str = env!("CARGO_BIN_EXE_nethsm");

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

/// What a session finds.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Start {
    /// A device fresh from the factory.
    Fresh,
    /// A provisioned one with a user of each role.
    Ready,
}

fn session(name: &str, start: Start) {
    let Some(softnethsm) = beside("softnethsm") else {
        // A test has no other way to say this.
        #[expect(clippy::print_stderr, reason = "the reason why nothing was tested")]
        {
            eprintln!("skipped: there is no softnethsm beside {NETHSM}; build the workspace");
        }
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let files = folder.join(format!("{name}.in"));
    fs::create_dir(&files).expect("created");
    lay_out(&files);
    let device = Device::start(&softnethsm, &folder.join("device"));
    let config = folder.join("config");
    fs::create_dir_all(config.join("nethsm")).expect("created");
    fs::write(config.join("nethsm/config.toml"), device.profile(&files)).expect("written");
    if start == Start::Ready {
        make_ready(&files, &config);
    }

    let source = Path::new("tests/console").join(format!("{name}.md"));
    let copy = folder.join(format!("{name}.md"));
    fs::copy(&source, &copy).expect("copied");
    let tested = std::panic::catch_unwind(|| {
        let cases = trycmd::TestCases::new();
        cases
            .case(&copy)
            .register_bin("nethsm", Path::new(NETHSM))
            .env("HOME", "/nowhere")
            .env("XDG_CONFIG_HOME", config.display().to_string());
        cases
            .insert_var("[URL]", device.url.clone())
            .expect("a name");
        cases.run();
    });
    if std::env::var_os("TRYCMD").is_some() {
        fs::copy(&copy, &source).expect("copied");
    }
    drop(device);
    if let Err(panic) = tested {
        std::panic::resume_unwind(panic);
    }
}

/// A program in the folder of the one under test.
fn beside(name: &str) -> Option<PathBuf> {
    let path = Path::new(NETHSM).with_file_name(name);
    path.exists().then_some(path)
}

fn lay_out(files: &Path) {
    for name in PASSPHRASES {
        let path = files.join(format!("{name}.passphrase"));
        fs::write(&path, format!("passphrase of {name}\n")).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("own file");
    }
    let write = |name: &str, content: &[u8]| fs::write(files.join(name), content).expect("written");
    let seed: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&SEED[2 * at..2 * at + 2], 16).expect("digits"))
        .collect();
    write("seed", &seed);
    write("seed.pem", SEED_PEM.as_bytes());
    // The request for an empty file.
    write("request.json", request().as_bytes());
    write("aes.key", &[7; 32]);
    write("package.zst", b"not really a package\n");
    write("blocks", b"sixteen bytes or a multiple of!\n");
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

fn make_ready(files: &Path, config: &Path) {
    let run = |arguments: &str| {
        let done = Command::new(NETHSM)
            .args(arguments.split(' '))
            .current_dir(files)
            .env("XDG_CONFIG_HOME", config)
            .output()
            .expect("started");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments}: {said}");
    };
    run(
        "provision --unlock-passphrase-file unlock.passphrase --admin-passphrase-file admin.passphrase",
    );
    for (user, role) in [
        ("packager", "Operator"),
        ("archivist", "Backup"),
        ("watcher", "Metrics"),
    ] {
        run(&format!(
            "user add {user} --role {role} --new-passphrase-file {user}.passphrase"
        ));
    }
}

/// A software device, ended when dropped.
struct Device {
    process: Child,
    url: String,
    tls: String,
}

impl Device {
    fn start(program: &Path, data: &Path) -> Self {
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
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

    fn profile(&self, files: &Path) -> String {
        let mut text = format!(
            "default = \"test\"\n[profiles.test]\nurl = \"{}\"\ntls = \"{}\"\n",
            self.url, self.tls
        );
        for (user, role) in [
            ("admin", "Administrator"),
            ("packager", "Operator"),
            ("archivist", "Backup"),
            ("watcher", "Metrics"),
        ] {
            let file = files.join(format!("{user}.passphrase"));
            text.push_str(&format!(
                "[[profiles.test.users]]\nname = \"{user}\"\nrole = \"{role}\"\npassphrase = {{ file = \"{}\" }}\n",
                file.display()
            ));
        }
        text
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended by itself, as after a shutdown.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

macro_rules! sessions {
    ($($name:ident from $start:ident;)+) => { $(
        #[test]
        fn $name() {
            session(stringify!($name), Start::$start);
        }
    )+

        /// No page is forgotten here.
        #[test]
        fn every_session_is_tested() {
            let known = [$(concat!(stringify!($name), ".md")),+];
            for page in fs::read_dir("tests/console").expect("there") {
                let name = page.expect("readable").file_name();
                assert!(known.iter().any(|known| name == *known), "{name:?}");
            }
        }
    };
}

sessions! {
    info from Ready;
    health from Fresh;
    provision from Fresh;
    lock from Ready;
    user from Ready;
    namespace from Ready;
    key from Ready;
    openpgp from Ready;
    config from Ready;
    backup from Ready;
    random from Ready;
    metrics from Ready;
    system from Ready;
    cluster from Ready;
    mistakes from Ready;
    shell from Fresh;
}
