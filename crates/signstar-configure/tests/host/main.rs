//! Stories of hosts that are set up: into trees, and on a real host with systemd, sshd and users.

mod programs;
mod running;
mod setting;
mod trees;
