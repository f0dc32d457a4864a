//! What a story is told with: an enclave, files, and the programs of its people.

mod openpgp;
mod outcome;
mod session;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use signstar_enclave::{Client, Description, Enclave, Error, HsmKind, KeyType, Options};
use signstar_hsm::AdministrativeCredentials;
use tempfile::TempDir;

pub(crate) use openpgp::{GnuPg, is_installed, other_verdicts};
pub(crate) use outcome::{Outcome, started, tell};
pub(crate) use session::{Session, code, named, peak, servers};

/// An enclave of its own, and a folder with files beside it.
///
/// Everything is below the target folder and is removed at the end, unless the story goes wrong.
pub(crate) struct Story {
    enclave: Option<Enclave>,
    hsm: HsmKind,
    options: Options,
    folder: TempDir,
}

impl Story {
    /// A story with one client, `client1`, that has an Ed25519 key.
    pub(crate) fn begin() -> Self {
        Self::with_clients(&[("client1", KeyType::Curve25519)])
    }

    /// A story with `clients`.
    pub(crate) fn with_clients(clients: &[(&str, KeyType)]) -> Self {
        Self::of(packagers(clients))
    }

    /// The same with keys that are for something else than packages. `STORY_HSM` names another kind of
    /// HSM for all stories that are about none.
    pub(crate) fn of(clients: Vec<Client>) -> Self {
        let kind = match env::var("STORY_HSM") {
            Ok(name) => name.parse().expect("a kind of HSM"),
            Err(_) => HsmKind::SoftNetHsm,
        };
        Self::on(kind, clients).expect("it is installed")
    }

    /// The same with an HSM of this kind; tells why if that is not there.
    pub(crate) fn on(hsm: HsmKind, clients: Vec<Client>) -> Option<Self> {
        let folder = a_folder();
        let options = Options {
            folder: folder.path().join("enclave"),
            clients,
        };
        let mut story = Self {
            enclave: None,
            hsm,
            options,
            folder,
        };
        story.files();
        match story.try_to_start() {
            Err(Error::Missing(what)) if hsm != HsmKind::SoftNetHsm => {
                tell(&format!("SKIPPED: {what} is not installed"));
                None
            }
            started => {
                story.started(started);
                Some(story)
            }
        }
    }

    /// Starts the enclave, after [`Self::end_enclave`] with the keys that it had.
    pub(crate) fn start(&mut self) {
        let started = self.try_to_start();
        self.started(started);
    }

    fn try_to_start(&self) -> Result<Enclave, Error> {
        program("signstar-sign");
        program("signstar-pkcs11");
        program("yubihsm-mock");
        program("signstar-request-signature");
        Enclave::start_on(self.hsm, &self.options)
    }

    fn started(&mut self, started: Result<Enclave, Error>) {
        self.enclave = Some(started.unwrap_or_else(|error| {
            panic!(
                "the enclave does not start: {error}\nhint: {}",
                error.hint()
            )
        }));
    }

