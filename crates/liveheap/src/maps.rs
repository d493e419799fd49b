//! The process's mappings, as `/proc/self/maps` lists them.
//!
//! Runs inside malloc: no allocation, no panic; it opens a file, with plain system calls that no
//! thread cancellation can interrupt. In: nothing. Out: each line to a function. What is in a mapping
//! is not looked at here. Who wants a single mapping asks [`query`] first, which costs less.

#![expect(unsafe_code, reason = "reads a file without the standard library's buffers")]

pub(crate) mod query;

use crate::errno::KeepErrno;
use std::ops::ControlFlow;

/// Bytes read at a time; longer lines lose the end of their path.
const BUFFER: usize = 4096;

/// One line of the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mapping<'a> {
    /// Process addresses from `start` to below `end`.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) readable: bool,
    pub(crate) executable: bool,
    /// Where in the file the mapping begins, in bytes.
    pub(crate) offset: u64,
    /// The file, or a name in brackets, or nothing.
    pub(crate) path: &'a [u8],
}

/// Shows every mapping, in order of addresses, until `visit` breaks. False when the list cannot be
/// read.
pub(crate) fn for_each(visit: &mut dyn FnMut(&Mapping<'_>) -> ControlFlow<()>) -> bool {
    let _errno = KeepErrno::new();
    let Some(file) = open() else { return false };
    let mut lines = Lines { buffer: [0; BUFFER], filled: 0, skipping: false };
    loop {
        let rest = &mut lines.buffer[lines.filled..];
        // SAFETY: read(2) writes at most `rest.len()` bytes to `rest`.
        let count = unsafe { libc::syscall(libc::SYS_read, file, rest.as_mut_ptr(), rest.len()) };
        let Some(count) = usize::try_from(count).ok().filter(|count| *count > 0) else { break };
        lines.filled += count.min(rest.len());
        if lines.take(visit).is_break() {
            break;
        }
    }
    close(file);
    true
}

/// The list as a file, which the caller closes.
fn open() -> Option<libc::c_long> {
    // SAFETY: openat(2) reads a path that ends with a NUL.
    let file = unsafe {
        libc::syscall(
            libc::SYS_openat,
            libc::AT_FDCWD,
            c"/proc/self/maps".as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC,
        )
    };
    (file >= 0).then_some(file)
}

fn close(file: libc::c_long) {
    // SAFETY: closes a file that `open` opened, which nobody else knows.
    unsafe { libc::syscall(libc::SYS_close, file) };
}

/// Bytes that were read and not yet shown.
struct Lines {
    buffer: [u8; BUFFER],
    filled: usize,
    /// The rest of a line whose begin was shown already is passed over.
    skipping: bool,
}

impl Lines {
    /// Shows the complete lines and keeps the rest.
    fn take(&mut self, visit: &mut dyn FnMut(&Mapping<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut start = 0;
        loop {
            let unread = &self.buffer[start..self.filled];
            let end = match unread.iter().position(|byte| *byte == b'\n') {
                Some(end) => end,
                // A line that fills the buffer is shown without its end.
                None if unread.len() == BUFFER => unread.len(),
                None => break,
            };
            let complete = end < unread.len();
            if !self.skipping
                && let Some(mapping) = parse(&unread[..end])
            {
                visit(&mapping)?;
            }
            self.skipping = !complete;
            start += end + usize::from(complete);
        }
        self.buffer.copy_within(start..self.filled, 0);
        self.filled -= start;
        ControlFlow::Continue(())
    }
}

/// Reads a line as `55d0-55e1 r-xp 00001000 fe:01 1234   /usr/bin/x`.
fn parse(line: &[u8]) -> Option<Mapping<'_>> {
    let mut rest = line;
    let start = hexadecimal(word(&mut rest, b'-'))?;
    let end = hexadecimal(word(&mut rest, b' '))?;
    let rights = word(&mut rest, b' ');
    let offset = hexadecimal(word(&mut rest, b' '))?;
    let _device = word(&mut rest, b' ');
    let _inode = word(&mut rest, b' ');
    Some(Mapping {
        start: usize::try_from(start).ok()?,
        end: usize::try_from(end).ok()?,
        readable: rights.first() == Some(&b'r'),
        executable: rights.get(2) == Some(&b'x'),
        offset,
        path: rest.trim_ascii_start(),
    })
}

/// Cuts the text up to `end` off `rest`.
fn word<'a>(rest: &mut &'a [u8], end: u8) -> &'a [u8] {
    let all = *rest;
    let length = all.iter().position(|byte| *byte == end).unwrap_or(all.len());
    *rest = all.get(length + 1..).unwrap_or(&[]);
    &all[..length]
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(number << 4 | u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::{BUFFER, Lines, Mapping, for_each, parse};
    use std::ops::ControlFlow;

    #[test]
    fn a_line_has_a_range_rights_an_offset_and_a_path() {
        let line = b"1000-2f00 r-xp 00003000 fe:01 1234                       /usr/lib/a b.so";
        let mapping = Mapping {
            start: 0x1000,
            end: 0x2f00,
            readable: true,
            executable: true,
            offset: 0x3000,
            path: b"/usr/lib/a b.so",
        };
        assert_eq!(parse(line), Some(mapping));
    }

    #[test]
    fn a_line_without_a_path_is_an_anonymous_mapping() {
        let mapping = parse(b"1000-2000 ---p 00000000 00:00 0 ").unwrap();
        assert_eq!((mapping.readable, mapping.executable, mapping.path), (false, false, &b""[..]));
    }

    #[test]
    fn a_line_that_is_none_is_passed_over() {
        for line in [&b""[..], b"x-y r", b"1000", b"-2000 r-xp 0 0 0", b"11111111111111111-2 r"] {
            assert_eq!(parse(line), None);
        }
    }

    #[test]
    fn a_line_longer_than_the_buffer_is_shown_once() {
        let mut text = b"1000-2000 r-xp 00000000 00:00 0 /".to_vec();
        text.resize(BUFFER, b'x');
        let mut lines = Lines { buffer: [0; BUFFER], filled: 0, skipping: false };
        let mut starts = Vec::new();
        for part in [&text[..], b"the end of it\n3000-4000 r--p 00000000 00:00 0 \n"] {
            lines.buffer[..part.len()].copy_from_slice(part);
            lines.filled = part.len();
            let _ = lines.take(&mut |mapping| {
                starts.push(mapping.start);
                ControlFlow::Continue(())
            });
        }
        assert_eq!(starts, [0x1000, 0x3000]);
    }

    #[test]
    fn this_function_is_in_an_executable_mapping() {
        let here = this_function_is_in_an_executable_mapping as fn() as usize;
        let mut found = false;
        assert!(for_each(&mut |mapping| {
            if (mapping.start..mapping.end).contains(&here) {
                found = mapping.executable && !mapping.path.is_empty();
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }));
        assert!(found);
    }
}
