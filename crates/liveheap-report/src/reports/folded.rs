//! `folded`: collapsed stacks, the language of flame graph tools.
//!
//! A line for each distinct stack of printed names: frames from root to leaf between semicolons, a
//! blank, and the value. Equal stacks are added up; stacks stay in the order of their first sample.

use crate::graph::{FastMap, NodeOptions, NodeTable, mean, position_u32};
use crate::numbers::Numbers;
use crate::value::SampleValue;
use liveheap_profile::Profile;
use serde::Serialize;

/// The samples of a profile as collapsed stacks.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FoldedReport {
    /// Each distinct stack, root first, and its value in the unit of the sample type.
    pub stacks: Vec<FoldedStack>,
}

/// A distinct stack.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FoldedStack {
    /// The names of the frames, root first.
    pub frames: Vec<String>,
    /// What the samples with this stack hold, in the unit of the sample type.
    pub value: i64,
}

/// Collapses the samples of a filtered profile; stacks that cancel out to 0 are left out.
pub(crate) fn folded(profile: &Profile, value: SampleValue, numbers: &Numbers) -> FoldedReport {
    let table = NodeTable::new(profile, &NodeOptions::default());
    let mut places: FastMap<Box<[u32]>, usize> = FastMap::default();
    let mut sums: Vec<(Box<[u32]>, i64, i64)> = Vec::new();
    let mut nodes = Vec::new();
    for sample in 0..profile.samples.len() {
        nodes.clear();
        for at in profile.samples.stack(sample) {
            nodes.extend_from_slice(table.of_location(*at));
        }
        if nodes.is_empty() {
            continue;
        }
        let (amount, divisor) = value.of(profile.samples.values(sample));
        let place = match places.get(nodes.as_slice()) {
            Some(&place) => place,
            None => {
                sums.push((nodes.as_slice().into(), 0, 0));
                places.insert(nodes.as_slice().into(), sums.len() - 1);
                sums.len() - 1
            }
        };
        let sum = &mut sums[place];
        sum.1 = sum.1.wrapping_add(amount);
        sum.2 = sum.2.wrapping_add(divisor);
    }
    // A semicolon inside of a name would end the frame.
    let names: Vec<String> = (0..table.len())
        .map(|node| table.printed_name(position_u32(node)).replace(';', ":").replace('\n', " "))
        .collect();
    let stack = |(nodes, amount, divisor): (Box<[u32]>, i64, i64)| FoldedStack {
        frames: nodes.iter().rev().map(|node| names[*node as usize].clone()).collect(),
        value: numbers.scaled(mean(amount, divisor)),
    };
    let stacks = sums.into_iter().map(stack).filter(|stack| stack.value != 0).collect();
    FoldedReport { stacks }
}
