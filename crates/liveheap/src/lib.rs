//! A sampling heap profiler for Rust programs: a global allocator over any other allocator that
//! remembers where a few of the live objects were allocated, and estimates all of them from that.
//!
//! Two lines show where a program's memory goes:
//!
//! ```
//! #[global_allocator]
//! static HEAP: liveheap::Heap = liveheap::Heap::system();
//!
//! fn main() -> std::io::Result<()> {
//! # let address = ":0";
//! # /*
//!     let address = "127.0.0.1:8999";
//! # */
//!     liveheap::serve(address)?;
//!     // … the program …
//!     Ok(())
//! }
//! ```
//!
//! While it runs, `liveheap http://127.0.0.1:8999/debug/pprof/heap` names the functions that hold the
//! memory, and so does `go tool pprof` with the same URL.
//!
//! # Without the server
//!
//! [`write_heap_profile`] dumps by hand, [`write_profile`] with options. A program that has an HTTP
//! server passes requests under `/debug/pprof/` to [`respond`], which opens no socket:
//!
//! ```
//! # #[cfg(feature = "http")]
//! fn handle(path: &str, query: &str) -> (u16, Vec<(String, String)>, Vec<u8>) {
//!     let response = liveheap::respond(path, query);
//!     let headers = response.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
//!     (response.status(), headers.collect(), response.into_body())
//! }
//! ```
//!
//! # What is measured
//!
//! One allocation in every [`sample_rate`] bytes on average (512 KiB) is picked, with its stack, and
//! forgotten when it is freed. A thread whose samples would take more than 2 % of its CPU time is sampled
//! less often as long as that is so; its samples count as much more. Set the rate with
//! [`set_sample_rate`], [`Heap::sample_rate`] or `LIVEHEAP_SAMPLE_RATE`, and it is kept: 1 picks
//! everything, 0 nothing. [`stats()`] and the comments of each profile say what could not be recorded;
//! [`memory_stats`] what the process uses on the whole; [`on_memory_stats`] adds the allocator's account. [`on_reclaim`] registers what gives back memory
//! that is held without need; profiles with `gc=1` run it first.
//!
//! In: the program's allocations. Out: the estimates by call stack. It reads no file but the ones
//! the kernel shows under `/proc/self` and, for names, the loaded binaries. It runs on Linux.

#![deny(clippy::multiple_unsafe_ops_per_block)]

mod addresses;
mod alloc;
mod arena;
mod atomics;
mod buckets;
mod callers;
mod chain;
mod chunks;
mod clock;
mod config;
mod cost;
mod errno;
mod fork;
mod free_list;
mod growing_list;
#[cfg(feature = "http")]
mod http;
mod late;
mod list;
mod live;
mod mallinfo;
mod maps;
mod memstats;
mod names;
mod pace;
mod plumbing;
mod reclaim;
mod record;
mod records;
mod rooms;
mod sampled;
mod sampler;
mod snapshot;
mod split;
mod stats;
mod symtab;
mod sync;
mod take;
mod text;
mod thread;
mod unwind;
mod waiting;
mod write;

pub use crate::alloc::Heap;
pub use crate::config::{sample_rate, set_sample_rate};
#[cfg(feature = "actix-web")]
pub use crate::http::actix_web;
#[cfg(feature = "axum")]
pub use crate::http::axum;
#[cfg(feature = "hyper")]
pub use crate::http::hyper;
#[cfg(feature = "http")]
pub use crate::http::{Response, ServeOptions, Server, respond, serve, serve_publicly};
pub use crate::memstats::{MemoryStats, memory_stats, on_memory_stats};
pub use crate::reclaim::{Reclaim, on_reclaim};
pub use crate::stats::{Stats, stats};
pub use crate::write::{ProfileOptions, write_heap_profile, write_profile};
