//! The enclave under test: what strikes it, and what a supervisor and an operator do after.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, sleep},
    time::Duration,
};

use nix::sys::signal::Signal;
use signstar_enclave::{Enclave, Options};

use crate::{
    Failed,
    fault::Fault,
    machine::{self, Disk, Machine},
    processes,
    random::Random,
};

/// Every request ends soon when something is wrong, so that a run sees many of them.
const LIMITS: &str = "\nlimits = { request-seconds = 3, session-seconds = 15 }\n\n";

/// The enclave under test.
pub(crate) struct Stage {
    enclave: Enclave,
    disk: Option<Disk>,
    machine: Machine,
    identity: [(PathBuf, Vec<u8>); 2],
    clock: PathBuf,
    slow: Option<Slow>,
}

impl Stage {
    /// Starts it, with its log on a disk of its own where the machine allows.
    pub(crate) fn set(options: &Options, machine: Machine) -> Result<Self, Failed> {
        let disk = match machine.disks {
            Ok(()) => Some(Disk::at(&options.folder.join("log"))?),
            Err(_) => None,
        };
        let mut enclave = Enclave::start(options)?;
        let config = enclave.folder().configuration();
        let text = fs::read_to_string(&config)?.replacen("\n\n", LIMITS, 1);
        fs::write(&config, text)?;

        let clock = options.folder.join("clock");
        if let Ok(library) = &machine.clock {
            fs::write(&clock, "+0")?;
            let path = options.folder.join("ssh/sshd_config");
            let text = fs::read_to_string(&path)?;
            let with_clock = format!(
                "SetEnv LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE={} FAKETIME_NO_CACHE=1 \
                 FAKETIME_DONT_FAKE_MONOTONIC=1\n{text}",
                library.display(),
                clock.display()
            );
            fs::write(&path, with_clock)?;
            enclave.sshd().start_again()?;
        }
        let data = options.folder.join("hsm");
        let kept = |name| -> Result<(PathBuf, Vec<u8>), Failed> {
            let path = data.join(name);
            let octets = fs::read(&path)?;
            Ok((path, octets))
        };
        Ok(Self {
            enclave,
            disk,
            machine,
            identity: [kept("tls-cert.pem")?, kept("tls-key.pem")?],
            clock,
            slow: None,
        })
    }

    pub(crate) fn enclave(&self) -> &Enclave {
        &self.enclave
    }

    /// Why `fault` cannot be brought about here.
    pub(crate) fn missing(&self, fault: Fault) -> Option<&str> {
        let needs = match fault {
            Fault::LogDiskFull | Fault::LogReadOnly | Fault::LogWithoutInodes => {
                self.machine.disks.as_ref().err()
            }
            Fault::LogWithoutFiles
            | Fault::HsmWithoutFiles
            | Fault::SshdWithoutFiles
            | Fault::SshdWithoutMemory
            | Fault::LogWithoutMemory => self.machine.limits.as_ref().err(),
            Fault::ClockAhead | Fault::ClockBehind => self.machine.clock.as_ref().err(),
            Fault::NetworkCut => self.machine.network.as_ref().err(),
            Fault::NetworkBad => self.machine.netem.as_ref().err(),
            _ => None,
        };
        needs.map(String::as_str)
    }

