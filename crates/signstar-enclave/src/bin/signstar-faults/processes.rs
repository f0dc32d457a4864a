//! Processes of the enclave under test, and what is done to them.

use std::{
    fs,
    process::{Command, Stdio},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::Failed;

/// The process that started `id`, if it runs `program` and not something else.
pub(crate) fn parent(id: u32, program: &str) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    let parent: u32 = line.trim().parse().ok()?;
    let name = fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    name.starts_with(program).then_some(parent)
}

/// Sends `signal`; a process that is gone is no failure.
pub(crate) fn send(id: u32, signal: Signal) -> Result<(), Failed> {
    match kill(Pid::from_raw(i32::try_from(id)?), signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The descriptors that `id` has open.
pub(crate) fn descriptors(id: u32) -> Result<usize, Failed> {
    Ok(fs::read_dir(format!("/proc/{id}/fd"))?.count())
}

/// The size of the memory of `id` as the limit `RLIMIT_AS` counts it, in octets.
pub(crate) fn memory(id: u32) -> Result<u64, Failed> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))
        .ok_or("no size of memory")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}

/// Sets the soft limit `resource` of `id`; none is the hard one.
pub(crate) fn limit(id: u32, resource: &str, to: Option<u64>) -> Result<(), Failed> {
    let ask = |columns: &str| {
        let mut command = Command::new("prlimit");
        command.args(["--noheadings", "--raw", "--output", columns, "--pid"]);
        command
            .arg(id.to_string())
            .arg(format!("--{resource}"))
            .stderr(Stdio::null())
            .output()
    };
    let to = match to {
        Some(to) => to.to_string(),
        None => String::from_utf8(ask("HARD")?.stdout)?.trim().to_owned(),
    };
    let mut command = Command::new("prlimit");
    let status = command
        .args(["--pid", &id.to_string()])
        .arg(format!("--{resource}={to}:"))
        .stderr(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("prlimit cannot limit {resource} of {id} to {to}").into())
    }
}
