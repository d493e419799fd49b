//! A small HTTP server for the endpoint, on a thread of its own.
//!
//! In: an address. Out: answers of [`respond`](super::respond()), one a connection, within bounds:
//! of connections, of the request's size, of time. It listens on loopback or on a Unix socket unless
//! asked for more in so many words, because a heap profile and a command line are not for strangers. No TLS, no keep-alive:
//! a server of your own that needs them calls `respond` itself.

use super::listen::{Listener, Place, listen};
use super::respond::{Response, respond_waiting};
use super::token::Token;
use crate::thread::Quiet;
use std::fmt::{self, Write as _};
use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// More connections at a time are turned away with 503.
const MOST_CONNECTIONS: usize = 32;
/// The longest request line with headers, in bytes.
const LONGEST_HEAD: usize = 16 << 10;
/// The longest body of a request, in bytes: addresses for `symbol`.
const LONGEST_BODY: usize = 4 << 20;
/// How long a request may take to arrive.
const READ_TIME: Duration = Duration::from_secs(10);
/// How long the client may take no bytes of the answer.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How often it is looked whether a client that waits is still there.
const LOOK_TIME: Duration = Duration::from_millis(500);
/// How long the listener rests when the system has no descriptor left for a connection.
const REST_TIME: Duration = Duration::from_millis(50);

/// A running server of the endpoint. It goes on when this is dropped; [`Server::stop`] ends it.
#[derive(Debug)]
pub struct Server {
    place: Place,
    /// The process whose thread it is.
    process: u32,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What requests must bring, if anything.
    token: Option<Token>,
    stopped: AtomicBool,
    connections: AtomicUsize,
}

impl Server {
    /// The address it listens on, with the port that was chosen when 0 was asked for; none for a Unix
    /// socket.
    pub fn addr(&self) -> Option<SocketAddr> {
        match self.place {
            Place::Tcp(address) => Some(address),
            Place::Unix(_) => None,
        }
    }

    /// Stops listening. Requests that are being answered are answered to their end. In the child of a
    /// fork, which has no server, it does nothing.
    pub fn stop(self) {
        if self.process != std::process::id() {
            return;
        }
        self.state.stopped.store(true, Ordering::Release);
        self.place.leave();
    }
}

/// How the endpoint is served. The default is what [`serve`] does.
///
/// ```
/// # let directory = std::env::temp_dir().join("liveheap-doc");
/// # std::fs::create_dir_all(&directory)?;
/// # let address = format!("unix:{}/{}.sock", directory.display(), std::process::id());
/// # /*
/// let address = "unix:/run/server/heap.sock";
/// # */
/// let server = liveheap::ServeOptions::new().token("s3cret").serve(&address)?;
/// # server.stop();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeOptions {
    token: Option<Secret>,
    publicly: bool,
}

/// A token as it was given.
#[derive(Clone, PartialEq, Eq)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl ServeOptions {
    /// On this machine only, with the token of `LIVEHEAP_TOKEN` if that is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests must bring this token, as `Authorization: Bearer TOKEN` or as the password of
    /// `http://anyone:TOKEN@host/`; others get 401. It takes the place of `LIVEHEAP_TOKEN`. Nothing is
    /// encrypted: who sees the traffic sees the token.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: Some(Secret(token.into())), ..self }
    }

    /// Allows addresses that other machines can reach, such as `0.0.0.0:8999`.
    #[must_use]
    pub fn publicly(self, publicly: bool) -> Self {
        Self { publicly, ..self }
    }

    /// Serves `/debug/pprof/`, on a thread of its own, at `HOST:PORT`, `:PORT` (on 127.0.0.1; port 0 is
    /// any free one) or `unix:/PATH`. Only the user of the program can connect to a Unix socket; one
    /// that a program left behind is replaced. The child of a fork has no server: it may start one
    /// elsewhere.
    ///
    /// # Errors
    /// When it cannot listen there, when other machines could reach it without [`Self::publicly`], or
    /// when the token is empty or has other than visible ASCII characters.
    pub fn serve(&self, address: &str) -> Result<Server> {
        let token = match &self.token {
            Some(Secret(token)) => Some(Token::new(token)?),
            None => Token::of_environment()?,
        };
        let (listener, place) = listen(address, self.publicly)?;
        let state = Arc::new(State { token, ..State::default() });
        let server = Server { place, process: std::process::id(), state };
        let state = Arc::clone(&server.state);
        thread::Builder::new().name("liveheap-http".to_owned()).spawn(move || {
            // The profiler's own memory is not the program's.
            let _quiet = Quiet::enter();
            accept(&listener, &state);
        })?;
        Ok(server)
    }
}

