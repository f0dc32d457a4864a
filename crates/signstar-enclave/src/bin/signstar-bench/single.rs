//! One request at a time: the first of a session, and one of many.

use std::time::Instant;

use crate::{
    Failed,
    conversation::Conversation,
    questions::questions,
    report::Report,
    row::{Row, Target, Unit},
    samples::Samples,
    scale::Scale,
    stage::{ED25519, Log, Stage},
};

pub(crate) fn measure(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    first(stage, scale, report)?;
    for log in [Log::Off, Log::On] {
        next(stage, scale, log, report)?;
    }
    Ok(())
}

/// From the start of `signstar-sign` to its first answer, without SSH.
fn first(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    let questions = questions(1)?;
    let question = questions.first().ok_or("no question")?;
    let certificate = stage.certificate(ED25519)?;
    let (mut all, mut beyond) = (Vec::new(), Vec::new());
    for turn in 0..=scale.often {
        let begin = Instant::now();
        let mut session = Conversation::open(&mut stage.signing(ED25519, Log::Off)?)?;
        let answer = session.ask(question)?;
        let took = begin.elapsed().as_secs_f64() * 1e3;
        session.end()?;
        question.check(&answer, &certificate)?;
        let hsm: f64 = stage.hsm_times(1)?.iter().sum();
        if turn > 0 {
            all.push(took);
            beyond.push(took - hsm);
        }
    }
    if let Some(beyond) = Samples::new(beyond) {
        let name = "signstar-sign, start to first answer, beyond the HSM";
        let row = Row::new(name, Unit::Milliseconds, &beyond);
        report.add(row.should(Target::Figure(8.0)));
    }
    if let Some(all) = Samples::new(all) {
        let name = "signstar-sign, start to first answer, HSM included";
        report.add(Row::new(name, Unit::Milliseconds, &all));
    }
    Ok(())
}

/// One request after the other in a session over SSH that is open.
fn next(stage: &Stage, scale: &Scale, log: Log, report: &mut Report) -> Result<(), Failed> {
    let questions = questions(scale.often * 5)?;
    let certificate = stage.certificate(ED25519)?;
    let mut session = Conversation::open(&mut stage.ssh(ED25519, log))?;
    for question in questions.iter().take(5) {
        session.ask(question)?;
    }
    let (mut times, mut answers) = (Vec::new(), Vec::new());
    for question in &questions {
        let begin = Instant::now();
        let answer = session.ask(question)?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        answers.push(answer);
    }
    session.end()?;
    crate::questions::check_all(&questions, &[answers], &certificate)?;
    let hsm = stage.hsm_times(times.len())?;
    let beyond = times.iter().zip(&hsm).map(|(all, hsm)| all - hsm);
    let beyond = Samples::new(beyond.collect());
    let (all, hsm) = (Samples::new(times), Samples::new(hsm));
    if let Some(beyond) = beyond {
        let name = format!(
            "a request in an open session, {}, beyond the HSM",
            log.name()
        );
        let row = Row::new(name, Unit::Milliseconds, &beyond);
        report.add(match log {
            Log::Off => row.should(Target::Figure(0.3)),
            Log::On => row,
        });
    }
    if let Some((all, hsm)) = all.zip(hsm) {
        let name = format!("a request in an open session, {}", log.name());
        let row = Row::new(name, Unit::Milliseconds, &all);
        report.add(row.beside("the HSM, connection open", hsm.median()));
    }
    Ok(())
}
