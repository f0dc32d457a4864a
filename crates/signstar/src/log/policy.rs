//! Whose signatures a checkpoint needs (C2SP `tlog-policy`).

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use super::{Algorithm, NotACheckpoint, NotVerified, Note, SignedCheckpoint, VerifierKey};

/// The longest policy that is read, in octets.
const MAX_OCTETS: usize = 1 << 20;
/// What a quorum is called that needs no witness.
const NONE: &[u8] = b"none";

/// A log or a witness of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Party {
    /// What it signs with.
    pub key: VerifierKey,
    /// Where it is reached, if the policy says so. Opaque octets.
    pub url: Option<Vec<u8>>,
}

/// Known logs, known witnesses, and which of these suffice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    logs: Vec<Party>,
    voters: Vec<Voter>,
    quorum: Option<usize>,
}

/// A witness, or so many of those who stand before it in the policy.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Voter {
    Witness(Party),
    Group { needed: usize, members: Vec<usize> },
}

/// Octets that are not a policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPolicy {
    /// More than 1 MiB.
    #[error("the policy has more than 1 MiB")]
    TooLarge,
    /// A line, counted from 1, is not one of a policy.
    #[error("line {0} of the policy: {1}")]
    Line(usize, &'static str),
    /// No `quorum` line.
    #[error("the policy has no line `quorum`; `quorum none` is for no witnesses")]
    NoQuorum,
}

/// Why a checkpoint does not do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unacceptable {
    /// No log of the policy signed it.
    #[error("no log that the policy knows has signed the checkpoint")]
    UnknownLog,
    /// A log signed what is not its checkpoint, or the signature is wrong.
    #[error(transparent)]
    Checkpoint(#[from] NotACheckpoint),
    /// The cosignature of a witness that the policy knows is wrong.
    #[error("the cosignature of a known witness does not verify")]
    WrongCosignature,
    /// Too few witnesses saw it.
    #[error("the checkpoint lacks cosignatures of witnesses that the policy demands")]
    NoQuorum,
}

impl Policy {
    /// The log that signs with `key` is believed without witnesses.
    pub fn of_log(key: VerifierKey) -> Self {
        Self {
            logs: vec![Party { key, url: None }],
            voters: Vec::new(),
            quorum: None,
        }
    }

    /// Reads a policy file. Names are opaque octets.
    pub fn parse(octets: &[u8]) -> Result<Self, InvalidPolicy> {
        if octets.len() > MAX_OCTETS {
            return Err(InvalidPolicy::TooLarge);
        }
        let mut draft = Draft::default();
        for (index, line) in octets.split(|&octet| octet == b'\n').enumerate() {
            let at_line = |reason| InvalidPolicy::Line(index + 1, reason);
            draft.read(line).map_err(at_line)?;
        }
        let quorum = draft.quorum.ok_or(InvalidPolicy::NoQuorum)?;
        Ok(Self {
            logs: draft.logs,
            voters: draft.voters,
            quorum,
        })
    }

    /// The logs, in the order of the policy.
    pub fn logs(&self) -> &[Party] {
        &self.logs
    }

    /// The witnesses, in the order of the policy, whether or not the quorum needs them.
    pub fn witnesses(&self) -> impl Iterator<Item = &Party> {
        self.voters.iter().filter_map(|voter| match voter {
            Voter::Witness(party) => Some(party),
            Voter::Group { .. } => None,
        })
    }

    /// Whether a checkpoint needs witnesses at all: the quorum is not `none`.
    pub fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Whether the quorum is reached if those witnesses agree for which `agrees` holds.
    pub fn has_quorum(&self, agrees: impl Fn(&Party) -> bool) -> bool {
        let answer = self.count(|party| Ok::<_, Infallible>(agrees(party)));
        answer.unwrap_or_else(|never| match never {})
    }

    /// Checks that one of the logs signed `note` as its checkpoint, and that the quorum of
    /// witnesses saw it.
    pub fn check(&self, note: &Note) -> Result<SignedCheckpoint, Unacceptable> {
        let is_by = |party: &&Party| note.signatures().iter().any(|line| line.is_by(&party.key));
        let log = self
            .logs
            .iter()
            .find(is_by)
            .ok_or(Unacceptable::UnknownLog)?;
        let signed = SignedCheckpoint::verify(note.clone(), &log.key)?;

        let has_quorum = self.count(|party| match note.verify(&party.key) {
            Ok(_) => Ok(true),
            Err(NotVerified::Missing | NotVerified::Unsupported) => Ok(false),
            Err(NotVerified::Wrong) => Err(Unacceptable::WrongCosignature),
        })?;
        has_quorum.then_some(signed).ok_or(Unacceptable::NoQuorum)
    }