    /// Has `fault` begin.
    pub(crate) fn strike(&mut self, fault: Fault, random: &mut Random) -> Result<(), Failed> {
        match fault {
            Fault::SignKilled => self.kill_sessions(random, false),
            Fault::SessionKilled => self.kill_sessions(random, true),
            Fault::LogKilled => {
                self.enclave.log().kill();
                Ok(())
            }
            Fault::HsmKilled => {
                self.enclave.hsm().kill();
                Ok(())
            }
            Fault::SshdRestarted => {
                self.enclave.sshd().kill();
                Ok(())
            }
            Fault::HsmHangs => processes::send(self.hsm()?, Signal::SIGSTOP),
            Fault::LogHangs => processes::send(self.log()?, Signal::SIGSTOP),
            Fault::LogSlow => {
                self.slow = Some(Slow::start(self.log()?));
                Ok(())
            }
            Fault::HsmFails => self.misbehave("error"),
            Fault::HsmBreaksOff => self.misbehave("drop"),
            Fault::HsmGarbage => self.misbehave("garbage"),
            Fault::HsmWrongSignature => self.misbehave("wrong-signature"),
            Fault::HsmLate => self.misbehave("latency:400"),
            Fault::HsmLocked => Ok(self.enclave.hsm().start_again(&[])?),
            Fault::HsmOtherCertificate => {
                self.enclave.hsm().stop();
                for (path, _) in &self.identity {
                    fs::remove_file(path)?;
                }
                self.open_hsm(&[])
            }
            Fault::LogDiskFull => self.disk()?.fill(true),
            Fault::LogReadOnly => self.disk()?.freeze(true),
            Fault::LogWithoutFiles => without_files(self.log()?),
            Fault::HsmWithoutFiles => without_files(self.hsm()?),
            Fault::SshdWithoutFiles => {
                let id = self.enclave.sshd().id().ok_or("no sshd")?;
                without_files(id)
            }
            Fault::LogWithoutMemory => without_memory(self.log()?),
            Fault::ClockAhead => Ok(fs::write(&self.clock, "+2h")?),
            Fault::ClockBehind => Ok(fs::write(&self.clock, "-1y")?),
            Fault::NetworkCut => machine::cut(true),
            Fault::NetworkBad => Ok(machine::late(true)?),
            Fault::HsmSlow => {
                self.slow = Some(Slow::start(self.hsm()?));
                Ok(())
            }
            Fault::HsmEndless => self.misbehave("endless"),
            Fault::SshdWithoutMemory => {
                let id = self.enclave.sshd().id().ok_or("no sshd")?;
                without_memory(id)
            }
            Fault::LogWithoutInodes => self.disk()?.use_up_inodes(true),
            Fault::SshdReloaded => {
                let id = self.enclave.sshd().id().ok_or("no sshd")?;
                processes::send(id, Signal::SIGHUP)
            }
        }
    }

    /// Takes away what `strike` brought, and does what a supervisor does with programs that have
    /// ended and an operator with an HSM that is locked. Nothing else is touched.
    pub(crate) fn mend(&mut self, fault: Fault) -> Result<(), Failed> {
        match fault {
            Fault::LogHangs => processes::send(self.log()?, Signal::SIGCONT)?,
            Fault::HsmHangs => processes::send(self.hsm()?, Signal::SIGCONT)?,
            Fault::LogSlow | Fault::HsmSlow => self.slow = None,
            Fault::HsmKilled
            | Fault::HsmFails
            | Fault::HsmBreaksOff
            | Fault::HsmGarbage
            | Fault::HsmWrongSignature
            | Fault::HsmLate
            | Fault::HsmEndless
            | Fault::HsmLocked => self.open_hsm(&[])?,
            Fault::HsmOtherCertificate => {
                self.enclave.hsm().stop();
                for (path, octets) in &self.identity {
                    fs::write(path, octets)?;
                }
                self.open_hsm(&[])?;
            }
            Fault::LogDiskFull => self.disk()?.fill(false)?,
            Fault::LogReadOnly => self.disk()?.freeze(false)?,
            Fault::LogWithoutInodes => self.disk()?.use_up_inodes(false)?,
            Fault::LogWithoutFiles => unlimited(self.enclave.log().id(), "nofile"),
            Fault::HsmWithoutFiles => unlimited(self.enclave.hsm().id(), "nofile"),
            Fault::SshdWithoutFiles => unlimited(self.enclave.sshd().id(), "nofile"),
            Fault::LogWithoutMemory => unlimited(self.enclave.log().id(), "as"),
            Fault::SshdWithoutMemory => unlimited(self.enclave.sshd().id(), "as"),
            Fault::ClockAhead | Fault::ClockBehind => fs::write(&self.clock, "+0")?,
            Fault::NetworkCut => machine::cut(false)?,
            Fault::NetworkBad => machine::late(false)?,
            Fault::SignKilled
            | Fault::SessionKilled
            | Fault::LogKilled
            | Fault::SshdRestarted
            | Fault::SshdReloaded => {}
        }
        self.supervise()
    }

