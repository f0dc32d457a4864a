//! What happens to a log, and what it promises meanwhile.

mod console;
mod cosigned;
mod crash;
mod damage;
mod disk;
mod forged;
mod mirror;
mod mounted;
mod public;
mod room;
mod set_back;
mod socket;
mod watched;
mod witnessed;
mod witnesses;
