//! What goes wrong, and when.

use std::time::Duration;

use crate::random::Random;

/// One thing that goes wrong, until it is mended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Fault {
    /// Some of the running `signstar-sign` are killed.
    SignKilled,
    /// Some of the processes of `sshd` that hold a session are killed.
    SessionKilled,
    /// The log is killed, and started again.
    LogKilled,
    /// The HSM is killed, started again and unlocked.
    HsmKilled,
    /// The listener of `sshd` is killed and started again.
    SshdRestarted,
    /// Nothing comes from the HSM: its process stands still.
    HsmHangs,
    /// The same of the log.
    LogHangs,
    /// The log gets on in steps: a disk that is slow.
    LogSlow,
    /// The HSM answers 503 to all requests for signatures.
    HsmFails,
    /// The HSM breaks off connections in place of signing.
    HsmBreaksOff,
    /// The HSM answers with something that is no JSON.
    HsmGarbage,
    /// The HSM flips a bit of every signature.
    HsmWrongSignature,
    /// The HSM answers late, but in time.
    HsmLate,
    /// The HSM was started again and nobody has unlocked it.
    HsmLocked,
    /// The HSM is at its address with another certificate.
    HsmOtherCertificate,
    /// There is no space left where the log is kept.
    LogDiskFull,
    /// The folder of the log cannot be written to.
    LogReadOnly,
    /// The log cannot open any further file or connection.
    LogWithoutFiles,
    /// The same of the HSM.
    HsmWithoutFiles,
    /// The same of the listener of `sshd`.
    SshdWithoutFiles,
    /// The log gets no further memory.
    LogWithoutMemory,
    /// The clock of the sessions jumps two hours ahead.
    ClockAhead,
    /// The clock of the sessions jumps back to the year before.
    ClockBehind,
    /// No packet gets through, neither to `sshd` nor to the HSM.
    NetworkCut,
    /// Packets are late, and some are lost.
    NetworkBad,
    /// The HSM gets on in steps, and so do its answers.
    HsmSlow,
    /// The HSM answers with far more than an answer has.
    HsmEndless,
    /// The listener of `sshd` gets no further memory, nor does any session that begins.
    SshdWithoutMemory,
    /// No further file can be made where the log is kept, though there is space.
    LogWithoutInodes,
    /// The listener of `sshd` is told to begin anew, as after an upgrade.
    SshdReloaded,
}

impl Fault {
    /// Every fault.
    pub(crate) const ALL: [Self; 30] = [
        Self::SignKilled,
        Self::SessionKilled,
        Self::LogKilled,
        Self::HsmKilled,
        Self::SshdRestarted,
        Self::HsmHangs,
        Self::LogHangs,
        Self::LogSlow,
        Self::HsmFails,
        Self::HsmBreaksOff,
        Self::HsmGarbage,
        Self::HsmWrongSignature,
        Self::HsmLate,
        Self::HsmLocked,
        Self::HsmOtherCertificate,
        Self::LogDiskFull,
        Self::LogReadOnly,
        Self::LogWithoutFiles,
        Self::HsmWithoutFiles,
        Self::SshdWithoutFiles,
        Self::LogWithoutMemory,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::NetworkCut,
        Self::NetworkBad,
        Self::HsmSlow,
        Self::HsmEndless,
        Self::SshdWithoutMemory,
        Self::LogWithoutInodes,
        Self::SshdReloaded,
    ];

    /// What to call it in a table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignKilled => "kill -9 of `signstar-sign`",
            Self::SessionKilled => "kill -9 of a session of `sshd`",
            Self::LogKilled => "kill -9 of `signstar-log`",
            Self::HsmKilled => "kill -9 of the HSM",
            Self::SshdRestarted => "`sshd` killed and started",
            Self::HsmHangs => "HSM hangs",
            Self::LogHangs => "log hangs",
            Self::LogSlow => "log slow",
            Self::HsmFails => "HSM answers 503",
            Self::HsmBreaksOff => "HSM breaks off",
            Self::HsmGarbage => "HSM answers garbage",
            Self::HsmWrongSignature => "HSM makes wrong signatures",
            Self::HsmLate => "HSM late",
            Self::HsmLocked => "HSM restarted into Locked",
            Self::HsmOtherCertificate => "HSM with another TLS certificate",
            Self::LogDiskFull => "disk of the log full",
            Self::LogReadOnly => "disk of the log read-only",
            Self::LogWithoutFiles => "log out of file descriptors",
            Self::HsmWithoutFiles => "HSM out of file descriptors",
            Self::SshdWithoutFiles => "`sshd` out of file descriptors",
            Self::LogWithoutMemory => "log out of memory",
            Self::ClockAhead => "clock 2 hours ahead",
            Self::ClockBehind => "clock a year behind",
            Self::NetworkCut => "network cut",
            Self::NetworkBad => "network late, 5 % lost",
            Self::HsmSlow => "HSM slow",
            Self::HsmEndless => "HSM answers 8 MiB",
            Self::SshdWithoutMemory => "`sshd` out of memory",
            Self::LogWithoutInodes => "disk of the log out of inodes",
            Self::SshdReloaded => "`sshd` told to begin anew",
        }
    }
}

/// A fault that is planned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// What goes wrong.
    pub(crate) fault: Fault,
    /// For how long.
    pub(crate) lasting: Duration,
    /// How long it was quiet before.
    pub(crate) quiet: Duration,
}

/// All faults in an order that follows from a seed, and again in another order, without end.
pub(crate) struct Plan {
    random: Random,
    deck: Vec<Fault>,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed, 0),
            deck: Vec::new(),
        }
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.deck.is_empty() {
            self.deck = Fault::ALL.to_vec();
            self.random.shuffle(&mut self.deck);
        }
        // Now and then longer than a request may take.
        let most = if self.random.once_in(8) { 6000 } else { 2000 };
        Some(Step {
            fault: self.deck.pop()?,
            lasting: Duration::from_millis(self.random.between(most / 10, most)),
            quiet: Duration::from_millis(self.random.between(0, 500)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_before_one_comes_again() {
        let mut seen: Vec<_> = Plan::new(42)
            .take(Fault::ALL.len())
            .map(|step| step.fault)
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, Fault::ALL);
    }
}
