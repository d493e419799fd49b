//! The endpoint `/debug/pprof/`: answers without a socket, and a small server for them.

#[cfg(feature = "actix-web")]
pub mod actix_web;
#[cfg(feature = "axum")]
pub mod axum;
mod clients;
mod difference;
#[cfg(feature = "hyper")]
pub mod hyper;
mod listen;
#[cfg(any(feature = "actix-web", feature = "hyper"))]
mod mount;
mod respond;
mod serve;
mod token;
mod turn;
mod turns;

pub(crate) use clients::{acquire, release};
pub(crate) use listen::leave_to_parent;
pub use respond::{Response, respond};
pub use serve::{ServeOptions, Server, serve, serve_publicly};
