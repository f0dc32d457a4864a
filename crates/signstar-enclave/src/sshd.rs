//! The SSH server of an enclave: the system's `sshd`, without privileges, on a loopback port.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::unistd::{Uid, User};

use crate::{
    Client, Error, Folder, ROLES,
    child::{Running, last_words},
    error::OnPath,
    folder::write,
    leftover::Sessions,
    programs::program,
};

const PROGRAM: &str = "sshd";
const HOST: &str = "127.0.0.1";
/// How long `sshd` may take until it answers.
const PATIENCE: Duration = Duration::from_secs(20);
/// What it writes when it listens on an address.
const LISTENS: &[u8] = b"Server listening on ";
/// How often another port is tried when somebody takes the free one first.
const TRIES: usize = 5;

/// A running `sshd`.
#[derive(Debug)]
pub struct Sshd {
    // Ended in this order: no session can begin any more when the last one is ended.
    running: Option<Running>,
    _sessions: Sessions,
    config: PathBuf,
    log: PathBuf,
    port: u16,
    user: String,
}

impl Sshd {
    pub(crate) fn start(folder: &Folder, clients: &[Client]) -> Result<Self, Error> {
        let user = user()?;
        ensure_key(&folder.ssh_key("host_key"))?;
        write_authorized_keys(folder, clients)?;
        provide_separation_folder()?;
        let mut tries = 0;
        loop {
            tries += 1;
            let port = free_port()?;
            match Self::start_on(folder, port, &user) {
                Ok(sshd) => {
                    write_client_side(folder, clients, port, &user)?;
                    return Ok(sshd);
                }
                Err(error) if tries == TRIES => return Err(error),
                Err(_) => {}
            }
        }
    }

    fn start_on(folder: &Folder, port: u16, user: &str) -> Result<Self, Error> {
        let config = folder.sshd_configuration();
        write(&config, configuration(folder, port, user).as_bytes(), 0o600)?;
        let mut sshd = Self {
            running: None,
            _sessions: Sessions(folder.clone()),
            config,
            log: folder.log(PROGRAM),
            port,
            user: user.to_owned(),
        };
        sshd.start_again()?;
        Ok(sshd)
    }

    /// Starts it at its port, with the configuration as it stands in `DIR/ssh/sshd_config`.
    /// Sessions that are open stay so.
    pub fn start_again(&mut self) -> Result<(), Error> {
        self.kill();
        let stderr = File::create(&self.log).on("write", &self.log)?;
        let mut command = Command::new(program(PROGRAM)?);
        command
            .args(["-D", "-e", "-f"])
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        self.running = Some(Running::start(PROGRAM, &mut command, &self.log)?);
        self.wait()
    }

    /// Kills the listener without warning; sessions stay open.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }

    /// The process of the listener, while it was not killed.
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    fn wait(&mut self) -> Result<(), Error> {
        let end = Instant::now() + PATIENCE;
        // It may be somebody else who answers at the port: it says itself that it does.
        while !self.listens() {
            if self.check().is_err() || Instant::now() > end {
                return Err(Error::Start {
                    program: PROGRAM,
                    reason: last_words(&self.log),
                });
            }
            sleep(Duration::from_millis(5));
        }
        self.check()
    }

    fn listens(&self) -> bool {
        fs::read(&self.log)
            .is_ok_and(|log| log.windows(LISTENS.len()).any(|words| words == LISTENS))
    }

    /// Fails if it has ended by itself.
    pub fn check(&mut self) -> Result<(), Error> {
        self.running.as_mut().map_or(Ok(()), Running::check)
    }

    /// The address that it listens on.
    pub fn host(&self) -> &'static str {
        HOST
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The Unix user that clients log in as: the one that runs it.
    pub fn user(&self) -> &str {
        &self.user
    }
}

/// Gives `client` an SSH key.
pub(crate) fn ensure_client(folder: &Folder, client: &str) -> Result<(), Error> {
    ensure_key(&folder.ssh_key(client))
}

