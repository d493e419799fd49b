//! Addresses of a profile to names, lines and inlined frames.
//!
//! Goes in: a [`Profile`](liveheap_profile::Profile). Comes out: the same profile with more known
//! about its locations. [`symbolize()`] finds the binaries on this machine and looks names, lines
//! and inlined frames up in them; [`symbolize_remote`] asks the server a profile was fetched from;
//! [`demangle_profile`] makes the names readable.

mod address;
mod demangle;
mod dwarf;
mod go_table;
mod locate;
mod object_file;
mod options;
mod outcome;
mod remote;
mod rust_paths;
mod sources;
mod split_dwarf;
mod symbol_table;
mod symbolize;
mod writer;

#[cfg(test)]
mod test_programs;

pub use demangle::{Mode, demangle, demangle_profile};
pub use locate::locate_binaries;
pub use options::Options;
pub use outcome::{Outcome, State, complaints};
pub use remote::{Post, RemoteSource, forget_urls, remote_sources, symbol_url, symbolize_remote};
pub use sources::{RustSources, SourcePlaces, missing_source_hint, source_candidates};
pub use symbolize::symbolize;
