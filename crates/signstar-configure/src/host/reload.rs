//! Running services that are to read what was written.

use std::{
    fs,
    path::{Path, PathBuf},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use signstar::config::{Config, Log};

use super::{apply::run, units};
use crate::Error;

/// Has `sshd`, systemd and the firewall read their files.
///
/// Without systemd (in a container), `sshd` is told, and the rest is left to whoever starts it.
pub(crate) fn reload(config: &Config) -> Result<(), Error> {
    if !Path::new("/run/systemd/system").is_dir() {
        return hang_up();
    }
    run("systemctl", &["daemon-reload"])?;
    for name in ["ssh.service", "sshd.service"] {
        if run("systemctl", &["--quiet", "is-active", name]).is_ok() {
            run("systemctl", &["reload", name])?;
        }
    }
    if config.host.firewall {
        run("systemctl", &["restart", "signstar-firewall.service"])?;
    } else {
        // Stopping the unit would leave its rules.
        let _ = run("nft", &["delete", "table", "inet", "signstar"]);
    }
    if let Log::Public(_) = config.log {
        run("systemctl", &["restart", "signstar-log.socket"])?;
        run("systemctl", &["try-restart", "signstar-log.service"])?;
    }
    for hsm in units::audited(config) {
        let name = format!("signstar-audit@{hsm}.service");
        // Whoever cannot log in yet tries again.
        run("systemctl", &["restart", &name])?;
    }
    for client in config.clients.keys() {
        run(
            "systemctl",
            &["start", &format!("signstar-self-test@{client}.timer")],
        )?;
    }
    Ok(())
}

fn hang_up() -> Result<(), Error> {
    let Ok(text) = fs::read_to_string("/run/sshd.pid") else {
        return Ok(());
    };
    let Ok(pid) = text.trim().parse() else {
        return Ok(());
    };
    // It may have ended since.
    let _ = kill(Pid::from_raw(pid), Signal::SIGHUP);
    Ok(())
}

/// Where `name` is: programs of administrators may not be in `PATH`.
pub(crate) fn program(name: &str) -> PathBuf {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}
