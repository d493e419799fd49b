//! The endpoint `/debug/pprof/`: answers without a socket, and a small server for them.

mod clients;
mod difference;
mod respond;
mod serve;
mod turn;

pub use respond::{Response, respond};
pub use serve::{Server, serve, serve_publicly};
