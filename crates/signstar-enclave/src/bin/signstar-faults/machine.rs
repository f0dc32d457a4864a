//! What this machine lets us do to an enclave.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
};
use signstar_enclave::program;

use crate::Failed;

/// The folder of the log may grow to this many octets while its disk is not full.
const ROOM: &str = "size=1g";
const FAKETIME: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
];

/// What this machine lets us do to an enclave, or why it does not.
#[derive(Debug)]
pub(crate) struct Machine {
    /// A network of our own.
    pub(crate) network: Result<(), String>,
    /// Packets that are late.
    pub(crate) netem: Result<(), String>,
    /// Disks of our own.
    pub(crate) disks: Result<(), String>,
    /// A clock of our own: the library that programs are started with.
    pub(crate) clock: Result<PathBuf, String>,
    /// Limits of other processes.
    pub(crate) limits: Result<(), String>,
}

impl Machine {
    /// Parts from the network and the mounts of the machine as far as it can be done. Has to come
    /// before the first thread.
    pub(crate) fn part() -> Self {
        // Without this program there would be no way into the new network.
        let network = program("ip")
            .map_err(|error| error.to_string())
            .and_then(|_| {
                unshare(CloneFlags::CLONE_NEWNET)
                    .map_err(|error| format!("a private network needs root: {error}"))
            })
            .and_then(|()| ip(&["link", "set", "lo", "up"]));
        let netem = network.clone().and_then(|()| {
            late(true)?;
            late(false)
        });
        let disks = unshare(CloneFlags::CLONE_NEWNS)
            .and_then(|()| {
                let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
                mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)
            })
            .map_err(|error| format!("private mounts need root: {error}"));
        let clock = FAKETIME.into_iter().map(PathBuf::from);
        let clock = clock.into_iter().find(|path| path.exists()).ok_or_else(|| {
            "libfaketime is not installed, and the kernel has no private clock of the day \
                 (time_namespaces(7))"
                .to_owned()
        });
        let limits = Command::new("prlimit")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .map(|_| ())
            .map_err(|error| format!("prlimit: {error}"));
        Self {
            network,
            netem,
            disks,
            clock,
            limits,
        }
    }
}

/// Cuts the private network, or joins it again.
pub(crate) fn cut(is_cut: bool) -> Result<(), Failed> {
    let state = if is_cut { "down" } else { "up" };
    Ok(ip(&["link", "set", "lo", state])?)
}

/// Has packets come late and some of them never, or no longer.
pub(crate) fn late(is_late: bool) -> Result<(), String> {
    if is_late {
        let how = ["netem", "delay", "40ms", "20ms", "loss", "5%"];
        run(
            "tc",
            &[&["qdisc", "add", "dev", "lo", "root"], &how[..]].concat(),
        )
    } else {
        run("tc", &["qdisc", "del", "dev", "lo", "root"])
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    run("ip", arguments)
}

/// Runs a program for administrators.
fn run(name: &'static str, arguments: &[&str]) -> Result<(), String> {
    let path = program(name).map_err(|error| error.to_string())?;
    let output = Command::new(path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{name} {}: {said}", arguments.join(" ")))
}

/// A disk in memory, gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Puts it at `path`.
    pub(crate) fn at(path: &Path) -> Result<Self, Failed> {
        fs::create_dir_all(path)?;
        let none = MsFlags::empty();
        mount(Some("tmpfs"), path, Some("tmpfs"), none, Some(ROOM))?;
        Ok(Self(path.to_owned()))
    }

    /// Leaves no space on it, or as much as before.
    pub(crate) fn fill(&self, is_full: bool) -> Result<(), Failed> {
        let size = if is_full {
            let used = Command::new("df")
                .args(["--block-size=1", "--output=used"])
                .arg(&self.0)
                .output()?;
            let used = String::from_utf8(used.stdout)?;
            let used: u64 = used.lines().last().unwrap_or_default().trim().parse()?;
            // A size of 0 would be no limit.
            format!("size={}", used.max(4096))
        } else {
            ROOM.to_owned()
        };
        let flags = MsFlags::MS_REMOUNT;
        mount(
            None::<&str>,
            &self.0,
            None::<&str>,
            flags,
            Some(size.as_str()),
        )?;
        Ok(())
    }

    /// Has everything that is opened from now on be found read-only, or no longer. The disk itself
    /// cannot be made so while a file on it is open.
    pub(crate) fn freeze(&self, is_frozen: bool) -> Result<(), Failed> {
        if is_frozen {
            let none = None::<&str>;
            mount(Some(&self.0), &self.0, none, MsFlags::MS_BIND, none)?;
            let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
            mount(none, &self.0, none, flags, none)?;
        } else {
            umount2(&self.0, MntFlags::MNT_DETACH)?;
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The mounts are ours alone: they go with the last process.
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}
