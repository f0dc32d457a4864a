//! How many signatures are made per second, by key, log and number of sessions.

use std::thread;

use crate::{
    Failed,
    conversation::all_at_once,
    peers::{library_rsa, openssl_speed},
    questions::{Question, check_all, questions},
    report::Report,
    row::{Row, Target, Unit},
    samples::Samples,
    scale::Scale,
    stage::{ED25519, KEYS, Log, RSA4096, Stage},
};

/// So many files are asked for in turn.
const FILES: usize = 256;

/// Something that is measured in every round.
struct Lane {
    key: &'static str,
    log: Log,
    sessions: usize,
    rates: Vec<f64>,
}

impl Lane {
    /// Requests of a session that wait for an answer: all sessions together always have some, and
    /// none waits for long.
    fn ahead(&self) -> usize {
        match self.key {
            RSA4096 => (128 / self.sessions).clamp(2, 64),
            _ => (512 / self.sessions).clamp(8, 128),
        }
    }

    fn run(&mut self, stage: &Stage, scale: &Scale, files: &[Question]) -> Result<(), Failed> {
        let ssh = || stage.ssh(self.key, self.log);
        let heard = all_at_once(self.sessions, ssh, files, self.ahead(), scale.rate)?;
        check_all(files, &heard.answers, &stage.certificate(self.key)?)?;
        self.rates.push(heard.rate);
        Ok(())
    }

    fn target(&self, scale: &Scale) -> Option<Target> {
        let is_most = scale.sessions.last() == Some(&self.sessions);
        match (self.key, self.log) {
            (ED25519, Log::On) if self.sessions == 1 => Some(Target::Figure(3000.0)),
            (ED25519, Log::On) if is_most => Some(Target::Figure(9000.0)),
            (RSA4096, Log::On) if is_most => Some(Target::Ratio(0.9)),
            _ => None,
        }
    }
}

pub(crate) fn measure(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    let files = questions(FILES)?;
    let cores = thread::available_parallelism()?.get();
    let mut lanes = lanes(scale);
    let mut library = Vec::new();
    let mut openssl: Vec<Vec<f64>> = vec![Vec::new(); KEYS.len()];
    for _ in scale.rounds() {
        for lane in &mut lanes {
            lane.run(stage, scale, &files)?;
        }
        for ((_, _, algorithm), rates) in KEYS.iter().zip(&mut openssl) {
            match openssl_speed(algorithm, cores) {
                Ok(rate) => rates.push(rate),
                Err(reason) => report.skip("openssl speed", &reason),
            }
        }
        library.push(library_rsa(cores, scale.rate)?);
    }

    let library = Samples::new(library).ok_or("no round")?;
    for lane in lanes {
        let target = lane.target(scale);
        let name = format!(
            "{}, {}, {} session{}",
            lane.key,
            lane.log.name(),
            lane.sessions,
            if lane.sessions == 1 { "" } else { "s" },
        );
        let rates = Samples::new(lane.rates).ok_or("no round")?;
        let mut row = Row::new(name, Unit::PerSecond, &rates);
        if lane.key == RSA4096 {
            row = row.beside("AWS-LC alone, all cores", library.median());
        }
        report.add(match target {
            Some(target) => row.should(target),
            None => row,
        });
    }
    let name = format!("AWS-LC alone, rsa4096, {cores} threads");
    report.add(Row::new(name, Unit::PerSecond, &library));
    for ((_, _, algorithm), rates) in KEYS.iter().zip(openssl) {
        if let Some(rates) = Samples::new(rates) {
            let name = format!("openssl speed -multi {cores} {algorithm}");
            report.add(Row::new(name, Unit::PerSecond, &rates));
        }
    }
    Ok(())
}

/// Every key with the log for every number of sessions; without it Ed25519 for every number, the
/// others for the largest.
fn lanes(scale: &Scale) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for (key, _, _) in KEYS {
        for log in [Log::On, Log::Off] {
            for sessions in scale.sessions {
                let is_most = scale.sessions.last() == Some(sessions);
                if log == Log::On || key == ED25519 || is_most {
                    lanes.push(Lane {
                        key,
                        log,
                        sessions: *sessions,
                        rates: Vec::new(),
                    });
                }
            }
        }
    }
    lanes
}
