//! Answers to requests for `/debug/pprof/`, without a socket.
//!
//! In: the path and the query of a request. Out: status, headers and body as Go's `net/http/pprof`
//! gives them, so that whatever scrapes a Go program scrapes this one. Transport, methods and access
//! control are the server's affair.

use super::clients::{LONGEST_NAME, exchange};
use super::difference::{allocated_since, between};
use super::turn::Turn;
use crate::cost::DumpWatch;
use crate::names::Names;
use crate::reclaim::{Reclaim, give_back};
use crate::sampled::Sampled;
use crate::snapshot::Kind;
use crate::split::SplitBy;
use crate::take;
use crate::thread::Quiet;
use crate::write::{ProfileOptions, encoded, proto};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

/// The longest difference, in seconds.
const MOST_SECONDS: u64 = 3600;

/// Where the endpoint lives.
const ROOT: &str = "/debug/pprof/";

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const BINARY: &str = "application/octet-stream";

/// What there is, in the order of the index: name, query to show it readably, what it is.
const PAGES: [(&str, &str, &str); 5] = [
    ("allocs", "?debug=1", "a sample of all allocations since the program began"),
    ("cmdline", "", "the program's command line"),
    (
        "delta_heap",
        "?client=browser",
        "what was allocated since the same client asked last (client=NAME; all the first time), and \
         what is in use now; gc=1 as below",
    ),
    (
        "heap",
        "?debug=1",
        "a sample of the live objects, by the calls that allocated them; gc=1 first runs the \
         program's reclaim hooks, labels=age,thread splits by age and thread, seconds=N shows what \
         changes in N seconds",
    ),
    ("symbol", "", "names of functions for code addresses: ?0x1234+0x5678"),
];

/// An answer to a request, to be sent by whatever server there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![
            ("Content-Type", content_type.to_owned()),
            ("X-Content-Type-Options", "nosniff".to_owned()),
        ];
        Self { status, headers, body: body.into() }
    }

    /// An error, marked so that pprof shows its text.
    pub(super) fn error(status: u16, text: &str) -> Self {
        let mut body = text.to_owned();
        body.push('\n');
        Self::new(status, TEXT, body).with("X-Go-Pprof", "1".to_owned())
    }

    /// To a request without the token.
    pub(super) fn token_needed() -> Self {
        Self::error(401, "a token is needed: Authorization: Bearer TOKEN")
            .with("WWW-Authenticate", "Bearer".to_owned())
    }

    /// To a request with another method.
    pub(super) fn not_allowed() -> Self {
        Self::error(405, "only GET, and POST to symbol, are understood")
            .with("Allow", "GET, HEAD".to_owned())
    }

    fn attachment(name: &str, body: Vec<u8>) -> Self {
        let mut disposition = String::new();
        // Writing to a text cannot fail.
        let _ = write!(disposition, "attachment; filename=\"{name}\"");
        Self::new(200, BINARY, body).with("Content-Disposition", disposition)
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The HTTP status, such as 200.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The value of the header `Content-Type`.
    pub fn content_type(&self) -> &str {
        self.headers.first().map_or(BINARY, |(_, value)| value)
    }

    /// All headers with their values; `Content-Length` is not among them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, to be kept.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

/// Answers a GET request for `path` (such as `/debug/pprof/heap`) with `query` (such as `gc=1`, as it
/// stands in the URL without the question mark; may be empty). For a POST request to `symbol` the
/// body takes the place of the query.
///
/// With `seconds=N` it takes that long; an async server calls it where blocking is allowed. One profile
/// is taken at a time: others wait, and when many wait already the answer is 503 with `Retry-After`.
///
/// `delta_heap` is for scrapers that add up what they get: the values `alloc_*` are what was allocated
/// since the same client asked last (`client=NAME`), or since the program began when it is new; in use is
/// what is in use now. The eight clients that asked last are known, and each costs the memory of a
/// snapshot, some hundred bytes for each stack.
///
/// ```
/// let response = liveheap::respond("/debug/pprof/heap", "gc=1");
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.content_type(), "application/octet-stream");
/// assert_eq!(&response.body()[..2], b"\x1f\x8b"); // gzip
/// ```
pub fn respond(path: &str, query: &str) -> Response {
    respond_waiting(path, query, &|time| {
        std::thread::sleep(time);
        true
    })
}

