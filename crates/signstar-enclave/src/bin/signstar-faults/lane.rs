//! A build host that asks for one signature after the other, and remembers what it was told.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread::sleep,
    time::Duration,
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};
use signstar::request::Sha512State;

use crate::{Failed, random::Random};

/// After this many seconds a client takes its connection for lost.
const PATIENCE: &str = "20";

/// What happened so far, for all to see.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Signatures that arrived.
    pub(crate) answered: AtomicU64,
    /// Refusals that arrived.
    pub(crate) refused: AtomicU64,
    /// Requests without an answer.
    pub(crate) lost: AtomicU64,
}

/// What was asked for under an id, and every signature that came.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) content: String,
    pub(crate) answers: Vec<Value>,
}

impl Asked {
    /// The state of the SHA-512 of the content.
    pub(crate) fn state(&self) -> Result<Sha512State, Failed> {
        let hasher = Sha512::new_with_prefix(&self.content);
        Sha512State::from_hasher(&hasher).map_err(|error| error.to_string().into())
    }
}

/// A build host.
pub(crate) struct Lane<'a> {
    pub(crate) client: String,
    pub(crate) asked: BTreeMap<String, Asked>,
    pub(crate) codes: BTreeMap<String, u64>,
    pending: VecDeque<String>,
    connect: PathBuf,
    random: Random,
    tally: &'a Tally,
}

impl<'a> Lane<'a> {
    /// That of `client`, which reaches the enclave with the program `connect`.
    pub(crate) fn new(client: &str, connect: PathBuf, random: Random, tally: &'a Tally) -> Self {
        Self {
            client: client.to_owned(),
            asked: BTreeMap::new(),
            codes: BTreeMap::new(),
            pending: VecDeque::new(),
            connect,
            random,
            tally,
        }
    }

    /// Whether everything that was asked for has come.
    pub(crate) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// One session: what has no answer yet first, then new requests.
    pub(crate) fn work(&mut self) -> Result<(), Failed> {
        let count = self.random.between(1, 12);
        while u64::try_from(self.pending.len())? < count {
            let id = format!("{}-{}", self.client, self.asked.len());
            let content = format!("the content of {id}\n");
            let answers = Vec::new();
            self.asked.insert(id.clone(), Asked { content, answers });
            self.pending.push_back(id);
        }
        if self.random.once_in(8) {
            self.break_off()
        } else {
            self.ask()
        }
    }

    /// One session for what has no answer yet.
    pub(crate) fn settle(&mut self) -> Result<(), Failed> {
        if self.is_settled() {
            return Ok(());
        }
        self.ask()
    }

    /// A session in which all requests are sent and all answers awaited.
    fn ask(&mut self) -> Result<(), Failed> {
        let ids: Vec<String> = self.pending.iter().take(16).cloned().collect();
        let mut child = self.session()?;
        if let Some(mut input) = child.stdin.take() {
            for id in &ids {
                // A session that is gone has no answers, which is noticed below.
                if input.write_all(self.request(id)?.as_bytes()).is_err() {
                    break;
                }
            }
        }
        let mut heard = 0;
        let output = child.stdout.take().ok_or("no pipe")?;
        for line in BufReader::new(output).split(b'\n') {
            // A session may be cut anywhere: only whole answers count.
            let Ok(answer) = serde_json::from_slice::<Value>(&line?) else {
                continue;
            };
            heard += 1;
            self.hear(answer);
        }
        child.wait()?;
        let lost = u64::try_from(ids.len())?.saturating_sub(heard);
        self.tally.lost.fetch_add(lost, Ordering::Relaxed);
        if heard == 0 {
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn hear(&mut self, answer: Value) {
        if let Some(code) = answer["refusal"]["code"].as_str() {
            *self.codes.entry(code.to_owned()).or_default() += 1;
            self.tally.refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let id = answer["id"].as_str().unwrap_or_default().to_owned();
        self.pending.retain(|pending| *pending != id);
        self.tally.answered.fetch_add(1, Ordering::Relaxed);
        // A signature for nobody shows later: its request stays without one.
        if let Some(asked) = self.asked.get_mut(&id) {
            asked.answers.push(answer);
        }
    }

    /// A session that its client leaves in the middle of its last request.
    fn break_off(&mut self) -> Result<(), Failed> {
        let ids: Vec<String> = self.pending.iter().take(3).cloned().collect();
        let mut child = self.session()?;
        if let Some(mut input) = child.stdin.take() {
            let mut text = String::new();
            for id in &ids {
                text.push_str(&self.request(id)?);
            }
            let part = text.len().saturating_sub(300);
            // Who leaves does not mind.
            let _ = input.write_all(text.as_bytes().get(..part).unwrap_or_default());
            let _ = input.flush();
            sleep(Duration::from_millis(self.random.between(0, 400)));
        }
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn session(&self) -> Result<Child, Failed> {
        // `timeout` passes its own end on; killed it leaves `ssh`, which ends with its input.
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after", "1", PATIENCE])
            .arg(&self.connect)
            .args(["-o", "ConnectTimeout=3", "-o", "ServerAliveInterval=2"])
            .args(["-o", "ServerAliveCountMax=2"])
            .arg(&self.client);
        Ok(command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?)
    }

    fn request(&self, id: &str) -> Result<String, Failed> {
        let asked = self.asked.get(id).ok_or("never asked")?;
        let request = json!({
            "version": "1.1.0",
            "required": {
                "input": {
                    "type": "sha2-0.11-SHA512-state",
                    "content": asked.state()?.to_octets().to_vec(),
                },
                "output": { "type": "OpenPGPv4" },
            },
            "optional": { "id": id, "proof": true },
        });
        Ok(format!("{request}\n"))
    }
}
