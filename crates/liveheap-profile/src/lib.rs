//! Profiles in the format that pprof made common, `profile.proto`, held in columns.
//!
//! A [`Profile`] is a set of flat tables: samples, locations, lines, functions, mappings and one
//! string table. It is made in two ways only: [`decode()`] reads bytes, and [`ProfileBuilder`] makes
//! one from scratch. [`encode()`] writes it back. This crate takes bytes and gives bytes; it opens no
//! file and no socket.
//!
//! `decode` also reads what allocators and runtimes wrote before that format and still write: heap
//! profiles in text of tcmalloc, gperftools and Go, their CPU, lock and thread profiles, the dumps
//! of jemalloc, and collapsed stacks. [`merge()`] puts profiles together; with [`negate`] it makes
//! their difference.
//!
//! ```
//! use liveheap_profile::{Frame, LabelValue, ProfileBuilder, decode, encode_gzip};
//!
//! let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
//! let main = builder.function("main", "main", "src/main.rs", 1);
//! let leak = builder.function("leak", "leak", "src/leak.rs", 7);
//! let leaf = builder.location(0, None, &[Frame { function: leak, line: 9, column: 0 }]);
//! let root = builder.location(0, None, &[Frame { function: main, line: 3, column: 0 }]);
//! builder.sample(&[leaf, root], &[1 << 20], &[("bytes", LabelValue::Number(1 << 20, "bytes"))]);
//! let profile = builder.finish();
//!
//! let read_back = decode(&encode_gzip(&profile)?, &Default::default())?;
//! assert_eq!(read_back.samples.len(), 1);
//! assert_eq!(read_back.text(read_back.functions[1].name), "leak");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "gzip")]
mod ahead;
mod builder;
#[cfg(test)]
mod describe;
mod error;
mod folded;
#[cfg(feature = "gzip")]
mod gzip;
mod ids;
mod legacy;
mod lookup;
mod mappings;
mod merge;
mod model;
mod read;
mod scale;
mod strings;
pub mod units;
mod validate;
mod wire;

pub use builder::{Frame, LabelValue, ProfileBuilder};
pub use error::{Error, ErrorKind};
pub use folded::{parse_folded, to_folded};
#[cfg(feature = "gzip")]
pub use gzip::encode_gzip;
pub use ids::{FunctionIndex, LocationIndex, MappingIndex, StringId};
pub use mappings::add_fake_mapping_if_none;
pub use merge::{compact, merge};
pub use model::{Function, Label, LabelData, Line, Location, Mapping, Profile, Samples, ValueType};
#[cfg(feature = "gzip")]
pub use read::decode_packed;
pub use read::{Limits, decode};
pub use scale::{negate, normalize, scale, tag_as_base};
pub use strings::{Interner, Strings};
pub use validate::validate;
pub use wire::{decode_proto, encode};
