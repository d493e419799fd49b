//! The real binary, run in a folder of its own against small profiles with round numbers.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod binaries;
mod doctor;
mod doors;
mod errors;
mod fetching;
mod goldens;
mod program;
mod server;
mod shell;
