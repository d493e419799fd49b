//! The endpoint `/debug/pprof/`: answers without a socket, and a small server for them.

mod difference;
mod respond;
mod serve;

pub use respond::{Response, respond};
pub use serve::{Server, serve, serve_publicly};
