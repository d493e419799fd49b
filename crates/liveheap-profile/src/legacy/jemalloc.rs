//! jemalloc's heap profiles, which its own `jeprof` reads.
//!
//! ```text
//! heap_v2/524288
//!   t*: 2: 1048576 [0: 0]
//!   t0: 2: 1048576 [0: 0]
//! @ 0x400100 0x400200
//!   t*: 2: 1048576 [0: 0]
//!   t0: 2: 1048576 [0: 0]
//!
//! MAPPED_LIBRARIES:
//! ```
//!
//! Behind `t*` stands the sum over all threads, first of all stacks and then of each: objects and
//! bytes in use and, in brackets, ever allocated (zeros unless `prof_accum` is on). The numbers are
//! those of the sampled objects; as `jeprof` does, we estimate what there was, but in whole
//! numbers, to the nearest.

use super::heap::estimate;
use super::scan::{self, Cursor, Lines};
use super::stacks::{Stacks, call_before};
use super::{drop_frames, malformed, unrecognized};
use crate::{Error, LabelValue, Profile};

/// Frames of jemalloc, of its builds with a prefix, and of what calls it in a Rust program.
const OWN_FRAMES: &str = concat!(
    "|(_rjem_)?je_.*|_rjem_.*|prof_(backtrace|backtrace_impl|alloc_prep|tctx_create)|",
    "imalloc|imalloc_body|imalloc_sample|irallocx_prof|irallocx_prof_sample|do_rallocx|",
    "malloc_default|(fallbackN|n)ewImpl.*|operator new.*|",
    "(__rustc::)?__(rust|rdl|rg)_.*|alloc::alloc::.*",
);

pub(super) fn read(bytes: &[u8]) -> Result<Profile, Error> {
    let mut lines = Lines::new(bytes);
    let rate = lines.advance().and_then(read_rate).ok_or_else(unrecognized)?;
    let mut row = Row::default();
    let mut stacks: Option<Stacks> = None;
    let mut has_allocated = false;
    // Whether a stack stands above the line at hand that has no numbers yet.
    let mut has_stack = false;
    while let Some(line) = lines.advance() {
        let line = line.trim();
        if scan::announces_memory_map(line) {
            break;
        }
        if let Some(list) = line.strip_prefix('@') {
            row.addresses.clear();
            scan::read_addresses(list, line, &mut row.addresses)?;
            has_stack = true;
        } else if let Some(numbers) = line.strip_prefix("t*:") {
            row.read_numbers(numbers, line)?;
            let stacks = stacks.get_or_insert_with(|| {
                // The first numbers are the totals.
                has_allocated = row.numbers[2..] != [0, 0];
                new_stacks(rate, has_allocated)
            });
            if std::mem::take(&mut has_stack) {
                row.push_into(stacks, rate, has_allocated);
            }
        }
    }
    lines.skip_to_memory_map();
    let stacks = stacks.ok_or_else(|| {
        malformed("the heap dump of jemalloc has no totals (t*), so it was cut short; take another")
    })?;
    let profile = stacks.finish(lines);
    let mut profile = drop_frames::by_sample_type(profile);
    profile.drop_frames = profile.strings.add(&format!("{}{OWN_FRAMES}", drop_frames::ALLOCATORS));
    Ok(profile)
}

/// The mean number of bytes between two samples.
fn read_rate(line: &str) -> Option<i64> {
    let rate: i64 = line.strip_prefix("heap_v2/")?.trim_end().parse().ok()?;
    (rate >= 0).then_some(rate)
}

fn new_stacks(rate: i64, has_allocated: bool) -> Stacks {
    let types = [
        ("alloc_objects", "count"),
        ("alloc_space", "bytes"),
        ("inuse_objects", "count"),
        ("inuse_space", "bytes"),
    ];
    let mut stacks = Stacks::new(if has_allocated { &types } else { &types[2..] });
    stacks.builder.set_period("space", "bytes", rate);
    stacks.builder.set_default_sample_type("inuse_space");
    stacks
}

/// A stack and its numbers, used again for the next one.
#[derive(Debug, Default)]
struct Row {
    addresses: Vec<u64>,
    /// Objects and bytes in use, objects and bytes ever allocated.
    numbers: [i64; 4],
}

impl Row {
    fn read_numbers(&mut self, numbers: &str, line: &str) -> Result<(), Error> {
        let mut at = Cursor::new(numbers);
        at.blanks();
        let parts = at
            .heap_numbers(false)
            .ok_or_else(|| malformed(format!("malformed sample: {line}: expected four numbers")))?;
        for (number, part) in self.numbers.iter_mut().zip(parts) {
            *number = scan::decimal(part, line)?;
        }
        Ok(())
    }

    fn push_into(&self, stacks: &mut Stacks, rate: i64, has_allocated: bool) {
        let [in_use_objects, in_use_bytes, objects, bytes] = self.numbers;
        let in_use = estimate(in_use_objects, in_use_bytes, rate, f64::round);
        let allocated = estimate(objects, bytes, rate, f64::round);
        let values = [allocated.0, allocated.1, in_use.0, in_use.1];
        let values = if has_allocated { &values[..] } else { &values[2..] };
        if values.iter().all(|value| *value == 0) {
            return;
        }
        let object_bytes = in_use_bytes
            .checked_div(in_use_objects)
            .or_else(|| bytes.checked_div(objects))
            .unwrap_or(0);
        // The unwinder that jemalloc calls reports return addresses only, the leaf's included.
        stacks.sample(
            self.addresses.iter().copied().map(call_before),
            values,
            &[("bytes", LabelValue::Number(object_bytes, "bytes"))],
        );
    }
}
