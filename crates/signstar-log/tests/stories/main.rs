//! What happens to a log, and what it promises meanwhile.

mod crash;
mod damage;
mod disk;
mod public;
mod room;
mod socket;
mod witnessed;
mod witnesses;