    /// Starts what has ended, as `Restart=on-failure` of its unit would.
    pub(crate) fn supervise(&mut self) -> Result<(), Failed> {
        let enclave = &mut self.enclave;
        if enclave.log().id().is_none() || enclave.log().check().is_err() {
            enclave.log().start_again()?;
        }
        if enclave.sshd().id().is_none() || enclave.sshd().check().is_err() {
            enclave.sshd().start_again()?;
        }
        if enclave.hsm().id().is_none() || enclave.hsm().check().is_err() {
            self.open_hsm(&[])?;
        }
        Ok(())
    }

    fn hsm(&mut self) -> Result<u32, Failed> {
        Ok(self.enclave.hsm().id().ok_or("no HSM")?)
    }

    fn log(&mut self) -> Result<u32, Failed> {
        Ok(self.enclave.log().id().ok_or("no log")?)
    }

    fn disk(&self) -> Result<&Disk, Failed> {
        Ok(self.disk.as_ref().ok_or("no disk")?)
    }

    fn misbehave(&mut self, kind: &str) -> Result<(), Failed> {
        self.open_hsm(&["--misbehave", kind])
            .map_err(|error| format!("{error} (built without softnethsm/misbehave?)").into())
    }

    /// Starts the HSM, again if it runs, and unlocks it.
    fn open_hsm(&mut self, arguments: &[&str]) -> Result<(), Failed> {
        let folder = self.enclave.folder().clone();
        let hsm = self.enclave.hsm();
        hsm.start_again(arguments)?;
        hsm.make_operational(&folder)?;
        Ok(())
    }

    /// Waits for a session, then kills some: their programs, or the `sshd` in front of them.
    fn kill_sessions(&self, random: &mut Random, in_front: bool) -> Result<(), Failed> {
        let config = self.enclave.folder().configuration();
        for _ in 0..500 {
            let found = signstar_enclave::processes("signstar-sign", &config);
            if let Some(first) = random.pick(&found) {
                for id in &found {
                    if id != first && random.once_in(2) {
                        continue;
                    }
                    let victim = if in_front {
                        processes::parent(*id, "sshd")
                    } else {
                        Some(*id)
                    };
                    if let Some(victim) = victim {
                        processes::send(victim, Signal::SIGKILL)?;
                    }
                }
                return Ok(());
            }
            sleep(Duration::from_millis(10));
        }
        Err("there is no session to be killed".into())
    }
}

/// As many descriptors as it has open, and no more.
fn without_files(id: u32) -> Result<(), Failed> {
    let open = u64::try_from(processes::descriptors(id)?)?;
    processes::limit(id, "nofile", Some(open))
}

/// As much memory as it has, and no more.
fn without_memory(id: u32) -> Result<(), Failed> {
    processes::limit(id, "as", Some(processes::memory(id)?))
}

/// What has ended has no limits to be lifted.
fn unlimited(id: Option<u32>, resource: &str) {
    if let Some(id) = id {
        let _ = processes::limit(id, resource, None);
    }
}

/// A process that is stopped most of the time, until this is dropped.
struct Slow {
    over: Arc<AtomicBool>,
    pulse: Option<JoinHandle<()>>,
}

impl Slow {
    fn start(id: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let pulse = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                // A process that has ended is found by the supervisor.
                let _ = processes::send(id, Signal::SIGSTOP);
                sleep(Duration::from_millis(150));
                let _ = processes::send(id, Signal::SIGCONT);
                sleep(Duration::from_millis(5));
            }
        });
        Self {
            over,
            pulse: Some(pulse),
        }
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(pulse) = self.pulse.take() {
            let _ = pulse.join();
        }
    }
}
