//! The endpoint in a server of `axum` 0.8.
//!
//! In: nothing. Out: a router for the paths under `/debug/pprof`. Who may reach it besides those who
//! have the token is the program's affair.

use ::axum::Router;
use ::axum::extract::Request;
use ::axum::response::Response;
use ::axum::routing::any;

/// A router that answers `/debug/pprof/`, to be merged into the program's own. Profiles are taken
/// where blocking is allowed. When `LIVEHEAP_TOKEN` is set, requests must bring it.
// The package `mounts` runs it, which has the server.
#[cfg_attr(not(doctest), doc = "", doc = include_str!("axum.md"))]
pub fn router() -> Router {
    Router::new()
        .route("/debug/pprof", any(answer))
        .route("/debug/pprof/", any(answer))
        .route("/debug/pprof/{*page}", any(answer))
}

async fn answer(request: Request) -> Response {
    match super::hyper::respond(request).await {
        Ok(response) => response.map(::axum::body::Body::new),
        Err(never) => match never {},
    }
}