/// The same; `wait` waits and says whether the answer is still wanted.
pub(super) fn respond_waiting(
    path: &str,
    query: &str,
    wait: &dyn Fn(Duration) -> bool,
) -> Response {
    // What goes on in here is not the program's use of memory.
    let _quiet = Quiet::enter();
    if path == ROOT.trim_end_matches('/') {
        return Response::error(301, "the index is at /debug/pprof/")
            .with("Location", ROOT.to_owned());
    }
    match path.strip_prefix(ROOT) {
        Some("") => Response::new(200, HTML, index()),
        Some("heap") => heap(Kind::Heap, query, wait),
        Some("allocs") => heap(Kind::Allocs, query, wait),
        Some("delta_heap") => delta_heap(query),
        Some("cmdline") => Response::new(200, TEXT, command_line()),
        Some("symbol") => Response::new(200, TEXT, symbols(query)),
        _ => Response::error(404, &not_found(path)),
    }
}

fn heap(kind: Kind, query: &str, wait: &dyn Fn(Duration) -> bool) -> Response {
    match heap_asked_for(query) {
        Ok(Asked::Difference(time)) => difference(kind, time, wait),
        Ok(Asked::Snapshot(options)) => {
            let reclaim = if kind == Kind::Heap { reclaim(query) } else { Reclaim::Nothing };
            snapshot(options.reclaim(reclaim), kind)
        }
        Err(refusal) => refusal,
    }
}

/// What a request for a profile wants.
enum Asked {
    Snapshot(ProfileOptions),
    Difference(Duration),
}

fn heap_asked_for(query: &str) -> Result<Asked, Response> {
    let refuse = |text: &str| Err(Response::error(400, text));
    let as_text = number(query, "debug") != 0;
    let split = match split(query) {
        Ok(split) => split,
        Err(unknown) => {
            return refuse(
                &["\"labels\" can be age, thread or age,thread, not ", &unknown].concat(),
            );
        }
    };
    let seconds = form_value(query, "seconds").filter(|value| !value.is_empty());
    if !split.is_nothing() && (seconds.is_some() || as_text) {
        return refuse(
            "\"labels\" goes with neither \"seconds\" nor \"debug\": ages change in a difference, and \
             text has no labels",
        );
    }
    let Some(seconds) = seconds else {
        let options = ProfileOptions::new().text(as_text).by_age(split.age);
        return Ok(Asked::Snapshot(options.by_thread(split.thread)));
    };
    let Some(seconds) = seconds.parse().ok().filter(|seconds| (1..=MOST_SECONDS).contains(seconds))
    else {
        return refuse("\"seconds\" must be a whole number from 1 to 3600");
    };
    if as_text {
        return refuse(
            "\"seconds\" and \"debug\" do not go together: a difference has no text form",
        );
    }
    Ok(Asked::Difference(Duration::from_secs(seconds)))
}

fn snapshot(options: ProfileOptions, kind: Kind) -> Response {
    let Some(_turn) = Turn::wait() else { return busy() };
    let name = match kind {
        Kind::Heap => "heap",
        Kind::Allocs => "allocs",
    };
    let options = options.allocs(kind == Kind::Allocs);
    made(encoded(&options), |body| {
        if options.is_text() {
            Response::new(200, TEXT, body)
        } else {
            Response::attachment(name, body)
        }
    })
}

fn difference(kind: Kind, time: Duration, wait: &dyn Fn(Duration) -> bool) -> Response {
    let Some(turn) = Turn::wait() else { return busy() };
    // It sleeps in between, which takes no CPU time.
    let _watch = DumpWatch::start();
    let earlier = take::sampled(Vec::new());
    // Others dump while this one waits.
    drop(turn);
    if !wait(time) {
        return Response::error(500, "the request was given up before its time was over");
    }
    // Who has waited so long is not turned away.
    let _turn = Turn::wait_in_any_case();
    let difference = between(&earlier, &take::sampled(Vec::new()));
    let name = match kind {
        Kind::Heap => "heap-delta",
        Kind::Allocs => "allocs-delta",
    };
    made(proto(&difference, kind), |body| Response::attachment(name, body))
}

