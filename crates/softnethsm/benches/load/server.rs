//! The server, in a process of its own, so that its time and memory are no one else's.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nethsm::client::{Client, Tls};

use crate::Failed;

/// Clock ticks per second in `/proc`: 100 on every Linux (`USER_HZ` in proc(5)).
const TICKS: u32 = 100;

/// A server over a data folder. It is killed on drop.
pub(crate) struct Running {
    child: Child,
    folder: PathBuf,
    pub(crate) port: u16,
}

impl Running {
    pub(crate) fn start(folder: &Path) -> Result<Self, Failed> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_softnethsm"))
            .arg("serve")
            .arg("--data")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        let read = BufReader::new(output).read_line(&mut line);
        let mut running = Self {
            child,
            folder: folder.to_owned(),
            port: 0,
        };
        read?;
        let (_, port) = line
            .trim_end()
            .rsplit_once(':')
            .ok_or("the server ended early")?;
        running.port = port.parse()?;
        Ok(running)
    }

    /// The certificate of the server, PEM.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("tls-cert.pem")
    }

    /// A client that has not logged in.
    pub(crate) fn client(&self) -> Result<Client, Failed> {
        let url = format!("https://127.0.0.1:{}", self.port).parse()?;
        let tls: Tls = format!("ca:{}", self.certificate().display()).parse()?;
        Ok(Client::new(&url, &tls)?)
    }

    /// Fails unless the server is operational.
    pub(crate) fn is_ready(&self) -> Result<(), Failed> {
        Ok(self.client()?.ready()?)
    }

    /// Time that the server has spent on cores.
    pub(crate) fn busy(&self) -> Result<Duration, Failed> {
        busy(&self.child.id().to_string())
    }

    /// Memory of the server, MiB.
    pub(crate) fn resident(&self) -> Result<f64, Failed> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line
            .and_then(|line| line.split_whitespace().next())
            .ok_or("no VmRSS in the status of the process")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    /// Ends the server with SIGTERM; gives its data folder.
    pub(crate) fn stop(mut self) -> Result<PathBuf, Failed> {
        let pid = self.child.id().to_string();
        Command::new("kill").arg(&pid).status()?;
        if !self.child.wait()?.success() {
            return Err("the server did not end well".into());
        }
        Ok(self.folder.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Time that a process has spent on cores, in user and kernel mode.
pub(crate) fn busy(process: &str) -> Result<Duration, Failed> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name before it may hold anything. utime and stime are fields 14 and 15, and the state,
    // which comes first after the name, is field 3.
    let (_, fields) = stat.rsplit_once(')').ok_or("an odd stat file")?;
    let mut ticks = 0;
    for field in fields.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<u32>()?;
    }
    Ok(Duration::from_secs(1) * ticks / TICKS)
}
