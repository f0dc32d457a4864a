//! What a person types and reads.

mod arguments;
mod connect;
mod defaults;
mod prepare;
mod progress;
mod report;
mod screen;
mod send;
mod shell;
mod verify;

pub(crate) use arguments::{Arguments, Command, Send, Verify};
pub(crate) use connect::connect;
pub(crate) use prepare::prepare;
pub(crate) use report::complain_in_json;
pub(crate) use screen::complain;
pub(crate) use send::send;
pub(crate) use shell::{completions, man};
pub(crate) use verify::verify;
