//! A web server with a leak, to practise on.
//!
//! Each request to `/test` puts one MiB into a pool that nobody takes from; at 500 entries the pool
//! is emptied, so the program never grows beyond half a GiB. Beside the leak it allocates as an honest
//! server does: a table that stays, and texts that live as long as a request. The profiles are on the
//! same port, behind the program's own routing:
//!
//! ```text
//! cargo run --release -p liveheap --example leaky_server
//! for i in $(seq 200); do curl -s http://127.0.0.1:8999/test; done
//! liveheap 'http://127.0.0.1:8999/debug/pprof/heap?gc=1'
//! ```
//!
//! Options: `--port N` (0 is any free port). The first line on standard output says where it listens.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to people")]
#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "the bans are for code that runs inside an allocation"
)]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system();

fn main() -> ExitCode {
    match port(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("leaky_server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The port that the command line asks for.
fn port(mut arguments: impl Iterator<Item = String>) -> std::io::Result<u16> {
    let usage = || std::io::Error::new(ErrorKind::InvalidInput, "usage: leaky_server [--port N]");
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, _, _) => Ok(8999),
        (Some("--port"), Some(port), None) => port.parse().map_err(|_| usage()),
        _ => Err(usage()),
    }
}

fn run(port: u16) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;

    let site = Arc::new(site::Site::open());
    let cache = Arc::clone(&site);
    // What `?gc=1` gives back: pages that can be rendered anew at any time.
    liveheap::on_reclaim("rendered pages", move || cache.forget_pages());
    for stream in listener.incoming() {
        let (stream, site) = (stream?, Arc::clone(&site));
        std::thread::spawn(move || {
            if let Err(error) = answer(&stream, &site) {
                eprintln!("leaky_server: a request failed: {error}");
            }
        });
    }
    Ok(())
}

/// Reads one request and answers it.
fn answer(stream: &TcpStream, site: &site::Site) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut body_length = 0;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        if let Some(length) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            body_length = length.trim().parse().unwrap_or(0);
        }
        header.clear();
    }
    let target = request.split(' ').nth(1).unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path.starts_with("/debug/pprof") {
        // Addresses to be named come in the body of a POST request.
        let mut body = String::new();
        reader.take(body_length).read_to_string(&mut body)?;
        let query = if body.is_empty() { query } else { &body };
        return send_profile(stream, &liveheap::respond(path, query));
    }
    let (status, body) = match path {
        "/test" => (200, site.serve_test()),
        "/dump" => dump().map_or_else(|error| (500, error.to_string()), |path| (200, path)),
        "/" => (200, site.page("welcome")),
        _ => (404, "there is /, /test, /dump and /debug/pprof/".to_owned()),
    };
    send(
        stream,
        status,
        "Content-Type: text/plain; charset=utf-8\r\n",
        format!("{body}\n").as_bytes(),
    )
}

/// Sends what liveheap answers to a request under `/debug/pprof/`.
fn send_profile(stream: &TcpStream, response: &liveheap::Response) -> std::io::Result<()> {
    let headers: String =
        response.headers().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    send(stream, response.status(), &headers, response.body())
}

fn send(mut stream: &TcpStream, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} \r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

/// Writes a heap profile by hand, as a program without an endpoint would, and gives its path.
fn dump() -> std::io::Result<String> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("leaky_server-{}-{number}.pb.gz", std::process::id());
    let path = std::env::temp_dir().join(name);
    liveheap::write_heap_profile(std::fs::File::create(&path)?)?;
    Ok(path.display().to_string())
}

/// What the server serves. Its functions are not inlined, so that a profile shows the layers that a
/// larger program has.
mod site {
    use super::pool::Pool;
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};

    pub(super) struct Site {
        /// Steady memory: it is made once and stays.
        titles: BTreeMap<String, String>,
        /// Memory that can be given back.
        pages: Mutex<BTreeMap<String, String>>,
        /// The leak.
        pool: Mutex<Pool>,
    }

    impl Site {
        #[inline(never)]
        pub(super) fn open() -> Self {
            let titles = (0..2000).map(|n| (format!("page {n}"), format!("Title of page {n}")));
            Self {
                titles: titles.collect(),
                pages: Mutex::default(),
                pool: Mutex::new(Pool::default()),
            }
        }

        /// Answers `/test`.
        #[inline(never)]
        pub(super) fn serve_test(&self) -> String {
            let page = self.page("page 7");
            let held = self.record(page.len());
            format!("{page}\nthe pool holds {held} buffers")
        }

        #[inline(never)]
        fn record(&self, length: usize) -> usize {
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            pool.put(u8::try_from(length % 251).unwrap_or(0))
        }

        /// A page, rendered when it is asked for the first time.
        #[inline(never)]
        pub(super) fn page(&self, name: &str) -> String {
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            pages.entry(name.to_owned()).or_insert_with(|| self.render(name)).clone()
        }

        #[inline(never)]
        fn render(&self, name: &str) -> String {
            let title = self.titles.get(name).map_or("untitled", String::as_str);
            // Short-lived memory: the words are gone when the page is done.
            let words: Vec<String> = (0..200).map(|n| format!("{title}, word {n}")).collect();
            words.join("; ")
        }

        pub(super) fn forget_pages(&self) {
            self.pages.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

/// The leak: a pool of buffers that are put in and never taken out.
mod pool {
    /// Bytes of one buffer.
    const BUFFER_SIZE: usize = 1 << 20;
    /// The pool is emptied when it holds this many.
    const MOST_BUFFERS: usize = 500;

    #[derive(Default)]
    pub(super) struct Pool {
        buffers: Vec<Buffer>,
    }

    impl Pool {
        /// Puts a buffer into the pool and says how many it holds.
        #[inline(never)]
        pub(super) fn put(&mut self, content: u8) -> usize {
            if self.buffers.len() >= MOST_BUFFERS {
                self.buffers.clear();
            }
            self.grow(content);
            self.buffers.len()
        }

        #[inline(never)]
        fn grow(&mut self, content: u8) {
            self.buffers.push(Buffer::filled(content));
        }
    }

    struct Buffer {
        bytes: Vec<u8>,
    }

    impl Buffer {
        #[inline(never)]
        fn filled(content: u8) -> Self {
            let bytes = vec![content; BUFFER_SIZE];
            Self { bytes }
        }
    }

    impl Drop for Buffer {
        fn drop(&mut self) {
            // The buffers are written to only; this keeps the compiler from leaving them out.
            std::hint::black_box(&self.bytes);
        }
    }
}
