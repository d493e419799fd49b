//! A server under test: started on a free port, loaded, read and stopped.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server; stopped when dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server that prints `… http://HOST:PORT…` as its first line once it listens.
    ///
    /// # Errors
    /// When it does not start, or says something else.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {command:?}"))?;
        let stdout = child.stdout.take().context("the server has no standard output")?;
        let mut line = String::new();
        let mut server = Self { child, address: String::new() };
        BufReader::new(stdout).read_line(&mut line).context("reading the server's first line")?;
        let (_, rest) = line
            .split_once("http://")
            .with_context(|| format!("the server said {line:?} instead of its address"))?;
        let end = rest.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(rest.len());
        server.address = rest[..end].to_owned();
        Ok(server)
    }

    /// Its `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A URL on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends one GET request and gives the body of the answer.
    ///
    /// # Errors
    /// When the server does not answer within ten seconds, or not with status 200.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.exchange(path).with_context(|| format!("asking for {path}"))?;
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .with_context(|| format!("the answer to {path} has no end of headers"))?;
        let head = String::from_utf8_lossy(&answer[..end]);
        if head.split(' ').nth(1) != Some("200") {
            bail!("{path} was answered with {}", head.lines().next().unwrap_or_default());
        }
        if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            return unchunk(&answer[end + 4..]);
        }
        Ok(answer[end + 4..].to_vec())
    }

    fn exchange(&self, path: &str) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunk(mut body: &[u8]) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end =
            body.windows(2).position(|pair| pair == b"\r\n").context("a chunk has no size")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end])?.trim(), 16)?;
        if size == 0 {
            return Ok(whole);
        }
        let chunk = body.get(end + 2..end + 2 + size).context("a chunk is cut short")?;
        whole.extend_from_slice(chunk);
        body = body.get(end + 4 + size..).context("a chunk has no end")?;
    }
}

/// A server that answers every request with the same bytes, on a thread that ends with the chore.
#[derive(Debug)]
pub(crate) struct Frozen {
    address: String,
}

impl Frozen {
    /// Serves the bytes of a file.
    ///
    /// # Errors
    /// When the file cannot be read or no port is free.
    pub(crate) fn serve(file: &str) -> Result<Self> {
        let body = std::fs::read(file).with_context(|| format!("reading {file}"))?;
        let listener = TcpListener::bind("127.0.0.1:0").context("opening a port")?;
        let address = listener.local_addr()?.to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that hangs up early is its own affair.
                let _ = answer(stream, &body);
            }
        });
        Ok(Self { address })
    }

    /// A URL on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn answer(stream: TcpStream, body: &[u8]) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    Ok(())
}
