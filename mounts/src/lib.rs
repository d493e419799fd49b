//! Runs the documentation's examples of the mounts in other people's servers.
//!
//! In: the examples of the crate `liveheap`, which shows them in its documentation. Out: tests. They are
//! here because the servers are dependencies of the examples: in that crate they would be built for each
//! of its tests and examples.

#[doc = include_str!("../../crates/liveheap/src/http/actix_web.md")]
pub mod actix_web {}

#[doc = include_str!("../../crates/liveheap/src/http/axum.md")]
pub mod axum {}

#[doc = include_str!("../../crates/liveheap/src/http/hyper.md")]
pub mod hyper {}
