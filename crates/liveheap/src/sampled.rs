//! What was sampled, as plain data: the step between the runtime's live tables and every way out.
//!
//! Out: rows of (stack, size class) with their estimates and raw counts, the sample rate, the
//! modules, and the time. The profile, the text and the statistics are made from this alone, so they
//! are tested with rows that are made up.

use crate::addresses::Addresses;

/// A binary or library as it is mapped, executable parts only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) path: String,
    /// Hexadecimal; empty when unknown.
    pub(crate) build_id: String,
    /// First process address.
    pub(crate) start: u64,
    /// Process address behind the last.
    pub(crate) limit: u64,
    /// File offset in bytes of what is mapped at `start`.
    pub(crate) offset: u64,
    /// Whether it is the program itself.
    pub(crate) is_main: bool,
}

/// Estimates of one row, in the order of the profile's sample types; negative only in a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Estimate {
    pub(crate) allocated_objects: i64,
    pub(crate) allocated_bytes: i64,
    pub(crate) in_use_objects: i64,
    pub(crate) in_use_bytes: i64,
}

/// What was really picked, not scaled up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picked {
    pub(crate) allocated_objects: u64,
    pub(crate) allocated_bytes: u64,
    pub(crate) in_use_objects: u64,
    pub(crate) in_use_bytes: u64,
}

/// What tells rows of one bucket apart. Rows without it are of no age and no thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// Begin of the class of age.
    pub(crate) age_seconds: Option<u64>,
    /// Index of the name in [`Sampled::threads`].
    pub(crate) thread: Option<u32>,
}

/// All sampled objects of one stack and one size class, or those of them that share their labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Its stack's place in [`Sampled::stacks`].
    pub(crate) stack_start: usize,
    pub(crate) stack_end: usize,
    /// Size of one object in bytes: of the first that came to the row.
    pub(crate) size: u64,
    pub(crate) labels: Labels,
    pub(crate) estimate: Estimate,
    pub(crate) picked: Picked,
}

/// What was sampled up to one moment, or between two.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sampled {
    /// Mean number of allocated bytes between two samples; 0 is off.
    pub(crate) rate: u64,
    /// Whether some samples were picked with another rate.
    pub(crate) has_other_rates: bool,
    /// The variance of the estimate of all bytes in use; 0 in a difference.
    pub(crate) in_use_variance: f64,
    /// Nanoseconds since the Unix epoch.
    pub(crate) time_nanos: i64,
    /// Nanoseconds between the two moments of a difference, else 0.
    pub(crate) duration_nanos: i64,
    /// The main binary first, the rest ascending.
    pub(crate) modules: Vec<Module>,
    /// Added by [`Sampled::push`].
    pub(crate) rows: Vec<Row>,
    /// The stacks of all rows, one behind the other: numbers of return addresses, leaf first.
    pub(crate) stacks: Vec<u32>,
    pub(crate) return_addresses: Addresses,
    /// Names of threads, for labels.
    pub(crate) threads: Vec<String>,
    /// What the reader should also hear.
    pub(crate) comments: Vec<String>,
}

impl Sampled {
    /// Adds a row. `stack` holds return addresses, leaf first; it may be empty.
    pub(crate) fn push(
        &mut self,
        stack: impl IntoIterator<Item = u64>,
        size: u64,
        estimate: Estimate,
        picked: Picked,
    ) {
        let stack_start = self.stacks.len();
        for address in stack {
            self.stacks.push(self.return_addresses.number(address));
        }
        let stack_end = self.stacks.len();
        let labels = Labels::default();
        self.rows.push(Row { stack_start, stack_end, size, labels, estimate, picked });
    }

    /// The stack of a row, leaf first: numbers of calls.
    pub(crate) fn stack(&self, row: &Row) -> &[u32] {
        &self.stacks[row.stack_start..row.stack_end]
    }

    /// The addresses of all calls, by their number: some byte of each call's instruction.
    pub(crate) fn calls(&self) -> Vec<u64> {
        let addresses = self.return_addresses.values().iter();
        addresses.map(|address| address.saturating_sub(1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_one_byte_before_their_return_address() {
        let mut sampled = Sampled::default();
        for stack in [[0x20, 0x10], [0x30, 0x10]] {
            sampled.push(stack, 8, Estimate::default(), Picked::default());
        }
        assert_eq!(sampled.calls(), [0x1f, 0x0f, 0x2f]);
        assert_eq!(sampled.stack(&sampled.rows[1]), [2, 1]);
    }
}