    /// Ends the enclave. Its folder stays.
    pub(crate) fn end_enclave(&mut self) {
        self.enclave = None;
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn enclave(&mut self) -> &mut Enclave {
        self.enclave.as_mut().expect("the enclave runs")
    }

    /// Starts the HSM again with `arguments` and unlocks it.
    pub(crate) fn restart_hsm(&mut self, arguments: &[&str]) {
        let folder = self.enclave().folder().clone();
        let hsm = self.enclave().hsm();
        hsm.start_again(arguments).unwrap_or_else(|error| {
            panic!("{error}\nhint: softnethsm has to be built with its feature `misbehave`")
        });
        hsm.make_operational(&folder).expect("unlocked");
    }

    pub(crate) fn description(&self) -> &Description {
        self.enclave.as_ref().expect("it runs").description()
    }

    /// The folder of the enclave.
    pub(crate) fn home(&self) -> &Path {
        &self.options.folder
    }

    /// The folder of the whole story.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder with the files.
    pub(crate) fn files(&self) -> PathBuf {
        let files = self.path().join("files");
        fs::create_dir_all(&files).expect("a folder for files");
        files
    }

    /// A file with `content`.
    pub(crate) fn file(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.files().join(name.as_ref());
        fs::write(&path, content).expect("a file written");
        path
    }

    /// The OpenPGP certificate of `client`.
    pub(crate) fn certificate(&self, client: &str) -> PathBuf {
        self.home().join(format!("certificates/{client}.pgp"))
    }

    /// The `ssh` of `client` with everything set up; destination and command follow.
    pub(crate) fn ssh(&self) -> Command {
        self.command(&self.home().join("ssh/connect"))
    }

    /// What `signstar-configure` administers the HSM with.
    pub(crate) fn administrative(&self) -> AdministrativeCredentials {
        let known = fs::read(self.home().join("secrets/administration/hsm-main"));
        AdministrativeCredentials::from_octets(&known.expect("readable")).expect("whole")
    }

    /// `signstar-configure` of this enclave with `arguments`.
    pub(crate) fn configure(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command(&program("signstar-configure"));
        command.args(arguments).arg("--config");
        Outcome::of(command.arg(self.home().join("signstar.toml")))
    }

    /// The address and port of the HSM.
    pub(crate) fn hsm_address(&self) -> String {
        let url = self.description().hsm.url.clone();
        let (_, rest) = url.split_once("://").expect("an address");
        rest.split('/').next().expect("an address").to_owned()
    }

    /// `signstar-request-signature` with `verb`.
    pub(crate) fn client_program(&self, verb: &str) -> Command {
        let mut command = self.command(&program("signstar-request-signature"));
        command.arg(verb);
        command
    }

    /// `signstar-request-signature send` of `client`; files follow.
    pub(crate) fn sender(&self, client: &str) -> Command {
        let mut command = self.client_program("send");
        command.arg("--ssh").arg(self.home().join("ssh/connect"));
        // Trouble shows at once; what is tried again has stories of its own.
        command.args(["--patience", "0", "--to", client, "--certificate"]);
        command.arg(self.certificate(client));
        command
    }

    /// Has `files` signed for `client`.
    pub(crate) fn send(&self, client: &str, files: &[impl AsRef<Path>]) -> Outcome {
        let files = files.iter().map(AsRef::as_ref);
        Outcome::of(self.sender(client).arg("--").args(files))
    }

    /// Checks the signatures of `files` as the client of the enclave does offline.
    pub(crate) fn check(&self, client: &str, files: &[impl AsRef<Path>]) -> Outcome {
        let files = files.iter().map(AsRef::as_ref);
        let certificate = self.certificate(client);
        let mut command = self.client_program("verify");
        command.arg("--certificate").arg(certificate);
        Outcome::of(command.arg("--").args(files))
    }

    /// A program that knows nothing of the people who run the tests.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.files())
            .env("HOME", self.path())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("DISPLAY")
            .env_remove("SIGNSTAR_DESTINATION")
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    /// `signstar.toml` with `change` made to it.
    pub(crate) fn configuration(&self, change: impl FnOnce(String) -> String) -> String {
        let text = fs::read_to_string(self.home().join("signstar.toml")).expect("readable");
        let changed = change(text.clone());
        assert_ne!(changed, text, "nothing was changed");
        changed
    }

    /// Makes `change` to `signstar.toml`.
    pub(crate) fn reconfigure(&self, change: impl FnOnce(String) -> String) {
        let changed = self.configuration(change);
        fs::write(self.home().join("signstar.toml"), changed).expect("written");
    }

    /// Sets `limits` in the configuration.
    pub(crate) fn limit(&self, limits: &str) {
        let line = format!("\nlimits = {{ {limits} }}\n\n");
        self.reconfigure(|text| text.replacen("\n\n", &line, 1));
    }

    /// Has sessions sign without the log.
    pub(crate) fn without_log(&self) {
        self.reconfigure(|text| {
            let begin = text.find("[log]\n").expect("there");
            let end = text[begin..].find("\n\n").expect("there") + begin;
            let unlogged = text[..begin].trim_end().to_owned() + "\nlog = \"unlogged\"";
            unlogged + &text[end..]
        });
    }

    /// A request for `content`, to be changed.
    pub(crate) fn request(&self, content: &str) -> Value {
        let path = self.file("to-be-asked-for", content);
        let outcome = Outcome::of(self.client_program("prepare").arg(path));
        outcome.expect(0);
        serde_json::from_str(&outcome.stdout).expect("JSON")
    }

    /// The lines of the journal so far, without changes of the HSM.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let mut lines = self.whole_journal();
        lines.retain(|line| line.get("change").is_none());
        lines
    }

    /// The lines of the journal so far.
    pub(crate) fn whole_journal(&self) -> Vec<Value> {
        fs::read_to_string(self.home().join("journal"))
            .unwrap_or_default()
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of the journal is JSON"))
            .collect()
    }

    /// Every file of the story with its size, without logs, journal, what the HSM keeps, and what is
    /// kept of clients.
    pub(crate) fn listing(&self) -> BTreeMap<PathBuf, u64> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if ["hsm", "state"]
                    .map(|name| self.home().join(name))
                    .contains(&path)
                {
                    continue;
                }
                let metadata = path.symlink_metadata().expect("there");
                if metadata.is_dir() {
                    folders.push(path.clone());
                }
                let is_record = path.file_name() == Some(OsStr::new("journal"))
                    || path.extension() == Some(OsStr::new("log"));
                if !is_record {
                    let size = if metadata.is_dir() {
                        0
                    } else {
                        metadata.size()
                    };
                    found.insert(path, size);
                }
            }
        }
        found
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        self.enclave = None;
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            tell(&format!("see {}", self.path().display()));
        }
    }
}

/// A folder below the target folder.
pub(crate) fn a_folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("story-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder")
}

/// Where the program `name` of this workspace is.
pub(crate) fn program(name: &'static str) -> PathBuf {
    signstar_enclave::program(name).unwrap_or_else(|error| {
        panic!(
            "{error}\nhint: build everything first: \
             cargo build --workspace --features softnethsm/misbehave"
        )
    })
}

/// Where the signature of `path` stands.
pub(crate) fn signature(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// Clients with keys for packages.
pub(crate) fn packagers(clients: &[(&str, KeyType)]) -> Vec<Client> {
    let client = |(name, key_type): &(&str, KeyType)| Client::new(*name, *key_type);
    clients.iter().map(client).collect()
}
