//! gperftools' CPU profiles: machine words of 32 or 64 bits in either byte order.
//!
//! | part | words |
//! | --- | --- |
//! | header | 0, 3, 0 for C++ or 1 for Java, period in microseconds, 0 |
//! | sample | how often, number of addresses, the addresses from the leaf on |
//! | end | 0, 1, 0 |
//!
//! Behind the end stands the memory map in text; of a Java program, the names of the addresses.

use super::scan::Lines;
use super::stacks::{Stacks, interrupted, without_repeated_leaf};
use super::{java, unrecognized};
use crate::{Error, Profile};

/// Takes machine words off the front of a file.
#[derive(Clone, Copy, Debug)]
struct Words<'a> {
    rest: &'a [u8],
    /// 4 or 8.
    word_bytes: usize,
    is_little_endian: bool,
}

impl Words<'_> {
    fn next(&mut self) -> Option<u64> {
        let (word, rest) = self.rest.split_at_checked(self.word_bytes)?;
        self.rest = rest;
        let digits = word.iter().map(|byte| u64::from(*byte));
        Some(if self.is_little_endian {
            digits.rev().fold(0, |number, digit| number << 8 | digit)
        } else {
            digits.fold(0, |number, digit| number << 8 | digit)
        })
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Profile, Error> {
    for (word_bytes, is_little_endian) in [(4, true), (4, false), (8, true), (8, false)] {
        let mut words = Words { rest: bytes, word_bytes, is_little_endian };
        let header: [Option<u64>; 5] = std::array::from_fn(|_| words.next());
        match header {
            [Some(0), Some(3), Some(0), Some(period @ 1..), Some(0)] => {
                return native(words, period);
            }
            [Some(0), Some(3), Some(1), Some(period @ 1..), Some(0)] => {
                return java(words, period);
            }
            _ => {}
        }
    }
    Err(unrecognized())
}

const SAMPLE_TYPES: [(&str, &str); 2] = [("samples", "count"), ("cpu", "nanoseconds")];

fn native(mut words: Words<'_>, period_micros: u64) -> Result<Profile, Error> {
    let mut samples = RawSamples::read(&mut words)?;
    // Handlers may leave one or two of their own frames behind the leaf of nearly every stack.
    samples.drop_common_second_frame();
    samples.drop_common_second_frame();
    let mut stacks = Stacks::new(&SAMPLE_TYPES);
    samples.push_into(&mut stacks, period_micros, interrupted);
    Ok(without_repeated_leaf(stacks.finish(Lines::new(words.rest))))
}

fn java(mut words: Words<'_>, period_micros: u64) -> Result<Profile, Error> {
    let samples = RawSamples::read(&mut words)?;
    let mut stacks = Stacks::new(&SAMPLE_TYPES);
    samples.push_into(&mut stacks, period_micros, |addresses| addresses.iter().copied());
    java::name_locations(stacks, words.rest)
}

/// Samples as they stand in the file.
#[derive(Debug, Default)]
struct RawSamples {
    counts: Vec<u64>,
    addresses: Vec<u64>,
    /// Where each stack ends in `addresses`.
    ends: Vec<usize>,
}

impl RawSamples {
    /// Reads up to the end mark, or to the end of the file, which may cut the last stack: missing
    /// addresses are then 0.
    ///
    /// # Errors
    /// `Unrecognized` when a stack is longer than the file can hold.
    fn read(words: &mut Words<'_>) -> Result<Self, Error> {
        let mut samples = Self::default();
        while !words.rest.is_empty() {
            let (Some(count), Some(depth)) = (words.next(), words.next()) else {
                return Err(unrecognized());
            };
            let depth = usize::try_from(depth).ok().filter(|depth| *depth <= words.rest.len() / 4);
            let depth = depth.ok_or_else(unrecognized)?;
            let start = samples.addresses.len();
            for _ in 0..depth {
                let address = words.next().unwrap_or_else(|| {
                    words.rest = &[];
                    0
                });
                samples.addresses.push(address);
            }
            if count == 0 && samples.addresses[start..] == [0] {
                samples.addresses.truncate(start);
                break;
            }
            samples.counts.push(count);
            samples.ends.push(samples.addresses.len());
        }
        Ok(samples)
    }

    fn stacks(&self) -> impl Iterator<Item = &[u64]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.addresses[start..*end])
    }

    /// Takes the second frame out of all stacks that have the same one there, if these are all
    /// stacks but one in 32.
    fn drop_common_second_frame(&mut self) {
        let second = |stack: &[u64]| stack.get(1).copied();
        // Only an address that is in more than half of them can be common; this finds it if there
        // is one (Boyer and Moore's majority vote).
        let (mut candidate, mut votes) = (None, 0_usize);
        for address in self.stacks().map(second) {
            if votes == 0 {
                candidate = address;
            }
            votes = if address == candidate { votes + 1 } else { votes - 1 };
        }
        let Some(candidate) = candidate else { return };
        let found = self.stacks().filter(|stack| second(stack) == Some(candidate)).count();
        if found < self.counts.len() - self.counts.len() / 32 {
            return;
        }
        let mut kept = Vec::with_capacity(self.addresses.len());
        let mut ends = Vec::with_capacity(self.ends.len());
        for stack in self.stacks() {
            if second(stack) == Some(candidate) {
                kept.push(stack[0]);
                kept.extend_from_slice(&stack[2..]);
            } else {
                kept.extend_from_slice(stack);
            }
            ends.push(kept.len());
        }
        (self.addresses, self.ends) = (kept, ends);
    }

    fn push_into<'a, A: Iterator<Item = u64>>(
        &'a self,
        stacks: &mut Stacks,
        period_micros: u64,
        frames: impl Fn(&'a [u64]) -> A,
    ) {
        let period = i64::try_from(period_micros).unwrap_or(i64::MAX).saturating_mul(1000);
        stacks.builder.set_period("cpu", "nanoseconds", period);
        for (stack, count) in self.stacks().zip(&self.counts) {
            let count = count.cast_signed();
            stacks.sample(frames(stack), &[count, count.saturating_mul(period)], &[]);
        }
    }
}
