//! The endpoint `/debug/pprof/`: answers without a socket, and a small server for them.

mod clients;
mod difference;
mod listen;
mod respond;
mod serve;
mod token;
mod turn;

pub use respond::{Response, respond};
pub use serve::{ServeOptions, Server, serve, serve_publicly};
