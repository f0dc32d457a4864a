//! Where signatures go on record.

use std::collections::BTreeMap;

use super::{Entry, Policy, Recorded, RecordedName, Recorder, RecorderError, VerifierKey};
use crate::{
    config::{ClientName, FileNames, KeyName},
    policy::Grant,
    refusal::{Code, Refused},
    sign::Signed,
};

/// Where signatures go on record before they are released.
#[derive(Debug)]
pub enum Log {
    /// Nowhere.
    Unlogged,
    /// In the public log.
    Public(PublicLog),
}

/// The public log, and what is told there.
#[derive(Debug)]
pub struct PublicLog {
    recorder: Box<dyn Recorder>,
    policy: Policy,
    file_names: FileNames,
    of_keys: BTreeMap<KeyName, FileNames>,
    policies: BTreeMap<KeyName, Policy>,
    pseudonyms: BTreeMap<ClientName, ClientName>,
}

impl Log {
    /// The record of an earlier request that the client called as it calls this one. The HSM need
    /// not be asked then.
    ///
    /// Refuses if the log cannot tell.
    pub fn find(&self, grant: &Grant) -> Result<Option<Recorded>, Refused> {
        match (self, grant.request().id()) {
            (Self::Public(log), Some(id)) => {
                log.find(grant).map_err(|refused| refused.of(Some(id)))
            }
            _ => Ok(None),
        }
    }
}

impl PublicLog {
    /// The log that is reached through `recorder` and signs its checkpoints with `key`. Entries
    /// tell of the names of files what `file_names` says.
    pub fn new(recorder: Box<dyn Recorder>, key: VerifierKey, file_names: FileNames) -> Self {
        Self {
            recorder,
            policy: Policy::of_log(key),
            file_names,
            of_keys: BTreeMap::new(),
            policies: BTreeMap::new(),
            pseudonyms: BTreeMap::new(),
        }
    }

    /// The same, but for signatures of `key` the entries tell what `file_names` says.
    #[must_use]
    pub fn with_file_names_of(mut self, key: KeyName, file_names: FileNames) -> Self {
        self.of_keys.insert(key, file_names);
        self
    }

    /// The same, but signatures of `key` leave only with a proof that `policy` accepts as well.
    #[must_use]
    pub fn with_policy_of(mut self, key: KeyName, policy: Policy) -> Self {
        self.policies.insert(key, policy);
        self
    }

    /// The same, but the log knows `client` as `pseudonym`, which no other client is called.
    #[must_use]
    pub fn with_pseudonym_of(mut self, client: ClientName, pseudonym: ClientName) -> Self {
        self.pseudonyms.insert(client, pseudonym);
        self
    }

    /// What the client of `grant` is called in the log.
    pub(super) fn client<'a>(&'a self, grant: &'a Grant) -> &'a ClientName {
        self.pseudonyms
            .get(grant.client())
            .unwrap_or(grant.client())
    }

    fn find(&self, grant: &Grant) -> Result<Option<Recorded>, Refused> {
        let Some(id) = grant.request().id() else {
            return Ok(None);
        };
        let client = self.client(grant);
        let found = self.recorder.find(client, id);
        let Some(proof) = found.map_err(not_recorded)? else {
            return Ok(None);
        };
        let recorded = self.check(proof, grant)?;
        if recorded.entry().is_called(client, Some(id)) {
            Ok(Some(recorded))
        } else {
            Err(astray())
        }
    }

    /// Puts `signed` on record. What comes back may be the record of an earlier request with the
    /// same id.
    pub(super) fn append(&self, signed: &Signed) -> Result<Recorded, Refused> {
        let grant = signed.grant();
        let client = self.client(grant);
        let entry = Entry::new(signed, client, &self.name(grant))
            .map_err(|cause| Refused::new(Code::Misconfigured).because(cause))?;
        let proof = self.recorder.append(&entry).map_err(not_recorded)?;
        let recorded = self.check(proof, grant)?;
        let is_of_this_request = recorded.entry() == &entry
            || (recorded.entry()).is_called(client, grant.request().id());
        is_of_this_request.then_some(recorded).ok_or_else(astray)
    }

    /// Believes what verifies: with the key of the log, and with the policy of the key that signs.
    fn check(&self, proof: String, grant: &Grant) -> Result<Recorded, Refused> {
        let check = |proof: &str, policy: &Policy| {
            Recorded::check(proof, policy).map_err(|cause| {
                let code = if cause.may_come() {
                    Code::LogUnavailable
                } else {
                    Code::Misconfigured
                };
                Refused::new(code).because(cause)
            })
        };
        let Some(policy) = self.policies.get(grant.key()) else {
            return check(&proof, &self.policy);
        };
        let proof = self.recorder.witnessed(proof, policy);
        let proof = proof.map_err(not_recorded)?;
        check(&proof, policy)?;
        check(&proof, &self.policy)
    }

    /// What goes on record of the name of the file. With a salt the client wishes that the name is
    /// not told: the log then tells a commitment at most.
    fn name(&self, grant: &Grant) -> RecordedName {
        let request = grant.request();
        let told = self.of_keys.get(grant.key()).unwrap_or(&self.file_names);
        match (told, request.alleged_name(), request.name_salt()) {
            (FileNames::Absent, ..) => RecordedName::Absent,
            (_, Some(name), Some(salt)) => RecordedName::commit(name, salt),
            (FileNames::Plain, Some(name), None) => RecordedName::Plain(name.clone()),
            _ => RecordedName::Absent,
        }
    }
}

fn not_recorded(error: RecorderError) -> Refused {
    let code = match error {
        RecorderError::Unavailable(_) => Code::LogUnavailable,
        RecorderError::Refused(_) => Code::Misconfigured,
    };
    Refused::new(code).because(error)
}

/// The proof is good, but not of what was asked about.
fn astray() -> Refused {
    Refused::new(Code::Misconfigured).because("the log answered with the record of something else")
}
