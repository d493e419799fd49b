//! The readable text that `?debug=1` gives: Go's legacy heap profile.
//!
//! In: rows, names and statistics. Out: a line for each row with what was really picked (not scaled
//! up; readers do that themselves from the rate) or, when that was picked with several rates, with the
//! estimates and a rate that makes readers leave them alone; the calls with their names as comments, the
//! mapped binaries for readers, and the statistics for people at the end. pprof reads it.

use crate::memstats::MemoryStats;
use crate::names::Names;
use crate::plumbing;
use crate::sampled::{Picked, Row, Sampled};
use std::fmt::Write as _;

/// Writes the text.
pub(crate) fn text(sampled: &Sampled, names: &Names, statistics: &MemoryStats) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail; the results below are dropped for that reason.
    let _ = write_rows(&mut out, sampled, names);
    let _ = write_modules(&mut out, sampled);
    let _ = statistics.write(&mut out);
    out
}

fn write_rows(out: &mut String, sampled: &Sampled, names: &Names) -> std::fmt::Result {
    let counts = |row| if sampled.has_other_rates { estimated(row) } else { row.picked };
    let mut rows: Vec<_> = sampled.rows.iter().map(|row| (counts(row), row)).collect();
    // What holds most comes first; equal rows stay in their order.
    rows.sort_by_key(|(counts, _)| {
        std::cmp::Reverse((counts.in_use_bytes, counts.allocated_bytes))
    });

    let mut total = Picked::default();
    for (counts, _) in &rows {
        total.in_use_objects += counts.in_use_objects;
        total.in_use_bytes += counts.in_use_bytes;
        total.allocated_objects += counts.allocated_objects;
        total.allocated_bytes += counts.allocated_bytes;
    }
    // Readers take a profile in which both are equal for one that knows nothing of allocation.
    if total.in_use_bytes == total.allocated_bytes {
        total.allocated_bytes += 1;
    }
    write!(out, "heap profile: ")?;
    write_counts(out, &total)?;
    // Twice the rate is what the first readers of this format expected; rate 1 scales nothing.
    let rate = if sampled.has_other_rates { 1 } else { sampled.rate };
    writeln!(out, " @ heap/{}", rate.saturating_mul(2))?;

    let lines = Lines::new(sampled, names)?;
    for (counts, row) in rows {
        write_counts(out, &counts)?;
        out.push_str(" @");
        let stack = lines.without_plumbing(sampled.stack(row));
        for &call in stack {
            out.push_str(lines.address(call));
        }
        out.push('\n');
        for &call in stack {
            out.push_str(lines.comment(call));
        }
        out.push('\n');
    }
    Ok(())
}

/// What is written for each call, made once: stacks share most of their calls.
struct Lines {
    /// By the number of the call: its address with a blank before it, its comment line, and whether
    /// its function is an allocator's plumbing.
    lines: Vec<(String, String, bool)>,
}

impl Lines {
    fn new(sampled: &Sampled, names: &Names) -> Result<Self, std::fmt::Error> {
        let mut lines = Vec::new();
        for (number, return_address) in sampled.return_addresses.values().iter().enumerate() {
            let (mut address, mut comment) = (String::new(), String::new());
            write!(address, " {return_address:#x}")?;
            write!(comment, "#\t{return_address:#x}")?;
            let name = names.of(number);
            if let Some(name) = name {
                write!(comment, "\t{}+{:#x}", name.name, name.distance + 1)?;
            }
            comment.push('\n');
            let is_plumbing = name.is_some_and(|name| plumbing::is_plumbing(&name.name));
            lines.push((address, comment, is_plumbing));
        }
        Ok(Self { lines })
    }

    fn address(&self, call: u32) -> &str {
        &self.lines[call as usize].0
    }

    fn comment(&self, call: u32) -> &str {
        &self.lines[call as usize].1
    }

    /// The stack without the plumbing at its leaf; a stack of nothing else stays whole.
    fn without_plumbing<'a>(&self, calls: &'a [u32]) -> &'a [u32] {
        let first = calls.iter().position(|&call| !self.lines[call as usize].2).unwrap_or(0);
        &calls[first..]
    }
}

/// The estimates of a row as if they had been picked.
fn estimated(row: &Row) -> Picked {
    let positive = |value: i64| u64::try_from(value).unwrap_or(0);
    Picked {
        allocated_objects: positive(row.estimate.allocated_objects),
        allocated_bytes: positive(row.estimate.allocated_bytes),
        in_use_objects: positive(row.estimate.in_use_objects),
        in_use_bytes: positive(row.estimate.in_use_bytes),
    }
}

fn write_counts(out: &mut String, counts: &Picked) -> std::fmt::Result {
    write!(
        out,
        "{}: {} [{}: {}]",
        counts.in_use_objects,
        counts.in_use_bytes,
        counts.allocated_objects,
        counts.allocated_bytes
    )
}

/// The mapped binaries in the kernel's form, which every reader of this format knows.
fn write_modules(out: &mut String, sampled: &Sampled) -> std::fmt::Result {
    writeln!(out, "\nMAPPED_LIBRARIES:")?;
    for module in &sampled.modules {
        writeln!(
            out,
            "{:08x}-{:08x} r-xp {:08x} 00:00 0 {}",
            module.start, module.limit, module.offset, module.path
        )?;
    }
    for comment in &sampled.comments {
        let comment = comment.trim_start_matches("# ");
        writeln!(out, "# {comment}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
