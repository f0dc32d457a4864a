//! The real program against a real software device, started for each test.

mod certificates;
mod device;
mod devices;
mod exports;
mod imports;
mod rescue;
mod sessions;
mod signatures;
mod sixth;
mod sources;
mod terminal;
