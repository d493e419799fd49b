//! Addresses of a profile to names, lines and inlined frames.
//!
//! Goes in: a [`Profile`](liveheap_profile::Profile). Comes out: the same profile with more known
//! about its locations. [`symbolize()`] finds the binaries on this machine and looks names, lines
//! and inlined frames up in them; [`symbolize_remote`] asks the server a profile was fetched from;
//! [`demangle_profile`] makes the names readable. [`Disassembler`] shows the machine code of functions.
//!
//! ```
//! use liveheap_profile::{Mapping, ProfileBuilder};
//! use liveheap_symbols::{Mode, Options, demangle, demangle_profile, symbolize};
//!
//! let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
//! let file = builder.string("/opt/store/bin/store");
//! let build_id = builder.string("5c0ffee5");
//! let store = Mapping { start: 0x1000, limit: 0x2000, file, build_id, ..Mapping::default() };
//! let store = builder.mapping(store);
//! let address = builder.location(0x1010, Some(store), &[]);
//! builder.sample(&[address], &[1 << 20], &[]);
//!
//! // Each mapping has an outcome, and its text says what to do.
//! let (profile, outcomes) = symbolize(builder.finish(), &Options::default());
//! assert_eq!(
//!     outcomes[0].to_string(),
//!     "/opt/store/bin/store: not read (no such file or directory); put the unstripped binary \
//!      with build id 5c0ffee5 into a folder that PPROF_BINARY_PATH names"
//! );
//! let profile = demangle_profile(profile, Mode::Simplified, false);
//! assert_eq!(profile.functions.len(), 0);
//! assert_eq!(demangle("_ZN5store4Keep3add17h0123456789abcdefE", Mode::Simplified), "store::Keep::add");
//! ```

mod address;
mod debuginfod;
mod demangle;
mod disasm;
mod dwarf;
mod examine;
mod go_table;
mod guarded_reader;
mod locate;
mod mini_debuginfo;
mod object_file;
mod options;
mod outcome;
mod packed_section;
mod perf_map;
mod remote;
mod rust_paths;
mod sources;
mod split_dwarf;
mod symbol_table;
mod symbolize;
mod vdso;
mod writer;

#[cfg(test)]
mod test_programs;

pub use debuginfod::{FetchFile, download_debug_files};
pub use demangle::{Mode, demangle, demangle_profile};
pub use disasm::{CodeFrame, CodeLine, Disassembler, SymbolRange, Syntax};
pub use examine::{BinaryFacts, DebugDetail, Tried, Verdict, binary_facts, places_tried};
pub use locate::locate_binaries;
pub use options::Options;
pub use outcome::{Outcome, State, complaints};
pub use remote::{Post, RemoteSource, forget_urls, remote_sources, symbol_url, symbolize_remote};
pub use sources::{RustSources, SourcePlaces, missing_source_hint, source_candidates};
pub use symbolize::symbolize;