/// Serves `/debug/pprof/` on a loopback address, such as `127.0.0.1:8999`, or on a Unix socket, such as
/// `unix:/run/server/heap.sock`, on a thread of its own; see [`ServeOptions::serve`].
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
///
/// #[global_allocator]
/// static HEAP: liveheap::Heap = liveheap::Heap::system();
///
/// fn main() -> std::io::Result<()> {
///     let server = liveheap::serve("127.0.0.1:0")?; // any port that is free
///     let kept = vec![1_u8; 64 << 20];
///
///     // What `liveheap http://…/debug/pprof/heap?debug=1` does, or curl:
///     let mut client = TcpStream::connect(server.addr().expect("it is no Unix socket"))?;
///     client.write_all(b"GET /debug/pprof/heap?debug=1 HTTP/1.0\r\n\r\n")?;
///     let mut answer = String::new();
///     client.read_to_string(&mut answer)?;
///     let (head, profile) = answer.split_once("\r\n\r\n").expect("headers end");
///     assert!(head.starts_with("HTTP/1.1 200 OK"));
///     assert!(profile.contains("\n1: 67108864 [1: 67108864] @ "), "{profile}");
///
///     drop(kept);
///     server.stop();
///     Ok(())
/// }
/// ```
///
/// # Errors
/// When the address cannot be bound, or is not a loopback address.
pub fn serve(address: &str) -> Result<Server> {
    ServeOptions::new().serve(address)
}

/// As [`serve`], on any address, such as `0.0.0.0:8999`. Everyone who can reach it can read the
/// profiles and the command line, unless `LIVEHEAP_TOKEN` or [`ServeOptions::token`] asks for a token.
///
/// # Errors
/// When the address cannot be bound.
pub fn serve_publicly(address: &str) -> Result<Server> {
    ServeOptions::new().publicly(true).serve(address)
}

fn accept(listener: &Listener, state: &Arc<State>) {
    loop {
        let stream = listener.accept();
        if state.stopped.load(Ordering::Acquire) {
            return;
        }
        let Ok(stream) = stream else {
            thread::sleep(REST_TIME);
            continue;
        };
        let connection = Connection::count(state);
        if connection.is_one_too_many {
            // One short write into an empty buffer does not wait.
            let refusal = plain(503, "too many requests at a time; try again");
            let _ = send(&stream, &refusal.with("Retry-After", "1".to_owned()), true);
            continue;
        }
        // When no thread can be started the connection is closed, and the client sees that.
        let _ = thread::Builder::new().name("liveheap-answer".to_owned()).spawn(move || {
            let _quiet = Quiet::enter();
            // A client that goes away in between is its own affair.
            let _ = answer(&stream, connection.state.token.as_ref());
            drop(connection);
        });
    }
}

/// Counts a connection as long as it lives.
struct Connection {
    state: Arc<State>,
    is_one_too_many: bool,
}

