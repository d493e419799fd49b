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
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
/// # runtime.block_on(async {
/// let app = axum::Router::new()
///     .route("/", axum::routing::get(async || "welcome"))
///     .merge(liveheap::axum::router());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let client = ask(listener.local_addr()?);
/// # let server = tokio::spawn(async move {
/// axum::serve(listener, app).await
/// # });
/// # let answer = tokio::task::spawn_blocking(|| client.join()).await?.expect("no panic")?;
/// # assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", answer.escape_ascii());
/// # server.abort();
/// # Ok(())
/// # })
/// # }
/// # use std::io::{Read, Write};
/// # fn ask(address: std::net::SocketAddr) -> std::thread::JoinHandle<std::io::Result<Vec<u8>>> {
/// #     std::thread::spawn(move || {
/// #         let mut stream = std::net::TcpStream::connect(address)?;
/// #         stream.write_all(b"GET /debug/pprof/heap HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
/// #         let mut answer = Vec::new();
/// #         stream.read_to_end(&mut answer)?;
/// #         Ok(answer)
/// #     })
/// # }
/// ```
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
