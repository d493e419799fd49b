//! Heap profiles in text: tcmalloc's, gperftools', Go's, and heap growth.
//!
//! ```text
//! heap profile:    2:   2048 [    5:    8192] @ heap_v2/524288
//!    1:   1024 [    3:    4096] @ 0x400100 0x400200
//! MAPPED_LIBRARIES:
//! ```
//!
//! Each row has what is in use and, in brackets, what was ever allocated: objects and bytes. Behind
//! the first `@` stands who wrote it, which says whether the numbers are samples.

use super::scan::{self, Cursor, Lines};
use super::stacks::{Stacks, call_before};
use super::{malformed, unrecognized};
use crate::{Error, LabelValue, Profile};

/// Who wrote the profile, and what that means.
#[derive(Clone, Copy, Debug)]
struct Header {
    /// Mean bytes between two samples, to estimate with; `None` when the rows are true counts.
    sampled_at: Option<i64>,
    /// The period of the profile.
    period: i64,
    /// Whether the numbers in brackets say something of their own.
    has_allocated: bool,
}

pub(super) fn read(bytes: &[u8]) -> Result<Profile, Error> {
    let mut lines = Lines::new(bytes);
    let header = lines.advance().and_then(read_header).ok_or_else(unrecognized)?;
    // Reports choose the last type by default, which is to be the bytes in use.
    let mut stacks = Stacks::new(if header.has_allocated {
        &[
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ]
    } else {
        &[("objects", "count"), ("space", "bytes")]
    });
    stacks.builder.set_period("space", "bytes", header.period);
    let mut row = Row::default();
    while let Some(line) = lines.advance() {
        let line = line.trim();
        if scan::is_blank_or_comment(line) {
            continue;
        }
        if scan::announces_memory_map(line) {
            break;
        }
        row.read(line, &header)?;
        stacks.sample(
            row.addresses.iter().copied().map(call_before),
            &row.values,
            &[("bytes", LabelValue::Number(row.object_bytes, ""))],
        );
    }
    lines.skip_to_memory_map();
    Ok(stacks.finish(lines))
}

/// `None` when it is no such header. It may stand anywhere in the line.
fn read_header(line: &str) -> Option<Header> {
    let starts = || {
        let behind = |(position, word): (usize, &str)| &line[position + word.len()..];
        line.match_indices("heap profile:").map(behind)
    };
    if let Some(found) = starts().find_map(sampled_header) {
        return found;
    }
    let unsampled = |kind: &str| {
        starts().any(|rest| {
            let mut at = Cursor::new(rest);
            at.blanks();
            at.heap_numbers(false).is_some()
                && at.literal(" @ ").is_some()
                && at.literal(kind).is_some()
        })
    };
    (unsampled("growth") || unsampled("fragmentation")).then_some(Header {
        sampled_at: None,
        period: 1,
        has_allocated: false,
    })
}

/// The outer option: whether it has the form. The inner one: whether the writer is known.
fn sampled_header(rest: &str) -> Option<Option<Header>> {
    let mut at = Cursor::new(rest);
    at.blanks();
    let [count, bytes, allocated_count, allocated_bytes] = at.heap_numbers(false)?;
    at.blanks();
    at.literal("@")?;
    at.blanks();
    let writer = at.some(|byte| matches!(byte, b'_' | b'a'..=b'z' | b'0'..=b'9'))?;
    if !writer.starts_with("heap") {
        return None;
    }
    let _ = at.literal("/");
    let rate = match at.digits() {
        None => Some(0),
        Some(digits) => digits.parse::<i64>().ok(),
    };
    let says_more = |allocated: &str, in_use: &str| allocated != in_use && allocated != "0";
    let has_allocated = says_more(allocated_count, count) || says_more(allocated_bytes, bytes);
    let header = |sampled_at: Option<i64>, period| Header { sampled_at, period, has_allocated };
    Some(rate.and_then(|rate| match writer {
        "heap_v2" | "heapz_v2" => Some(header(Some(rate), rate)),
        // Go writes twice its rate, for readers of the time before heap_v2.
        "heap" => Some(header(Some(rate / 2), rate / 2)),
        "heapprofile" => Some(header(None, 1)),
        _ => None,
    }))
}

/// A row, used again for the next one.
#[derive(Debug, Default)]
struct Row {
    values: Vec<i64>,
    /// Bytes of one object, before estimation.
    object_bytes: i64,
    addresses: Vec<u64>,
}

impl Row {
    fn read(&mut self, line: &str, header: &Header) -> Result<(), Error> {
        let ([count, bytes, allocated_count, allocated_bytes], addresses) = row_parts(line)
            .ok_or_else(|| malformed("unexpected number of sample values: got 0, want 6"))?;
        self.values.clear();
        self.object_bytes = 0;
        if header.has_allocated {
            self.push([allocated_count, allocated_bytes], "allocation", line, header)?;
        }
        self.push([count, bytes], "inuse", line, header)?;
        self.addresses.clear();
        scan::read_addresses(addresses, line, &mut self.addresses)
    }

    fn push(
        &mut self,
        [count, bytes]: [&str; 2],
        what: &str,
        line: &str,
        header: &Header,
    ) -> Result<(), Error> {
        let (count, bytes) = (scan::decimal(count, line)?, scan::decimal(bytes, line)?);
        if count == 0 && bytes != 0 {
            return Err(malformed(format!("{what} count was 0 but {what} bytes was {bytes}")));
        }
        if count != 0 {
            self.object_bytes = bytes.wrapping_div(count);
        }
        let estimated = match header.sampled_at {
            Some(rate) if count != 0 => estimate(count, bytes, rate, f64::trunc),
            _ => (count, bytes),
        };
        self.values.extend([estimated.0, estimated.1]);
        Ok(())
    }
}

/// The four numbers and the list of addresses. The row may begin anywhere in the line.
fn row_parts(line: &str) -> Option<([&str; 4], &str)> {
    let mut rest = line;
    loop {
        let start = rest.find(|character: char| character == '-' || character.is_ascii_digit())?;
        let mut at = Cursor::new(&rest[start..]);
        if let Some(numbers) = at.heap_numbers(true)
            && at.literal(" @").is_some()
        {
            return Some((numbers, scan::address_list(&mut at)));
        }
        // What fails at the start of a number fails inside of it too.
        let mut next = Cursor::new(&rest[start..]);
        let _ = next.literal("-");
        let _ = next.digits();
        rest = next.rest();
    }
}

/// How many objects and bytes were there, when sampling one byte in `rate` found this many of one
/// stack: an object of size s is found with the probability 1 − e^(−s/rate).
///
/// The objects of a row may differ in size; their mean stands for all. Numbers beyond 64 bits
/// saturate.
#[expect(clippy::cast_possible_truncation, reason = "saturating is what we want")]
pub(super) fn estimate(count: i64, bytes: i64, rate: i64, whole: fn(f64) -> f64) -> (i64, i64) {
    if count == 0 || bytes == 0 {
        return (0, 0);
    }
    if rate <= 1 {
        return (count, bytes);
    }
    let mean_bytes = bytes as f64 / count as f64;
    let factor = 1.0 / (1.0 - (-mean_bytes / rate as f64).exp());
    (whole(count as f64 * factor) as i64, whole(bytes as f64 * factor) as i64)
}
