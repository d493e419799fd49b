//! Takes text apart: lines, tokens, numbers. No regular expressions; every step goes forward.

use super::malformed;
use crate::Error;
use std::borrow::Cow;

/// The lines of a text, without their ends. Bytes that are not UTF-8 become U+FFFD.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    current: Cow<'a, str>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, current: Cow::Borrowed("") }
    }

    /// The next line; `None` at the end.
    pub(super) fn advance(&mut self) -> Option<&str> {
        if self.rest.is_empty() {
            self.current = Cow::Borrowed("");
            return None;
        }
        let (line, rest) = split_line(self.rest).unwrap_or((self.rest, &[]));
        self.rest = rest;
        self.current = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        Some(&self.current)
    }

    /// The line that [`Self::advance`] gave last; empty before the first and behind the last.
    pub(super) fn current(&self) -> &str {
        &self.current
    }

    /// Goes to the first line that says something, and gives it; empty at the end.
    pub(super) fn skip_comments(&mut self) -> &str {
        while self.advance().is_some_and(is_blank_or_comment) {}
        &self.current
    }

    /// Goes behind the line that announces the memory map, which may be the current one.
    pub(super) fn skip_to_memory_map(&mut self) {
        while !announces_memory_map(&self.current) && self.advance().is_some() {}
    }
}

/// Cuts off the first line if it is complete.
pub(super) fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Whether the memory map of the process begins behind this line.
pub(super) fn announces_memory_map(line: &str) -> bool {
    line.contains("--- Memory map: ---") || line.contains("MAPPED_LIBRARIES:")
}

pub(super) fn is_blank_or_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// What is left of a line that is read token by token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn rest(self) -> &'a str {
        self.rest
    }

    /// The longest run of such ASCII characters; may be empty.
    pub(super) fn run(&mut self, belongs: impl Fn(u8) -> bool) -> &'a str {
        let bytes = self.rest.as_bytes();
        let end = bytes.iter().position(|byte| !(byte.is_ascii() && belongs(*byte)));
        let (run, rest) = self.rest.split_at(end.unwrap_or(bytes.len()));
        self.rest = rest;
        run
    }

    /// The same, but not empty.
    pub(super) fn some(&mut self, belongs: impl Fn(u8) -> bool) -> Option<&'a str> {
        Some(self.run(belongs)).filter(|run| !run.is_empty())
    }

    pub(super) fn literal(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// Any number of blanks.
    pub(super) fn blanks(&mut self) {
        self.run(|byte| byte == b' ');
    }

    /// At least one character of white space.
    pub(super) fn space(&mut self) -> Option<()> {
        self.some(is_space).map(|_| ())
    }

    pub(super) fn digits(&mut self) -> Option<&'a str> {
        self.some(|byte| byte.is_ascii_digit())
    }

    pub(super) fn hex(&mut self) -> Option<&'a str> {
        self.some(|byte| byte.is_ascii_hexdigit())
    }

    /// What stands between here and the next white space.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let end = self.rest.bytes().position(is_space).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(word).filter(|word| !word.is_empty())
    }

    /// `N: N [N: N]`, with blanks where writers put them: in use, then allocated, count and bytes
    /// each. Only the first two may be negative, and only in rows.
    pub(super) fn heap_numbers(&mut self, signed: bool) -> Option<[&'a str; 4]> {
        let in_use_count = self.heap_number(signed)?;
        self.literal(":")?;
        self.blanks();
        let in_use_bytes = self.heap_number(signed)?;
        self.blanks();
        self.literal("[")?;
        self.blanks();
        let allocated_count = self.digits()?;
        self.literal(":")?;
        self.blanks();
        let allocated_bytes = self.digits()?;
        self.blanks();
        self.literal("]")?;
        Some([in_use_count, in_use_bytes, allocated_count, allocated_bytes])
    }

    fn heap_number(&mut self, signed: bool) -> Option<&'a str> {
        let start = self.rest;
        if signed {
            let _ = self.literal("-");
        }
        self.digits()?;
        Some(&start[..start.len() - self.rest.len()])
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

/// The characters that a list of addresses is made of, up to the first other one.
pub(super) fn address_list<'a>(at: &mut Cursor<'a>) -> &'a str {
    at.run(|byte| matches!(byte, b' ' | b'x' | b'0'..=b'9' | b'a'..=b'f'))
}

/// Appends every `0x…` of `text` to `addresses`; in `line` they were found.
///
/// # Errors
/// `Malformed` when one has more than 64 bits.
pub(super) fn read_addresses(
    text: &str,
    line: &str,
    addresses: &mut Vec<u64>,
) -> Result<(), Error> {
    let mut rest = text;
    while let Some(start) = rest.find("0x") {
        let mut at = Cursor::new(&rest[start + 2..]);
        if let Some(digits) = at.some(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            let address = u64::from_str_radix(digits, 16).map_err(|_| {
                malformed(format!(
                    "malformed sample: {line}: failed to parse as hex 64-bit number: 0x{digits}"
                ))
            })?;
            addresses.push(address);
        }
        rest = at.rest();
    }
    Ok(())
}

/// A decimal number of a row.
///
/// # Errors
/// `Malformed` when it has more than 64 bits.
pub(super) fn decimal(digits: &str, line: &str) -> Result<i64, Error> {
    digits.parse().map_err(|cause| malformed(format!("malformed sample: {line}: {cause}")))
}

/// A number as C writes it in a program: hexadecimal behind `0x`, octal behind `0`, else decimal.
pub(super) fn c_number(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        read_addresses(text, text, &mut found).unwrap();
        found
    }

    #[test]
    fn addresses_are_found_among_anything() {
        assert_eq!(addresses(" 0x10 main+0x2f 0x 0xG 00x3"), [0x10, 0x2f, 3]);
        assert_eq!(addresses("0x00000000000000000000001"), [1]);
        assert_eq!(addresses("0x1 0x2X 0x0x5"), [1, 2, 0]);
    }

    #[test]
    fn numbers_follow_the_rules_of_c() {
        let read = ["10", "010", "0x10", "-0b11", "0", "+5"].map(c_number);
        assert_eq!(read, [Some(10), Some(8), Some(16), Some(-3), Some(0), Some(5)]);
        for wrong in ["", "x", "0x", "--1", "0x-1", "09", "9223372036854775808", "1 "] {
            assert_eq!(c_number(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn lines_end_at_newlines_and_at_the_end() {
        let mut lines = Lines::new(b"one\r\n\ntwo");
        let mut read = Vec::new();
        while let Some(line) = lines.advance() {
            read.push(line.to_owned());
        }
        assert_eq!(read, ["one", "", "two"]);
        assert_eq!(lines.current(), "");
    }
}