    /// Asks `agrees` about every witness, and tells whether the quorum is reached.
    fn count<E>(&self, agrees: impl Fn(&Party) -> Result<bool, E>) -> Result<bool, E> {
        let mut agree: Vec<bool> = Vec::new();
        for voter in &self.voters {
            agree.push(match voter {
                Voter::Witness(party) => agrees(party)?,
                Voter::Group { needed, members } => {
                    let agreeing = |&&member: &&usize| agree.get(member) == Some(&true);
                    members.iter().filter(agreeing).count() >= *needed
                }
            });
        }
        Ok(self
            .quorum
            .is_none_or(|voter| agree.get(voter) == Some(&true)))
    }
}

/// A policy up to some line.
#[derive(Default)]
struct Draft {
    logs: Vec<Party>,
    log_keys: BTreeSet<Vec<u8>>,
    voters: Vec<Voter>,
    witness_keys: BTreeSet<Vec<u8>>,
    names: BTreeMap<Vec<u8>, usize>,
    /// Who is a member of a group already.
    members: BTreeSet<usize>,
    quorum: Option<Option<usize>>,
}

impl Draft {
    fn read(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if line
            .iter()
            .any(|&octet| octet != b'\t' && (octet < b' ' || octet == 0x7f))
        {
            return Err("a control character");
        }
        let words: Vec<&[u8]> = line
            .split(|&octet| octet == b' ' || octet == b'\t')
            .filter(|word| !word.is_empty())
            .collect();
        match &*words {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] => self.log(key, None),
            [b"log", key, url] => self.log(key, Some(url)),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, needed, members @ ..] => self.group(name, needed, members),
            [b"quorum", name] => self.quorum(name),
            _ => Err("not a log, a witness, a group or a quorum"),
        }
    }

    fn log(&mut self, key: &[u8], url: Option<&&[u8]>) -> Result<(), &'static str> {
        let party = party(key, url)?;
        if party.key.algorithm() == Algorithm::CosignatureEd25519 {
            return Err("the key is one for witnesses");
        }
        if !self.log_keys.insert(party.key.public().to_vec()) {
            return Err("the log was named before");
        }
        self.logs.push(party);
        Ok(())
    }

    fn witness(
        &mut self,
        name: &[u8],
        key: &[u8],
        url: Option<&&[u8]>,
    ) -> Result<(), &'static str> {
        let party = party(key, url)?;
        if party.key.algorithm() == Algorithm::Ed25519 {
            return Err("the key is not one for witnesses");
        }
        if !self.witness_keys.insert(party.key.public().to_vec()) {
            return Err("the witness was named before");
        }
        self.define(name, Voter::Witness(party))
    }

    fn group(&mut self, name: &[u8], needed: &[u8], members: &[&[u8]]) -> Result<(), &'static str> {
        let needed = match needed {
            b"any" => 1,
            b"all" => members.len(),
            number => decimal(number).ok_or("not a number, `any` or `all`")?,
        };
        if !(1..=members.len()).contains(&needed) {
            return Err("a group needs at least one member, and at most all");
        }
        let mut found = Vec::new();
        for member in members {
            let &voter = self.names.get(*member).ok_or("a member is not known yet")?;
            if !self.members.insert(voter) {
                return Err("a member is in a group already");
            }
            found.push(voter);
        }
        let members = found;
        self.define(name, Voter::Group { needed, members })
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), &'static str> {
        let voter = match self.names.get(name) {
            Some(&voter) => Some(voter),
            None if name == NONE => None,
            None => return Err("the quorum is not known yet"),
        };
        match self.quorum.replace(voter) {
            None => Ok(()),
            Some(_) => Err("a second quorum"),
        }
    }

    fn define(&mut self, name: &[u8], voter: Voter) -> Result<(), &'static str> {
        let fresh = name != NONE && !self.names.contains_key(name);
        if !fresh {
            return Err("the name is taken");
        }
        self.names.insert(name.to_vec(), self.voters.len());
        self.voters.push(voter);
        Ok(())
    }
}

fn party(key: &[u8], url: Option<&&[u8]>) -> Result<Party, &'static str> {
    let key = str::from_utf8(key).ok().and_then(|key| key.parse().ok());
    Ok(Party {
        key: key.ok_or("not a verifier key")?,
        url: url.map(|url| url.to_vec()),
    })
}

/// A number in its one spelling.
fn decimal(digits: &[u8]) -> Option<usize> {
    let text = str::from_utf8(digits).ok()?;
    let number: usize = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
