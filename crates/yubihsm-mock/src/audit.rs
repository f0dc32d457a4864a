//! The log of the device.

use signstar_hsm::yubihsm2::{
    command::{COMMAND_AUDIT, Command, FORCE_AUDIT, Refusal},
    log::{CAPACITY, Entry, Log},
};

use crate::Objects;

/// A command that is to be logged.
#[derive(Clone, Copy)]
pub(crate) struct Logged {
    pub(crate) command: Command,
    pub(crate) length: usize,
    pub(crate) session_key: u16,
    pub(crate) target: u16,
    pub(crate) second: u16,
}

impl Logged {
    /// What is logged of a command with this body.
    pub(crate) fn of(command: Command, session_key: u16, body: &[u8]) -> Self {
        let number = |place: usize| match body.get(place..) {
            Some([high, low, ..]) => u16::from_be_bytes([*high, *low]),
            _ => u16::MAX,
        };
        let (target, second) = match command {
            Command::ExportWrapped => (number(3), number(0)),
            Command::SetOption | Command::SetLogIndex => (u16::MAX, u16::MAX),
            _ => (number(0), u16::MAX),
        };
        Self {
            command,
            length: body.len(),
            session_key,
            target,
            second,
        }
    }
}

impl Objects {
    /// Refuses a command that could not be logged, if it has to be.
    pub(crate) fn can_log(&self, command: Command) -> Result<(), Refusal> {
        match self.force_audit > 0 && self.is_audited(command) && self.is_full() {
            true => Err(Refusal::LOG_FULL),
            false => Ok(()),
        }
    }

    /// Logs a command that was answered like this, if it is to be; whether it was.
    pub(crate) fn log(&mut self, logged: Logged, result: u8, tick: u32) -> bool {
        if !self.is_audited(logged.command) {
            return false;
        }
        if self.is_full() {
            if self.force_audit > 0 {
                // Only logins get so far.
                self.unlogged_logins = self.unlogged_logins.saturating_add(1);
                return true;
            }
            self.log.remove(0);
        }
        let before = self.log.last();
        let mut entry = Entry {
            number: before.map_or(1, |before| before.number.wrapping_add(1)),
            command: logged.command.code(),
            length: u16::try_from(logged.length).unwrap_or(u16::MAX),
            session_key: logged.session_key,
            target: logged.target,
            second: logged.second,
            result,
            tick,
            digest: [0; 16],
        };
        let before = before.map_or([0; 16], |before| before.digest);
        entry.digest = entry.digest_after(&before);
        self.log.push(entry);
        true
    }

    fn is_audited(&self, command: Command) -> bool {
        self.audit.get(&command.code()).is_some_and(|on| *on > 0)
    }

    /// The last entry stays, as the next one follows on it.
    fn is_full(&self) -> bool {
        self.log.len() >= CAPACITY
    }

    pub(crate) fn told_log(&self) -> Log {
        Log {
            unlogged_boots: 0,
            unlogged_logins: self.unlogged_logins,
            entries: self.log.clone(),
        }
    }

    /// Forgets the entries up to this number but the last, which the next one follows on.
    pub(crate) fn forget_up_to(&mut self, number: u16) -> Result<(), Refusal> {
        let place = self.log.iter().position(|entry| entry.number == number);
        let place = place.ok_or(Refusal::INVALID_DATA)?;
        self.log.drain(..place);
        self.unlogged_logins = 0;
        Ok(())
    }

    pub(crate) fn option(&self, which: u8) -> Result<Vec<u8>, Refusal> {
        match which {
            FORCE_AUDIT => Ok(vec![self.force_audit]),
            COMMAND_AUDIT => Ok(Command::ALL
                .iter()
                .map(|command| command.code())
                .flat_map(|code| [code, self.audit.get(&code).copied().unwrap_or(0)])
                .collect()),
            _ => Err(Refusal::INVALID_DATA),
        }
    }

    pub(crate) fn set_option(&mut self, which: u8, value: &[u8]) -> Result<(), Refusal> {
        match (which, value) {
            (FORCE_AUDIT, [value @ 0..=2]) if self.force_audit < 2 => self.force_audit = *value,
            (COMMAND_AUDIT, pairs) => {
                let (pairs, []) = pairs.as_chunks() else {
                    return Err(Refusal::INVALID_DATA);
                };
                for [command, value] in pairs {
                    let is_known = Command::of_code(*command).is_some();
                    let is_fixed = self.audit.get(command) == Some(&2);
                    if *value > 2 || !is_known || is_fixed {
                        return Err(Refusal::INVALID_DATA);
                    }
                }
                self.audit
                    .extend(pairs.iter().map(|[command, value]| (*command, *value)));
            }
            _ => return Err(Refusal::INVALID_DATA),
        }
        Ok(())
    }
}
