//! What a person types and reads.

mod arguments;
mod connect;
mod defaults;
mod prepare;
mod progress;
mod screen;
mod send;
mod verify;

pub(crate) use arguments::{Arguments, Command};
pub(crate) use connect::connect;
pub(crate) use prepare::prepare;
pub(crate) use screen::complain;
pub(crate) use send::send;
pub(crate) use verify::verify;
