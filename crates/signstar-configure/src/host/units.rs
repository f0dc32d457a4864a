//! Units of systemd: the log, self-tests, logs of HSMs, the firewall.

use std::path::{Path, PathBuf};

use signstar::config::{Config, Connector, Hsm, HsmName, Journal, Log};

use super::{
    firewall,
    tree::{Node, Tree},
};

/// The folder of all units.
pub(crate) const UNITS: &str = "/etc/systemd/system";

const LOG_SERVICE: &str = include_str!("../../../../dist/systemd/signstar-log.service");
/// Behind its `ExecStart=`, if its key is in an HSM.
const REACHES_HSM: &str = "LoadCredential=\nPrivateNetwork=no\n\
    RestrictAddressFamilies=AF_INET AF_INET6\n";
/// Where an HSM is on USB.
const REACHES_USB: &str =
    "PrivateDevices=no\nDevicePolicy=closed\nDeviceAllow=char-usb_device rw\n";
const LOG_SOCKET: &str = include_str!("../../../../dist/systemd/signstar-log.socket");
const SELF_TEST: &str = include_str!("../../../../dist/systemd/signstar-self-test@.service");
const SELF_TEST_TIMER: &str = include_str!("../../../../dist/systemd/signstar-self-test@.timer");
const AUDIT: &str = include_str!("../../../../dist/systemd/signstar-audit@.service");
const FIREWALL: &str = include_str!("../../../../dist/systemd/signstar-firewall.service");

/// The folders in which files and links of ours stand among others.
pub(crate) const FOLDERS: [&str; 7] = [
    UNITS,
    "/etc/systemd/system/multi-user.target.wants",
    "/etc/systemd/system/signstar-audit@.service.d",
    "/etc/systemd/system/signstar-log.service.d",
    "/etc/systemd/system/signstar-log.socket.d",
    "/etc/systemd/system/signstar-self-test@.service.d",
    "/etc/systemd/system/sockets.target.wants",
];
/// The folder with a link for each client.
pub(crate) const TIMERS: &str = "/etc/systemd/system/timers.target.wants";

/// Whether `path`, in one of these folders, is ours.
pub(crate) fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    match path.parent() {
        Some(folder) if folder == Path::new(TIMERS) => name.starts_with("signstar-self-test@"),
        _ if name.starts_with("signstar-audit@") => name.ends_with(".service"),
        _ => [
            "10-signstar.conf",
            "signstar-firewall.service",
            "signstar-log.service",
            "signstar-log.socket",
            "signstar-self-test@.service",
            "signstar-self-test@.timer",
        ]
        .contains(&name),
    }
}

/// The HSMs whose logs are read.
pub(super) fn audited(config: &Config) -> impl Iterator<Item = &HsmName> {
    let is_audited = |hsm: &Hsm| matches!(hsm, Hsm::YubiHsm2(device) if device.auditor.is_some());
    let all = config.hsms.iter();
    all.filter(move |(_, hsm)| is_audited(hsm))
        .map(|(name, _)| name)
}

/// Adds the units that this configuration needs, each wanted by its target. The programs in them
/// read the configuration where it is `installed`.
pub(crate) fn add(tree: &mut Tree, config: &Config, installed: &Path) {
    let unit = |name: &str| Path::new(UNITS).join(name);
    let mut add = |name: &str, text: &str| {
        tree.insert(unit(name), Node::File(text.to_owned()));
    };
    let is_on_usb =
        |hsm: &Hsm| matches!(hsm, Hsm::YubiHsm2(device) if device.connector == Connector::Usb);
    let usb = match config.hsms.values().any(is_on_usb) {
        true => REACHES_USB,
        false => "",
    };
    let mut wanted: Vec<(&str, String, &str)> = Vec::new();
    if let Log::Public(log) = &config.log {
        add("signstar-log.service", LOG_SERVICE);
        add("signstar-log.socket", LOG_SOCKET);
        let mut service = format!(
            "[Service]\nUser={}\nExecStart=\nExecStart=",
            config.host.log_user
        );
        let exec = LOG_SERVICE
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        let exec = exec.unwrap_or_default();
        match log.key {
            None => service.push_str(exec),
            Some(_) => {
                let from = format!("--config {}", installed.display());
                service.push_str(&exec.replace("--key %d/log.key", &from));
            }
        }
        service.push_str(" --client-is-user");
        for (client, rules) in &config.clients {
            service.push_str(&format!(" --allow-user {client}"));
            if let Some(name) = &rules.log_name {
                service.push_str(&format!(" --log-name {client}={name}"));
            }
        }
        service.push('\n');
        if log.key.is_some() {
            service.push_str(REACHES_HSM);
            service.push_str(usb);
        }
        add("signstar-log.service.d/10-signstar.conf", &service);
        let socket = log.socket.display();
        let socket = format!("[Socket]\nListenStream=\nListenStream={socket}\n");
        add("signstar-log.socket.d/10-signstar.conf", &socket);
        let name = "signstar-log.socket";
        wanted.push(("sockets.target.wants", name.to_owned(), name));
    }
    if !config.clients.is_empty() {
        add("signstar-self-test@.service", SELF_TEST);
        add("signstar-self-test@.timer", SELF_TEST_TIMER);
        let mut writable = format!("[Service]\nReadWritePaths=-{}/%i", config.state.display());
        if let Some(metrics) = &config.metrics {
            writable.push_str(&format!(" -{}", metrics.display()));
        }
        writable.push('\n');
        writable.push_str(usb);
        add("signstar-self-test@.service.d/10-signstar.conf", &writable);
    }
    for client in config.clients.keys() {
        let name = format!("signstar-self-test@{client}.timer");
        wanted.push(("timers.target.wants", name, "signstar-self-test@.timer"));
    }
    let audited: Vec<_> = audited(config).collect();
    if !audited.is_empty() {
        add("signstar-audit@.service", AUDIT);
        let folder = config.administration.as_ref().map(|place| &place.folder);
        let journal = match &config.journal {
            Journal::File(path) => path.parent(),
            _ => None,
        };
        let paths = folder.map(PathBuf::as_path).into_iter().chain(journal);
        let paths: String = paths.map(|path| format!(" -{}", path.display())).collect();
        let writable = format!("[Service]\nReadWritePaths={}\n{usb}", paths.trim_start());
        add("signstar-audit@.service.d/10-signstar.conf", &writable);
    }
    for hsm in audited {
        let name = format!("signstar-audit@{hsm}.service");
        wanted.push(("multi-user.target.wants", name, "signstar-audit@.service"));
    }
    if config.host.firewall {
        add("signstar-firewall.service", FIREWALL);
        let name = "signstar-firewall.service";
        wanted.push(("multi-user.target.wants", name.to_owned(), name));
    }
    for (target, name, of) in wanted {
        tree.insert(unit(target).join(name), Node::Link(unit(of)));
    }
    if config.host.firewall {
        tree.insert(
            PathBuf::from(firewall::RULES),
            Node::File(firewall::rules(config)),
        );
    }
}
