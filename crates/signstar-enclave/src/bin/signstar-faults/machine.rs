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
/// And have this many files and folders while it is not out of them.
const INODES: &str = "nr_inodes=1m";
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
        let options = format!("{ROOM},{INODES}");
        mount(
            Some("tmpfs"),
            path,
            Some("tmpfs"),
            none,
            Some(options.as_str()),
        )?;
        Ok(Self(path.to_owned()))
    }

    /// Leaves no space on it, or as much as before.
    pub(crate) fn fill(&self, is_full: bool) -> Result<(), Failed> {
        if !is_full {
            return self.change(ROOM);
        }
        // A size of 0 would be no limit.
        let used = self.used(&["--block-size=1", "--output=used"])?.max(4096);
        self.change(&format!("size={used}"))
    }

    /// Lets no further file or folder be made on it, or as many as before.
    pub(crate) fn use_up_inodes(&self, are_used_up: bool) -> Result<(), Failed> {
        if !are_used_up {
            return self.change(INODES);
        }
        // What was made since they were counted is not to be taken away.
        for _ in 0..20 {
            let used = self.used(&["--output=iused"])?;
            if self.change(&format!("nr_inodes={used}")).is_ok() {
                return Ok(());
            }
        }
        Err("the disk does not run out of inodes".into())
    }

    fn used(&self, columns: &[&str]) -> Result<u64, Failed> {
        let output = Command::new("df").args(columns).arg(&self.0).output()?;
        let text = String::from_utf8(output.stdout)?;
        Ok(text.lines().last().unwrap_or_default().trim().parse()?)
    }

    fn change(&self, option: &str) -> Result<(), Failed> {
        let none = None::<&str>;
        mount(none, &self.0, none, MsFlags::MS_REMOUNT, Some(option))?;
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
