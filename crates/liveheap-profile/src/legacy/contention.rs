//! Waits for locks, in text: Go's mutex and block profiles with `debug=1`, and those of C++.
//!
//! ```text
//! --- mutex:
//! cycles/second=2000000000
//! sampling period=10
//! 4000 2 @ 0x400100 0x400200
//! ```
//!
//! A row has the cycles waited and the number of waits, both of the sampled waits only.

use super::scan::{self, Cursor, Lines};
use super::stacks::{Stacks, call_before};
use super::unrecognized;
use crate::{Error, Profile};

/// What stands between the first line and the rows.
#[derive(Clone, Copy, Debug)]
struct Header {
    /// 0 when the delays are in nanoseconds already.
    cycles_per_second: i64,
    /// One of so many waits was sampled.
    period: i64,
    duration_nanos: i64,
}

pub(super) fn read(bytes: &[u8]) -> Result<Profile, Error> {
    let mut lines = Lines::new(bytes);
    let is_mine = lines.advance().is_some_and(|line| {
        ["--- contentionz ", "--- mutex:", "--- contention:"]
            .iter()
            .any(|start| line.starts_with(start))
    });
    if !is_mine {
        return Err(unrecognized());
    }
    let header = read_header(&mut lines)?;
    let mut stacks = Stacks::new(&[("contentions", "count"), ("delay", "nanoseconds")]);
    stacks.builder.set_period("contentions", "count", header.period);
    stacks.builder.set_time(0, header.duration_nanos);
    let mut addresses = Vec::new();
    // The line that ended the header is the first row.
    loop {
        let line = lines.current().trim();
        if line.starts_with("---") {
            break;
        }
        if !scan::is_blank_or_comment(line) {
            let values = read_row(line, &header, &mut addresses)?;
            stacks.sample(addresses.iter().copied().map(call_before), &values, &[]);
        }
        if lines.advance().is_none() {
            break;
        }
    }
    lines.skip_to_memory_map();
    Ok(stacks.finish(lines))
}

/// Reads up to the first line that is no `name = value`.
fn read_header(lines: &mut Lines<'_>) -> Result<Header, Error> {
    let mut header = Header { cycles_per_second: 0, period: 1, duration_nanos: 0 };
    while let Some(line) = lines.advance() {
        let line = line.trim();
        if scan::is_blank_or_comment(line) {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else { break };
        if line.starts_with("---") {
            break;
        }
        let number = || scan::c_number(value.trim()).ok_or_else(unrecognized);
        match name.trim() {
            "cycles/second" => header.cycles_per_second = number()?,
            "sampling period" => header.period = number()?,
            "ms since reset" => header.duration_nanos = number()?.saturating_mul(1_000_000),
            "discarded samples" => {}
            // `format` and `resolution` are Java's, and another reader's.
            _ => return Err(unrecognized()),
        }
    }
    Ok(header)
}

/// Waits and nanoseconds, estimated for all waits.
#[expect(clippy::cast_possible_truncation, reason = "saturating is what we want")]
fn read_row(line: &str, header: &Header, addresses: &mut Vec<u64>) -> Result<[i64; 2], Error> {
    let (delay, waits, list) = row_parts(line).ok_or_else(unrecognized)?;
    let (mut delay, mut waits) = (scan::decimal(delay, line)?, scan::decimal(waits, line)?);
    if header.period > 0 {
        if header.cycles_per_second > 0 {
            let cycles_per_nano = header.cycles_per_second as f64 / 1e9;
            delay = (delay as f64 * header.period as f64 / cycles_per_nano) as i64;
        }
        waits = waits.saturating_mul(header.period);
    }
    addresses.clear();
    scan::read_addresses(list, line, addresses)?;
    Ok([waits, delay])
}

/// `DELAY COUNT @ ADDRESSES` anywhere in the line. The blanks between the numbers may be missing:
/// the last digit is then the count, as pprof has it.
fn row_parts(line: &str) -> Option<(&str, &str, &str)> {
    let is_digit = |character: char| character.is_ascii_digit();
    line.match_indices(" @").find_map(|(position, word)| {
        let before = &line[..position];
        let rest = before.trim_end_matches(is_digit);
        let mut count = &before[rest.len()..];
        let numbers = rest.trim_end_matches(' ');
        let mut delay = &numbers[numbers.trim_end_matches(is_digit).len()..];
        if delay.is_empty() {
            (delay, count) = count.split_at(count.len().saturating_sub(1));
        }
        if delay.is_empty() || count.is_empty() {
            return None;
        }
        let mut at = Cursor::new(&line[position + word.len()..]);
        Some((delay, count, scan::address_list(&mut at)))
    })
}
