//! The state of an HSM: what a plan says, and that it comes about whatever happens on the way.

mod administrators;
mod algebra;
mod bench;
mod devices;
mod interrupted;
mod model;
mod passphrases;
mod plans;
mod wishes;
