//! A sampling heap profiler for Rust programs: a global allocator over any other allocator that
//! remembers where a few of the live objects were allocated, and estimates all of them from that.
//!
//! ```
//! #[global_allocator]
//! static HEAP: liveheap::Heap = liveheap::Heap::system();
//!
//! fn main() {
//!     let kept = vec![0_u8; 10 << 20];
//!     assert!(liveheap::stats().installed);
//!     drop(kept);
//! }
//! ```
//!
//! In: the program's allocations. Out: the estimates by call stack. It reads no file but the ones
//! the kernel shows under `/proc/self`, and runs on Linux.

#![deny(clippy::multiple_unsafe_ops_per_block)]

mod alloc;
mod arena;
mod buckets;
mod config;
mod fork;
mod live;
mod maps;
mod sampler;
mod stats;
mod sync;
mod thread;
mod unwind;

pub use crate::alloc::Heap;
pub use crate::config::{sample_rate, set_sample_rate};
pub use crate::stats::{Stats, stats};
