//! Addresses of a profile to names, lines and inlined frames.
//!
//! Goes in: a [`Profile`](liveheap_profile::Profile). Comes out: the same profile with more known
//! about its locations. [`demangle_profile`] makes the names of functions readable.

mod demangle;

pub use demangle::{Mode, demangle, demangle_profile};
