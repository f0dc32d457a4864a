//! A TPM2 in software.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::host::{Host, skipped};

/// How often it is tried to find two ports side by side that are free.
const TRIES: usize = 20;

/// `swtpm` on ports of its own. What it keeps is in a folder that is thrown away.
pub(crate) struct Tpm {
    folder: TempDir,
    running: Option<(Child, u16)>,
}

impl Tpm {
    /// A new one, `None` if `swtpm` or what `systemd-creds` reaches it with is not installed.
    pub(crate) fn new() -> Option<Self> {
        let is_driver = |name: &str| name.starts_with("libtss2-tcti-swtpm.so");
        let folders = ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu"];
        let folders = folders.into_iter().chain(["/usr/lib/aarch64-linux-gnu"]);
        let has_driver = folders.filter_map(|folder| fs::read_dir(folder).ok());
        let has_driver = has_driver.flatten().flatten();
        if !has_driver
            .into_iter()
            .any(|file| is_driver(&file.file_name().to_string_lossy()))
        {
            skipped("libtss2-tcti-swtpm is not installed");
            return None;
        }
        if !PathBuf::from("/usr/bin/swtpm").exists() {
            skipped("swtpm is not installed");
            return None;
        }
        let mut tpm = Self {
            folder: tempfile::tempdir().expect("a folder"),
            running: None,
        };
        tpm.start();
        Some(tpm)
    }

    /// Ends it and starts it again, as when a host boots.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Has `host` encrypt with its own key and this device together.
    pub(crate) fn is_in(&self, host: &Host) {
        let (_, port) = self.running.as_ref().expect("it runs");
        host.has(
            "host+tpm2",
            &format!("SYSTEMD_TPM2_DEVICE=swtpm:host=127.0.0.1,port={port}"),
        );
    }

    fn start(&mut self) {
        for _ in 0..TRIES {
            let Some(port) = two_ports() else { continue };
            let listens = |port| format!("type=tcp,bindaddr=127.0.0.1,port={port}");
            let mut child = Command::new("/usr/bin/swtpm")
                .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
                .arg("--tpmstate")
                .arg(format!("dir={}", self.folder.path().display()))
                .args(["--server", &listens(port), "--ctrl", &listens(port + 1)])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("it runs");
            // It ends at once if somebody else took a port.
            while child.try_wait().expect("its parent").is_none() {
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
                    self.running = Some((child, port));
                    return;
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("no ports for a TPM2");
    }

    fn stop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A free port with another behind it: the second is where its driver expects to control it.
fn two_ports() -> Option<u16> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    let port = first.local_addr().ok()?.port();
    TcpListener::bind((Ipv4Addr::LOCALHOST, port.checked_add(1)?)).ok()?;
    Some(port)
}
