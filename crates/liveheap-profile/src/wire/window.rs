//! The fields of a message that arrives piece by piece.
//!
//! A profile is decoded while it is unpacked, through a window over the stream: neither the packed
//! nor the unpacked bytes need to be in memory as a whole. The window grows only for a field that is
//! longer than it, and only as far as its bytes really arrive.

use super::varint::{Field, field_length, next_field};
use crate::Error;
use std::io::Read;

/// What the window holds when no field needs more, in bytes.
const USUAL: usize = 1 << 18;
/// Longest tag and length of a field, in bytes: two varints.
const LONGEST_HEAD: usize = 20;

/// A window over a stream of top-level fields.
#[derive(Debug)]
pub(super) struct Window<R> {
    stream: R,
    buffer: Vec<u8>,
    /// The part of `buffer` that was read and not yet taken.
    start: usize,
    end: usize,
    at_end: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream, buffer: vec![0; USUAL], start: 0, end: 0, at_end: false }
    }

    /// The next field; `None` at the end of the stream.
    pub(super) fn next(&mut self) -> Result<Option<Field<'_>>, Error> {
        self.hold(LONGEST_HEAD)?;
        if self.start == self.end {
            return Ok(None);
        }
        let length = field_length(&self.buffer[self.start..self.end])?;
        // In doubling steps, so that a length that is a lie takes no memory.
        while self.end - self.start < length && !self.at_end {
            let held = self.end - self.start;
            self.hold(length.min(held.max(USUAL) * 2))?;
        }
        let mut held = &self.buffer[self.start..self.end];
        let before = held.len();
        let field = next_field(&mut held)?;
        self.start += before - held.len();
        Ok(field)
    }

    /// Reads until the window holds `length` bytes or the stream ends.
    #[inline]
    fn hold(&mut self, length: usize) -> Result<(), Error> {
        if self.end - self.start >= length || self.at_end { Ok(()) } else { self.refill(length) }
    }

    fn refill(&mut self, length: usize) -> Result<(), Error> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        while self.end < length {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(Error::from_stream(cause)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    /// Gives its bytes one at a time.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn a_field_longer_than_the_window_arrives_whole() {
        // The field says 2^20 bytes.
        let mut bytes = vec![0x0a, 0x80, 0x80, 0x40];
        bytes.resize(4 + (1 << 20), 7);
        bytes.extend([0x10, 1]);
        let mut window = Window::new(Trickle(&bytes));
        assert_eq!(window.next().unwrap().unwrap().bytes().unwrap().len(), 1 << 20);
        assert_eq!(window.next().unwrap().unwrap().number_value().unwrap(), 1);
        assert!(window.next().unwrap().is_none());
    }

    #[test]
    fn a_length_that_is_a_lie_takes_no_memory() {
        // The field says 2^40 bytes; three follow.
        let mut window = Window::new(&[0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 1, 2, 3][..]);
        assert_eq!(window.next().unwrap_err().kind(), ErrorKind::Malformed);
        assert!(window.buffer.len() <= 4 * USUAL);
    }
}
