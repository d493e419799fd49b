//! A stream that a second thread reads ahead of its user.
//!
//! Unpacking a large profile takes as long as decoding it, so both are done at once. A small one is
//! read where it is used: a thread costs more than it would save.

use std::io::{ErrorKind, Read, Result};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, Scope};

/// After so many bytes the second thread is worth its start.
const SMALL: usize = 4 << 20;
/// Bytes of a block that is handed over.
const BLOCK: usize = 1 << 17;
/// Blocks that are full and wait: enough that neither side waits for the other one's pauses, and
/// few enough to stay in the processor's cache.
const WAITING: usize = 4;

/// Calls `user` with a stream, which a second thread goes on reading when it turns out to be long.
pub(crate) fn read_ahead<'env, S: Read + Send + 'env, T>(
    stream: S,
    user: impl FnOnce(&mut dyn Read) -> T,
) -> T {
    let stream = Mutex::new(stream);
    std::thread::scope(|scope| {
        user(&mut Ahead { scope, stream: &stream, read: 0, blocks: Blocks::Here })
    })
}

struct Ahead<'scope, 'env, S> {
    scope: &'scope Scope<'scope, 'env>,
    /// Locked by this side before the second thread is there, and by that one while it is.
    stream: &'scope Mutex<S>,
    /// Bytes read on this side.
    read: usize,
    blocks: Blocks,
}

/// Where the bytes come from.
enum Blocks {
    /// This side reads the stream.
    Here,
    /// No second thread could be started, so this side goes on.
    Alone,
    There {
        full: Receiver<Result<Vec<u8>>>,
        /// Takes blocks that were read back to be filled again.
        empty: Sender<Vec<u8>>,
        block: Vec<u8>,
        /// How much of `block` was read.
        start: usize,
    },
}

impl<S: Read + Send> Read for Ahead<'_, '_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if matches!(self.blocks, Blocks::Here) && self.read > SMALL {
            self.blocks = self.start();
        }
        let Blocks::There { full, empty, block, start } = &mut self.blocks else {
            let read = lock(self.stream).read(buffer)?;
            self.read += read;
            return Ok(read);
        };
        if *start == block.len() {
            // When the other side has ended, nobody needs the empty block.
            let _ = empty.send(std::mem::take(block));
            *start = 0;
            match full.recv() {
                Ok(next) => *block = next?,
                Err(_) => return Ok(0),
            }
        }
        let length = buffer.len().min(block.len() - *start);
        buffer[..length].copy_from_slice(&block[*start..*start + length]);
        *start += length;
        Ok(length)
    }
}

impl<S: Read + Send> Ahead<'_, '_, S> {
    fn start(&self) -> Blocks {
        let (filled, full) = sync_channel(WAITING);
        let (empty, emptied) = channel();
        let stream = self.stream;
        let reader = move || fill(&mut *lock(stream), &filled, &emptied);
        match Builder::new().spawn_scoped(self.scope, reader) {
            Ok(_) => Blocks::There { full, empty, block: Vec::new(), start: 0 },
            Err(_) => Blocks::Alone,
        }
    }
}

/// Reads until the stream ends, fails, or nobody wants more.
fn fill(stream: &mut impl Read, filled: &SyncSender<Result<Vec<u8>>>, emptied: &Receiver<Vec<u8>>) {
    loop {
        let mut block = emptied.try_recv().unwrap_or_default();
        block.resize(BLOCK, 0);
        let next = match stream.read(&mut block) {
            Ok(0) => return,
            Ok(read) => {
                block.truncate(read);
                Ok(block)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = next.is_err();
        if filled.send(next).is_err() || failed {
            return;
        }
    }
}

fn lock<S>(stream: &Mutex<S>) -> std::sync::MutexGuard<'_, S> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error;

    /// The byte at a position of the stream.
    fn byte_of(position: u64) -> u8 {
        position.wrapping_mul(0x9e37_79b9).to_be_bytes()[5]
    }

    /// So many bytes, in reads of odd sizes, and then an error if it says so.
    struct Counting {
        left: usize,
        next: u64,
        fails: bool,
    }

    impl Read for Counting {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            if self.left == 0 && self.fails {
                return Err(Error::other("broken"));
            }
            let length = buffer.len().min(self.left).min(10_007);
            for byte in &mut buffer[..length] {
                *byte = byte_of(self.next);
                self.next += 1;
            }
            self.left -= length;
            Ok(length)
        }
    }

    fn read_all(left: usize, fails: bool) -> (Vec<u8>, Result<usize>) {
        read_ahead(Counting { left, next: 0, fails }, |stream| {
            let mut bytes = Vec::new();
            let result = stream.read_to_end(&mut bytes);
            (bytes, result)
        })
    }

    #[test]
    fn short_and_long_streams_arrive_whole() {
        for left in [0, 1, SMALL, SMALL + 1, 3 * SMALL + 12_345] {
            let (bytes, result) = read_all(left, false);
            assert_eq!(result.unwrap(), left);
            assert!((0..).zip(bytes).all(|(position, byte)| byte_of(position) == byte));
        }
    }

    #[test]
    fn an_error_arrives_behind_the_bytes_before_it() {
        for left in [10, 2 * SMALL] {
            let (bytes, result) = read_all(left, true);
            assert_eq!(result.unwrap_err().to_string(), "broken");
            assert_eq!(bytes.len(), left);
        }
    }

    #[test]
    fn a_user_may_stop_early() {
        let mut bytes = vec![0; 2 * SMALL];
        let stream = Counting { left: 1 << 30, next: 0, fails: false };
        read_ahead(stream, |stream| stream.read_exact(&mut bytes)).unwrap();
        assert_eq!(bytes[SMALL + 300], byte_of(SMALL as u64 + 300));
    }
}
