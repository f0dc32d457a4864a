//! What happens to a log, and what it promises meanwhile.

mod crash;
mod damage;
mod room;
mod socket;
