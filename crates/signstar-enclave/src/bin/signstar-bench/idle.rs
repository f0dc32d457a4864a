//! Sessions that are open and wait.

use signstar_enclave::processes;

use crate::{
    Failed,
    conversation::Conversation,
    questions::questions,
    report::Report,
    row::{Row, Target, Unit},
    scale::Scale,
    stage::{ED25519, Log, Stage},
    watch,
};

pub(crate) fn measure(stage: &Stage, scale: &Scale, report: &mut Report) -> Result<(), Failed> {
    let questions = questions(1)?;
    let question = questions.first().ok_or("no question")?;
    let certificate = stage.certificate(ED25519)?;
    let mut open = Vec::new();
    for _ in 0..scale.idle {
        let mut session = Conversation::open(&mut stage.ssh(ED25519, Log::On))?;
        // It has all that it needs for the next.
        question.check(&session.ask(question)?, &certificate)?;
        open.push(session);
    }
    let sizes = processes("signstar-sign", &stage.configuration(Log::On)).into_iter();
    let sizes: Vec<(f64, f64)> = sizes.filter_map(watch::now).collect();
    if sizes.len() != open.len() {
        return Err("not every session has a process".into());
    }
    for session in open {
        session.end()?;
    }
    let resident: f64 = sizes.iter().map(|(resident, _)| resident).sum();
    let own: f64 = sizes.iter().map(|(_, own)| own).sum();
    let count = scale.idle;
    let limit = Target::Figure(512.0);
    let name =
        format!("{count} idle sessions of signstar-sign, resident, shared counted each time");
    report.add(Row::once(name, Unit::Mebibytes, resident));
    let name = format!("{count} idle sessions of signstar-sign, shared counted once");
    report.add(Row::once(name, Unit::Mebibytes, own).should(limit));
    Ok(())
}
