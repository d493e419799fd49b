//! Collects samples whose stacks are bare addresses.
//!
//! Equal addresses become one location, numbered in order of first use. When all samples are there,
//! [`Stacks::finish`] reads the memory map and puts each location into its mapping.

use super::maps;
use super::scan::Lines;
use crate::lookup::{Lookup, Seed};
use crate::{LabelValue, LocationIndex, Profile, ProfileBuilder, Samples};

/// Samples of bare addresses, with the profile that they go into.
#[derive(Debug)]
pub(super) struct Stacks {
    pub(super) builder: ProfileBuilder,
    /// The address of each location.
    addresses: Vec<u64>,
    known: Lookup,
    seed: Seed,
    /// The stack at hand; kept to be used again.
    stack: Vec<LocationIndex>,
}

impl Stacks {
    pub(super) fn new(sample_types: &[(&str, &str)]) -> Self {
        Self {
            builder: ProfileBuilder::new(sample_types),
            addresses: Vec::new(),
            known: Lookup::with_capacity(0),
            seed: Seed::new(),
            stack: Vec::new(),
        }
    }

    /// Adds a sample; addresses are leaf first.
    pub(super) fn sample(
        &mut self,
        addresses: impl IntoIterator<Item = u64>,
        values: &[i64],
        labels: &[(&str, LabelValue<'_>)],
    ) {
        self.stack.clear();
        for address in addresses {
            let hash = || {
                let mut hash = self.seed.start();
                hash.add(address);
                hash.finish()
            };
            let next = self.addresses.len();
            let known = self.known.find_or_enter(next, hash, |row| self.addresses[row] == address);
            if known.is_none() {
                self.addresses.push(address);
                self.builder.location(address, None, &[]);
            }
            self.stack.push(LocationIndex::new(known.unwrap_or(next)));
        }
        self.builder.sample(&self.stack, values, labels);
    }

    /// The addresses, in order of their locations.
    pub(super) fn addresses(&self) -> &[u64] {
        &self.addresses
    }

    /// Reads the rest of the text, which is the memory map, and puts locations into mappings.
    pub(super) fn finish(mut self, map: Lines<'_>) -> Profile {
        let mappings = maps::read(map, &mut self.builder);
        maps::attach(self.builder.finish(), mappings)
    }
}

/// The address in front of a return address, which is inside of the call. (0 wraps around, as
/// pprof has it.)
pub(super) fn call_before(return_address: u64) -> u64 {
    return_address.wrapping_sub(1)
}

/// A stack of a signal handler: the leaf is where the program was, the others are return
/// addresses.
pub(super) fn interrupted(addresses: &[u64]) -> impl Iterator<Item = u64> {
    let (leaf, callers) = addresses.split_at(addresses.len().min(1));
    leaf.iter().copied().chain(callers.iter().copied().map(call_before))
}

/// Takes out the second frame where it is the first one again, one byte before it: handlers that
/// take the leaf from the signal and the rest from an unwinder report it twice.
pub(super) fn without_repeated_leaf(mut profile: Profile) -> Profile {
    let address = |at: LocationIndex| profile.locations[at.get()].address;
    let repeats = |stack: &[LocationIndex]| {
        stack.len() > 1 && address(stack[0]) == address(stack[1]).wrapping_add(1)
    };
    let samples = &profile.samples;
    let mut mended = Samples::new(samples.width());
    let mut shorter = Vec::new();
    for sample in 0..samples.len() {
        let mut stack = samples.stack(sample);
        if repeats(stack) {
            shorter.clear();
            shorter.push(stack[0]);
            shorter.extend_from_slice(&stack[2..]);
            stack = &shorter;
        }
        mended.push(stack, samples.values(sample), samples.labels(sample));
    }
    profile.samples = mended;
    profile
}
