//! The public log: what a log writes, and what those see who check it.

mod forgeries;
mod formats;
mod growing;
mod memory;
mod properties;
mod vectors;
