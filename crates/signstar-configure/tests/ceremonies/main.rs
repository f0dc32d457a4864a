//! Stories of ceremonies, without SSH: what happens on the host.

mod killed;
mod refusals;
mod setting;
