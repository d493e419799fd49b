//! Where a server listens: a TCP address or the path of a Unix socket.
//!
//! In: an address as users write it. Out: a [`Listener`], whose connections are all used alike. It
//! decides what other machines can reach, and nothing about requests.

#![expect(unsafe_code, reason = "closes a descriptor whose owner is not in the child of a fork")]

use crate::fork;
use std::fmt::Write as _;
use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// What the path of a Unix socket begins with.
const UNIX: &str = "unix:";
/// How long a listener is given to wake up.
const WAKE_TIME: Duration = Duration::from_millis(50);

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Waits for connections. The child of a fork closes it: nobody would accept there.
#[derive(Debug)]
pub(super) struct Listener {
    /// Goes before the descriptor does, which another file may have then.
    _known: Known,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Descriptors of listeners, for the child of a fork; [`NOTHING`] in a free place.
static LISTENERS: [AtomicI32; 16] = [const { AtomicI32::new(NOTHING) }; 16];
const NOTHING: RawFd = -1;

/// A place among them, if one was free.
#[derive(Debug)]
struct Known(Option<&'static AtomicI32>);

impl Known {
    fn new(descriptor: RawFd) -> Self {
        fork::register();
        let take = |place: &&AtomicI32| {
            let order = Ordering::Relaxed;
            place.compare_exchange(NOTHING, descriptor, order, order).is_ok()
        };
        Self(LISTENERS.iter().find(take))
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            place.store(NOTHING, Ordering::Relaxed);
        }
    }
}

/// After a fork, in the child: closes all listeners, whose threads are in the parent. Else the port
/// would stay taken when the parent ends, and who connects would wait for ever.
pub(crate) fn leave_to_parent() {
    for place in &LISTENERS {
        let descriptor = place.swap(NOTHING, Ordering::Relaxed);
        if descriptor != NOTHING {
            // SAFETY: its owner is a variable of a thread that is not in this process.
            unsafe { libc::close(descriptor) };
        }
    }
}

/// Listens at `address`: `HOST:PORT`, `:PORT` or `unix:/PATH`. Unless `publicly`, only where other
/// machines do not reach.
///
/// # Errors
/// When that cannot be, or is not allowed.
pub(super) fn listen(address: &str, publicly: bool) -> Result<(Listener, Place)> {
    if let Some(path) = address.strip_prefix(UNIX) {
        let path = PathBuf::from(path);
        return Ok((Listener::new(Socket::Unix(bind_unix(&path)?)), Place::Unix(path)));
    }
    let addresses = resolve(address)?;
    let public = addresses.iter().find(|address| !address.ip().is_loopback());
    if let Some(public) = public.filter(|_| !publicly) {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "{public} can be reached from other machines; listen on 127.0.0.1, or use \
             liveheap::serve_publicly if that is meant"
        );
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    let listener = TcpListener::bind(addresses.as_slice())?;
    let place = Place::Tcp(listener.local_addr()?);
    Ok((Listener::new(Socket::Tcp(listener)), place))
}

fn resolve(address: &str) -> Result<Vec<SocketAddr>> {
    let with_host = match address.strip_prefix(':') {
        Some(port) => ["127.0.0.1:", port].concat(),
        None => address.to_owned(),
    };
    let addresses: Vec<SocketAddr> = with_host.to_socket_addrs()?.collect();
    if addresses.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, "the host name has no address"));
    }
    Ok(addresses)
}

/// A socket that only its owner can use.
fn bind_unix(path: &Path) -> Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_behind(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        other => other?,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Whether it is a socket that nobody listens on: of a program that ended without removing it.
fn is_left_behind(path: &Path) -> bool {
    let is_socket = std::fs::metadata(path).is_ok_and(|file| file.file_type().is_socket());
    is_socket
        && UnixStream::connect(path)
            .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

impl Listener {
    fn new(socket: Socket) -> Self {
        let descriptor = match &socket {
            Socket::Tcp(listener) => listener.as_raw_fd(),
            Socket::Unix(listener) => listener.as_raw_fd(),
        };
        Self { _known: Known::new(descriptor), socket }
    }

    /// Waits for a connection.
    ///
    /// One of a Unix socket is given out as a `TcpStream` too: what is done with it here (reading,
    /// looking ahead, writing, time limits, shutting down) is the same system call for both kinds.
    pub(super) fn accept(&self) -> Result<TcpStream> {
        match &self.socket {
            Socket::Tcp(listener) => listener.accept().map(|(stream, _)| stream),
            Socket::Unix(listener) => {
                listener.accept().map(|(stream, _)| TcpStream::from(OwnedFd::from(stream)))
            }
        }
    }
}

impl Place {
    /// Wakes who listens here, by a connection, and removes what a Unix socket leaves behind.
    pub(super) fn leave(&self) {
        // Where nobody listens any more nobody needs to be woken.
        match self {
            Self::Tcp(address) => drop(TcpStream::connect_timeout(address, WAKE_TIME)),
            Self::Unix(path) => {
                drop(UnixStream::connect(path));
                drop(std::fs::remove_file(path));
            }
        }
    }
}
