//! A session, from the side of the one who asks.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Barrier, mpsc::sync_channel},
    thread,
    time::{Duration, Instant},
};

use crate::{Failed, questions::Question};

/// A session, from the side of the one who asks.
#[derive(Debug)]
pub(crate) struct Conversation {
    child: Child,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Conversation {
    /// Starts what `command` names, and talks to it.
    pub(crate) fn open(command: &mut Command) -> Result<Self, Failed> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("no pipe")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        Ok(Self {
            child,
            input,
            answers,
        })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, question: &Question) -> Result<String, Failed> {
        self.input.write_all(&question.line)?;
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err("the session ended without an answer".into()),
            _ => Ok(line),
        }
    }

    /// Has nothing more to ask. Fails unless the session says that all was well.
    pub(crate) fn end(mut self) -> Result<(), Failed> {
        drop(self.input);
        match self.child.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("the session ended with {status}").into()),
        }
    }

    /// Asks the questions in turn when all have come to `start`, so many ahead of the answers.
    /// Returns all answers, and how many came in `time`, a third of which passed uncounted before.
    fn stream(
        self,
        questions: &[Question],
        ahead: usize,
        start: &Barrier,
        time: Duration,
    ) -> Result<(Vec<String>, usize), Failed> {
        let Self {
            mut child,
            mut input,
            mut answers,
        } = self;
        let (places, taken) = sync_channel(ahead);
        start.wait();
        let begin = Instant::now() + time / 3;
        let end = begin + time;
        let heard = thread::scope(|scope| -> Result<_, Failed> {
            scope.spawn(move || {
                for question in questions.iter().cycle() {
                    // Who does not listen any more has an error to tell.
                    let over = Instant::now() > end || places.send(()).is_err();
                    if over || input.write_all(&question.line).is_err() {
                        return;
                    }
                }
            });
            let (mut heard, mut in_time) = (Vec::new(), 0);
            loop {
                let mut line = String::new();
                if answers.read_line(&mut line)? == 0 {
                    return Ok((heard, in_time));
                }
                in_time += usize::from((begin..=end).contains(&Instant::now()));
                heard.push(line);
                // More answers than questions end the session, which shows below.
                let _ = taken.try_recv();
            }
        })?;
        let status = child.wait()?;
        if !status.success() {
            return Err(format!("a session ended with {status}").into());
        }
        Ok(heard)
    }
}

/// What came of sessions at once.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Answers per second while all of them asked.
    pub(crate) rate: f64,
    /// All answers, of each session by itself.
    pub(crate) answers: Vec<Vec<String>>,
}

/// Has `count` sessions of what `command` makes ask at once, each so many requests `ahead` of the
/// answers, and counts for as long as `time`. All are open and busy before the clock starts.
pub(crate) fn all_at_once(
    count: usize,
    command: impl Fn() -> Command,
    questions: &[Question],
    ahead: usize,
    time: Duration,
) -> Result<Heard, Failed> {
    let first = questions.first().ok_or("no question")?;
    let mut opened: Vec<_> = (0..count)
        .map(|_| Conversation::open(&mut command()))
        .collect::<Result<_, _>>()?;
    for conversation in &mut opened {
        conversation.ask(first)?;
    }
    let start = Barrier::new(count);
    let heard = thread::scope(|scope| {
        let streams: Vec<_> = opened
            .into_iter()
            .map(|conversation| {
                let start = &start;
                scope.spawn(move || conversation.stream(questions, ahead, start, time))
            })
            .collect();
        streams
            .into_iter()
            .map(|stream| stream.join().map_err(|_| "a panic")?)
            .collect::<Result<Vec<_>, Failed>>()
    })?;
    let in_time: usize = heard.iter().map(|(_, in_time)| in_time).sum();
    Ok(Heard {
        rate: in_time as f64 / time.as_secs_f64(),
        answers: heard.into_iter().map(|(answers, _)| answers).collect(),
    })
}