fn ensure_key(path: &Path) -> Result<(), Error> {
    if path.exists() {
        return Ok(());
    }
    let output = Command::new(program("ssh-keygen")?)
        .args([
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "signstar-enclave",
            "-f",
        ])
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .on("make the SSH key", path)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Start {
        program: "ssh-keygen",
        reason: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

fn user() -> Result<String, Error> {
    let uid = Uid::current();
    match User::from_uid(uid) {
        Ok(Some(user)) => Ok(user.name),
        _ => Err(Error::Start {
            program: PROGRAM,
            reason: format!("the user {uid} has no name"),
        }),
    }
}

fn free_port() -> Result<u16, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .on("find a free port on", Path::new(HOST))
}

/// What Debian and Arch make at boot: `sshd` refuses to run as root without it.
fn provide_separation_folder() -> Result<(), Error> {
    let path = Path::new("/run/sshd");
    if Uid::effective().is_root() && !path.exists() {
        fs::create_dir_all(path).on("create", path)?;
    }
    Ok(())
}

/// Public keys only, one program, nothing else: no shell, no terminal, no forwarding.
///
/// `bash` that `sshd` runs reads `.bashrc` before the command of a session, whatever that does and
/// however long it takes, unless it finds itself inside another shell (`SHLVL`). The users of a real
/// enclave have no such file.
///
/// `StrictModes` is off because it asks for more than can be had below a shared folder such as
/// `/tmp`; the folder of the enclave itself belongs to this user alone.
fn configuration(folder: &Folder, port: u16, user: &str) -> String {
    let path = |path: &Path| quote(&path.to_string_lossy().replace('%', "%%"));
    format!(
        "ListenAddress {HOST}:{port}\n\
         HostKey {host_key}\n\
         AuthorizedKeysFile {authorized_keys}\n\
         AllowUsers {user}\n\
         AuthenticationMethods publickey\n\
         KbdInteractiveAuthentication no\n\
         PasswordAuthentication no\n\
         PermitRootLogin forced-commands-only\n\
         StrictModes no\n\
         DisableForwarding yes\n\
         PermitTTY no\n\
         PermitTunnel no\n\
         PermitUserEnvironment no\n\
         PermitUserRC no\n\
         SetEnv SHLVL=1\n\
         PrintLastLog no\n\
         PrintMotd no\n\
         UsePAM no\n\
         PidFile none\n\
         Compression no\n\
         LoginGraceTime 20\n\
         MaxStartups 300\n\
         PerSourceMaxStartups 100\n\
         LogLevel VERBOSE\n",
        host_key = quote(&folder.ssh_key("host_key").to_string_lossy()),
        authorized_keys = path(&folder.ssh().join("authorized_keys")),
    )
}

/// One line for each client and each user that signs nothing: its key may run one program, with
/// the name that the configuration knows, and nothing else.
fn write_authorized_keys(folder: &Folder, clients: &[Client]) -> Result<(), Error> {
    let quoted = |path: &Path| shell_quote(&path.to_string_lossy());
    let sign = quoted(&program("signstar-sign")?);
    let configure = quoted(&program("signstar-configure")?);
    let config = quoted(&folder.configuration());
    let clients = clients.iter().map(|Client { name, .. }| {
        let command = format!("{sign} --config {config} --client {name}");
        (name.as_str(), command)
    });
    let roles = ROLES.into_iter().map(|role| {
        let command = format!("{configure} download {role} --config {config} --user {role}");
        (role, command)
    });
    let mut lines = String::new();
    for (name, command) in clients.chain(roles) {
        let public = folder.ssh_key(&format!("{name}.pub"));
        let key = fs::read_to_string(&public).on("read", &public)?;
        lines.push_str(&format!(
            "restrict,command=\"{}\" {}\n",
            command.replace('"', "\\\""),
            key.trim_end()
        ));
    }
    write(
        &folder.ssh().join("authorized_keys"),
        lines.as_bytes(),
        0o600,
    )
}

/// What the clients need: the host key, a configuration for `ssh`, and a program that uses it
/// and no other.
fn write_client_side(
    folder: &Folder,
    clients: &[Client],
    port: u16,
    user: &str,
) -> Result<(), Error> {
    let public = folder.ssh_key("host_key.pub");
    let key = fs::read_to_string(&public).on("read", &public)?;
    // Type and key without the comment: some clients take a comment for a part of the key.
    let key: Vec<_> = key.split_whitespace().take(2).collect();
    let known = format!("[{HOST}]:{port} {}\n", key.join(" "));
    write(&folder.known_hosts(), known.as_bytes(), 0o600)?;

    let mut config = String::new();
    let clients = clients.iter().map(|client| client.name.as_str());
    for name in clients.chain(ROLES) {
        let path = |path: &Path| quote(&path.to_string_lossy().replace('%', "%%"));
        config.push_str(&format!(
            "Host {name}\n\
             \x20   HostName {HOST}\n\
             \x20   Port {port}\n\
             \x20   User {user}\n\
             \x20   IdentityFile {key}\n\
             \x20   IdentitiesOnly yes\n\
             \x20   UserKnownHostsFile {known_hosts}\n\
             \x20   StrictHostKeyChecking yes\n\
             \x20   BatchMode yes\n\
             \x20   LogLevel ERROR\n",
            key = path(&folder.ssh_key(name)),
            known_hosts = path(&folder.known_hosts()),
        ));
    }
    let config_path = folder.ssh().join("config");
    write(&config_path, config.as_bytes(), 0o600)?;
    let connect = format!(
        "#!/bin/sh\n# ssh to this enclave: connect CLIENT\nexec ssh -F {} \"$@\"\n",
        shell_quote(&config_path.to_string_lossy())
    );
    write(&folder.connect(), connect.as_bytes(), 0o700)
}

/// An argument in the configuration of OpenSSH.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// One word of a POSIX shell.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
