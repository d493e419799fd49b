//! Go's counts of stacks in text, such as goroutines and created threads with `debug=1`.
//!
//! ```text
//! goroutine profile: total 7
//! 5 @ 0x400100 0x400200
//! #   0x400100   main.work+0x20   /app/main.go:12
//! ```

use super::scan::{self, Cursor, Lines};
use super::stacks::{Stacks, call_before};
use super::{malformed, unrecognized};
use crate::{Error, Profile};

pub(super) fn read(bytes: &[u8]) -> Result<Profile, Error> {
    let mut lines = Lines::new(bytes);
    let kind = read_header(lines.skip_comments()).ok_or_else(unrecognized)?.to_owned();
    let mut stacks = Stacks::new(&[(&kind, "count")]);
    stacks.builder.set_period(&kind, "count", 1);
    let mut addresses = Vec::new();
    while let Some(line) = lines.advance() {
        if scan::is_blank_or_comment(line) {
            continue;
        }
        if line.starts_with("---") {
            break;
        }
        let count =
            read_row(line, &mut addresses).ok_or_else(|| malformed("malformed profile format"))?;
        stacks.sample(addresses.iter().copied().map(call_before), &[count], &[]);
    }
    lines.skip_to_memory_map();
    Ok(stacks.finish(lines))
}

/// What is counted.
fn read_header(line: &str) -> Option<&str> {
    let without_total = line.trim_end_matches(|character: char| character.is_ascii_digit());
    let kind = without_total.strip_suffix(" profile: total ")?;
    let is_word = !kind.is_empty() && !kind.bytes().any(scan::is_space);
    (without_total.len() < line.len() && is_word).then_some(kind)
}

/// The count of a row that consists of nothing but `COUNT @ ADDRESS …`.
fn read_row(line: &str, addresses: &mut Vec<u64>) -> Option<i64> {
    let mut at = Cursor::new(line);
    let count = scan::c_number(at.digits()?)?;
    at.literal(" @")?;
    addresses.clear();
    loop {
        at.literal(" 0x")?;
        let digits = at.some(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))?;
        addresses.push(u64::from_str_radix(digits, 16).ok()?);
        if at.rest().is_empty() {
            return Some(count);
        }
    }
}
