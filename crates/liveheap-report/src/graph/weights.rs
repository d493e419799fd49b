//! What each node holds: one walk over the samples, without a look at edges.
//!
//! Flat goes to the leaf-most node of a stack; cum to each node once per sample. Sums wrap on
//! overflow, as pprof's do.

use super::nodes::{NodeTable, SEVERAL, position_u32};
use crate::value::SampleValue;

/// What a node holds, in the unit of the sample type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// What it holds itself.
    pub(crate) flat: i64,
    /// What the flat value is divided by for a mean; 0 for no division.
    pub(crate) flat_divisor: i64,
    /// What it and all it called hold.
    pub(crate) cum: i64,
    /// What the cum value is divided by for a mean; 0 for no division.
    pub(crate) cum_divisor: i64,
}

impl Weight {
    /// The flat value that is shown.
    pub(crate) fn flat_value(&self) -> i64 {
        mean(self.flat, self.flat_divisor)
    }

    /// The cum value that is shown.
    pub(crate) fn cum_value(&self) -> i64 {
        mean(self.cum, self.cum_divisor)
    }

    pub(crate) fn add_flat(&mut self, value: i64, divisor: i64) {
        self.flat = self.flat.wrapping_add(value);
        self.flat_divisor = self.flat_divisor.wrapping_add(divisor);
    }

    pub(crate) fn add_cum(&mut self, value: i64, divisor: i64) {
        self.cum = self.cum.wrapping_add(value);
        self.cum_divisor = self.cum_divisor.wrapping_add(divisor);
    }
}

/// A number without its fraction. What does not fit 64 bits becomes the smallest number, as on the
/// machines that pprof runs on.
pub(crate) fn truncate(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if !(-LIMIT..LIMIT).contains(&number) {
        return i64::MIN;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let whole = number as i64;
    whole
}

/// A sum divided for a mean; without a divisor it stays what it is.
pub(crate) fn mean(value: i64, divisor: i64) -> i64 {
    if divisor == 0 { value } else { value.wrapping_div(divisor) }
}

/// What a node holds with all it called, while it is being summed up: small, because the walk jumps
/// between the entries of all nodes.
#[derive(Clone, Copy, Default)]
struct Sum {
    cum: i64,
    /// The last sample that the node was seen in, plus one: a set that empties itself.
    seen_in: u32,
}

/// The weights of all nodes of the table.
pub(crate) fn weigh(table: &NodeTable<'_>, value: SampleValue) -> Vec<Weight> {
    let samples = &table.profile().samples;
    let mut weights = vec![Weight::default(); table.len()];
    let mut sums = vec![Sum::default(); table.len()];
    for sample in 0..samples.len() {
        let (amount, divisor) = value.of(samples.values(sample));
        if amount == 0 && divisor == 0 {
            continue;
        }
        let stack = samples.stack(sample);
        let stamp = position_u32(sample + 1);
        let mut add = |node: u32| {
            let sum = &mut sums[node as usize];
            if sum.seen_in != stamp {
                sum.seen_in = stamp;
                sum.cum = sum.cum.wrapping_add(amount);
                if divisor != 0 {
                    let weight = &mut weights[node as usize];
                    weight.cum_divisor = weight.cum_divisor.wrapping_add(divisor);
                }
            }
        };
        for &location in stack {
            match table.only_of(location) {
                SEVERAL => table.of_location(location).iter().for_each(|node| add(*node)),
                node => add(node),
            }
        }
        if let Some(&leaf) = stack.first() {
            let node = table.of_location(leaf)[0];
            weights[node as usize].add_flat(amount, divisor);
        }
    }
    for (weight, sum) in weights.iter_mut().zip(sums) {
        weight.cum = sum.cum;
    }
    weights
}