/// What was allocated since the client asked last.
fn delta_heap(query: &str) -> Response {
    for field in ["seconds", "debug", "labels"] {
        if form_value(query, field).is_some() {
            return Response::error(
                400,
                &["\"", field, "\" does not go with delta_heap; \"client\" and \"gc\" do"].concat(),
            );
        }
    }
    let client = form_value(query, "client").unwrap_or_default();
    if client.len() > LONGEST_NAME {
        return Response::error(400, "\"client\" must not be longer than 100 bytes");
    }
    let Some(turn) = Turn::wait() else { return busy() };
    let _watch = DumpWatch::start();
    let report = give_back(reclaim(query), &take::in_use_bytes);
    let later = take::sampled(report);
    let earlier = exchange(&turn, &client, &later)
        .unwrap_or_else(|| Sampled { time_nanos: later.time_nanos, ..Sampled::default() });
    let since = allocated_since(&earlier, &later);
    made(proto(&since, Kind::Heap), |body| Response::attachment("delta_heap", body))
}

fn busy() -> Response {
    Response::error(503, "too many profiles are being taken; try again in a second")
        .with("Retry-After", "1".to_owned())
}

/// The answer of a profile, or of the error.
fn made(body: std::io::Result<Vec<u8>>, answer: impl FnOnce(Vec<u8>) -> Response) -> Response {
    body.map(answer).unwrap_or_else(|error| {
        let mut text = "the profile could not be made: ".to_owned();
        // Writing to a text cannot fail.
        let _ = write!(text, "{error}");
        Response::error(500, &text)
    })
}

/// What to split by, or the first word that says nothing.
fn split(query: &str) -> Result<SplitBy, String> {
    let mut split = SplitBy::default();
    let words = form_value(query, "labels").unwrap_or_default();
    for word in words.split(',').filter(|word| !word.is_empty()) {
        match word {
            "age" => split.age = true,
            "thread" => split.thread = true,
            _ => return Err(word.to_owned()),
        }
    }
    Ok(split)
}

fn reclaim(query: &str) -> Reclaim {
    if form_value(query, "gc").as_deref() == Some("full") || number(query, "trim") > 0 {
        Reclaim::Full
    } else if number(query, "gc") > 0 {
        Reclaim::Hooks
    } else {
        Reclaim::Nothing
    }
}

/// The first value of a field of a query, decoded.
fn form_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|field| {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        (decoded(key) == name).then(|| decoded(value))
    })
}

/// A field as a number; 0 when it is none, as in Go.
fn number(query: &str, name: &str) -> i64 {
    form_value(query, name).and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// Undoes the encoding of URLs. What is no valid encoding stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        match (first, behind) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, behind @ ..]) => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = behind;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The arguments of the program with a zero byte between them.
fn command_line() -> Vec<u8> {
    let arguments: Vec<Vec<u8>> = std::env::args_os().map(OsStringExt::into_vec).collect();
    arguments.join(&0)
}

/// A line for each address that has a name, behind the line that says that there are names at all.
fn symbols(addresses: &str) -> String {
    let addresses: Vec<u64> = addresses.split('+').filter_map(address).collect();
    let names = Names::look_up(&addresses, &take::modules());
    let mut out = "num_symbols: 1\n".to_owned();
    for (number, address) in addresses.iter().enumerate() {
        if let Some(name) = names.of(number) {
            // Writing to a text cannot fail.
            let _ = writeln!(out, "{address:#x} {}", name.name);
        }
    }
    out
}

/// An address, decimal or hexadecimal; 0 is none.
fn address(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let address = digits.map_or_else(|| text.parse(), |digits| u64::from_str_radix(digits, 16));
    address.ok().filter(|&address| address != 0)
}

fn not_found(path: &str) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = write!(text, "there is no {path} here; there is {ROOT}");
    for (name, _, _) in PAGES {
        let _ = write!(text, ", {ROOT}{name}");
    }
    text
}

fn index() -> String {
    let mut page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
        <title>/debug/pprof/</title></head>\n<body>\n<h1>/debug/pprof/</h1>\n<table>\n"
        .to_owned();
    for (name, query, what) in PAGES {
        // Writing to a text cannot fail.
        let _ =
            writeln!(page, "<tr><td><a href=\"{name}{query}\">{name}</a></td><td>{what}</td></tr>");
    }
    page.push_str(
        "</table>\n<p>To look at memory: <code>liveheap \
         http://HOST:PORT/debug/pprof/heap</code></p>\n</body>\n</html>\n",
    );
    page
}

#[cfg(test)]
mod tests;