impl Connection {
    fn count(state: &Arc<State>) -> Self {
        let before = state.connections.fetch_add(1, Ordering::Relaxed);
        Self { state: Arc::clone(state), is_one_too_many: before >= MOST_CONNECTIONS }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.state.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads one request and answers it.
fn answer(stream: &TcpStream, token: Option<&Token>) -> Result<()> {
    stream.set_write_timeout(Some(WRITE_TIME))?;
    let deadline = Instant::now() + READ_TIME;
    let (response, with_body) = match read_request(stream, token, deadline)? {
        Err(refusal) => (refusal, true),
        Ok(request) => {
            let wait = |time| is_still_there(stream, Instant::now() + time);
            (respond_waiting(&request.path, &request.query, &wait), request.wants_body)
        }
    };
    send(stream, &response, with_body)?;
    stream.shutdown(Shutdown::Write)?;
    discard(stream);
    Ok(())
}

/// What the client sent beyond its request is read, else closing could destroy the answer on its way.
fn discard(mut stream: &TcpStream) {
    let deadline = Instant::now() + LOOK_TIME;
    let mut buffer = [0; 1024];
    let mut left = LONGEST_HEAD;
    while left > 0 && limit_time(stream, deadline).is_ok() {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(size) => left = left.saturating_sub(size),
        }
    }
}

/// Waits for the time given; false as soon as the client has hung up.
fn is_still_there(stream: &TcpStream, until: Instant) -> bool {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        let step = left.min(LOOK_TIME);
        if stream.set_read_timeout(Some(step)).is_err() {
            return false;
        }
        match stream.peek(&mut [0]) {
            Ok(0) => return false,
            // It sent more than one request; that tells nothing.
            Ok(_) => thread::sleep(step),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                _ => return false,
            },
        }
    }
}

/// What of a request matters here.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    path: String,
    /// The query, or the body of a POST request.
    query: String,
    /// False for HEAD.
    wants_body: bool,
}

/// Reads a request, or says what is wrong with it.
fn read_request(
    stream: &TcpStream,
    token: Option<&Token>,
    deadline: Instant,
) -> Result<std::result::Result<Request, Response>> {
    let mut received = Vec::new();
    let head_end = loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if received.len() > LONGEST_HEAD {
            return Ok(Err(plain(431, "the request's headers are too long")));
        }
        receive(stream, &mut received, deadline)?;
    };
    let body = received.split_off(head_end);
    let head = String::from_utf8_lossy(&received);
    if token.is_some_and(|token| !token.is_in(&head)) {
        return Ok(Err(Response::token_needed()));
    }
    let (mut request, body_size) = match parse_head(&head) {
        Ok(parsed) => parsed,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(size) = body_size {
        if size > LONGEST_BODY {
            return Ok(Err(plain(413, "the request's body is too long")));
        }
        let mut body = body;
        while body.len() < size {
            receive(stream, &mut body, deadline)?;
        }
        body.truncate(size);
        request.query = String::from_utf8_lossy(&body).into_owned();
    }
    Ok(Ok(request))
}

/// Reads what has arrived.
fn receive(mut stream: &TcpStream, received: &mut Vec<u8>, deadline: Instant) -> Result<()> {
    limit_time(stream, deadline)?;
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        size => {
            received.extend_from_slice(buffer.get(..size).unwrap_or_default());
            Ok(())
        }
    }
}

fn limit_time(stream: &TcpStream, deadline: Instant) -> Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))
}

/// The request of a head, and for POST the size of its body.
fn parse_head(head: &str) -> std::result::Result<(Request, Option<usize>), Response> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(plain(400, "this is no HTTP request"));
    };
    if !version.starts_with("HTTP/1.") {
        return Err(plain(505, "this server speaks HTTP/1.1"));
    }
    // A proxy may send the whole URL.
    let target = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |start| &rest[start..]),
        None => target,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut body_size = None;
    match method {
        "GET" | "HEAD" => {}
        "POST" if path.ends_with("/symbol") => {
            let length = lines
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("Content-Length"))
                .and_then(|(_, value)| value.trim().parse().ok());
            let Some(length) = length else {
                return Err(plain(411, "a POST request needs its Content-Length"));
            };
            body_size = Some(length);
        }
        _ => return Err(Response::not_allowed()),
    }
    let request =
        Request { path: path.to_owned(), query: query.to_owned(), wants_body: method != "HEAD" };
    Ok((request, body_size))
}

fn plain(status: u16, text: &str) -> Response {
    Response::error(status, text)
}

fn send(mut stream: &TcpStream, response: &Response, with_body: bool) -> Result<()> {
    let mut head = String::new();
    // Writing to a text cannot fail.
    let _ = write!(head, "HTTP/1.1 {} {}\r\n", response.status(), reason(response.status()));
    for (name, value) in response.headers() {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let size = response.body().len();
    let _ = write!(head, "Content-Length: {size}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    if with_body {
        stream.write_all(response.body())?;
    }
    Ok(())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests;
