//! Which nodes call which: one walk over the samples for the nodes that are kept.

use super::hash::spread;
use super::nodes::{NodeTable, SEVERAL, position_u32};
use super::weights::mean;
use crate::value::SampleValue;

/// Calls from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    /// The caller.
    pub(crate) from: u32,
    /// The callee.
    pub(crate) to: u32,
    /// What flows along the edge, in the unit of the sample type.
    pub(crate) weight: i64,
    /// What the weight is divided by for a mean; 0 for no division.
    pub(crate) divisor: i64,
    /// Whether nodes between the two were left out, at least once.
    pub(crate) residual: bool,
    /// Whether the callee was inlined into the caller, each time.
    pub(crate) inline: bool,
}

impl Edge {
    /// The weight that is drawn.
    pub(crate) fn weight_value(&self) -> i64 {
        mean(self.weight, self.divisor)
    }

    pub(crate) fn add(&mut self, amount: i64, divisor: i64, residual: bool, inline: bool) {
        self.weight = self.weight.wrapping_add(amount);
        self.divisor = self.divisor.wrapping_add(divisor);
        self.residual |= residual;
        self.inline &= inline;
    }
}

/// Stands for the only node of a location when that node is not kept.
const NOT_KEPT: u32 = SEVERAL - 1;

/// Which edges are wanted: those that leave a node of `from` and those that lead to one of `to`.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) from: Vec<bool>,
    pub(super) to: Vec<bool>,
}

/// The wanted edges between the nodes of `kept`, in the order in which they were met first. Each
/// edge counts once per sample; no node has an edge to itself.
pub(super) fn connect(
    table: &NodeTable<'_>,
    value: SampleValue,
    kept: &[bool],
    wanted: &Wanted,
) -> Vec<Edge> {
    let samples = &table.profile().samples;
    let steps: Vec<u32> = table
        .only_nodes()
        .iter()
        .map(|&node| match kept.get(node as usize) {
            // `SEVERAL` is no node, so it is none of the kept ones either.
            Some(false) => NOT_KEPT,
            _ => node,
        })
        .collect();
    let mut edges = EdgeTable::new();
    for sample in 0..samples.len() {
        let (amount, divisor) = value.of(samples.values(sample));
        if amount == 0 && divisor == 0 {
            continue;
        }
        let stamp = position_u32(sample + 1);
        let mut parent = None;
        let mut residual = false;
        let mut call = |node: u32, residual: bool, inline: bool| {
            if let Some(parent) = parent
                && parent != node
                && (wanted.to[node as usize] || wanted.from[parent as usize])
            {
                let position = edges.position_of(parent, node);
                if edges.slots[position].add(stamp, amount, residual, inline) && divisor != 0 {
                    edges.add_divisor(position, divisor);
                }
            }
            parent = Some(node);
        };
        for &location in samples.stack(sample).iter().rev() {
            match steps[location.get()] {
                NOT_KEPT => residual = true,
                SEVERAL => {
                    let nodes = table.of_location(location);
                    for (depth, &node) in nodes.iter().enumerate().rev() {
                        if kept[node as usize] {
                            call(node, residual, depth + 1 != nodes.len());
                        }
                        residual = !kept[node as usize];
                    }
                }
                node => {
                    call(node, residual, false);
                    residual = false;
                }
            }
        }
    }
    edges.in_order()
}

/// Edges by their ends: an open-addressing table that holds the edges themselves, because a walk
/// jumps between all of them and each place it touches costs. At most half full.
struct EdgeTable {
    /// The length is a power of two.
    slots: Vec<Slot>,
    /// The divisor of each slot; empty as long as there is none, since hardly any report has means.
    divisors: Vec<i64>,
    /// The ends of the edges in the order in which they were met first.
    order: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    from: u32,
    to: u32,
    weight: i64,
    /// The last sample that the edge was seen in, plus one; 0 for a free slot.
    seen_in: u32,
    is_residual: bool,
    /// Whether there was a sample in which the callee was not inlined.
    is_called: bool,
}

// A table of all edges is larger than the caches: what a slot takes is what a walk waits for.
const _: () = assert!(size_of::<Slot>() == 24);

impl Slot {
    /// Whether the sample had not been counted yet.
    #[inline]
    fn add(&mut self, stamp: u32, amount: i64, residual: bool, inline: bool) -> bool {
        let is_new = self.seen_in != stamp;
        if is_new {
            self.seen_in = stamp;
            self.weight = self.weight.wrapping_add(amount);
            self.is_residual |= residual;
            self.is_called |= !inline;
        }
        is_new
    }

    fn is_free(&self) -> bool {
        self.seen_in == 0
    }
}

impl EdgeTable {
    fn new() -> Self {
        Self { slots: vec![Slot::default(); 1024], divisors: Vec::new(), order: Vec::new() }
    }

    /// The slot of the edge from one node to another, made when it is new; the caller adds to it.
    #[inline]
    fn position_of(&mut self, from: u32, to: u32) -> usize {
        let mut position = self.position(from, to);
        if self.slots[position].is_free() {
            if self.order.len() * 2 >= self.slots.len() {
                self.grow();
                position = self.position(from, to);
            }
            self.order.push((from, to));
            self.slots[position] = Slot { from, to, ..Slot::default() };
        }
        position
    }

    fn add_divisor(&mut self, position: usize, divisor: i64) {
        self.divisors.resize(self.slots.len(), 0);
        self.divisors[position] = self.divisors[position].wrapping_add(divisor);
    }

    fn divisor(&self, position: usize) -> i64 {
        self.divisors.get(position).copied().unwrap_or(0)
    }

    /// The slot that holds the edge, or the free one that it would take.
    #[inline]
    fn position(&self, from: u32, to: u32) -> usize {
        let mask = self.slots.len() - 1;
        let hash = spread(u64::from(from) << 32 | u64::from(to));
        // The table has fewer than 2^32 slots, so the upper half of the hash is enough.
        let mut position = usize::try_from(hash >> 32).unwrap_or(0) & mask;
        loop {
            let slot = &self.slots[position];
            if slot.is_free() || (slot.from == from && slot.to == to) {
                return position;
            }
            position = (position + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![Slot::default(); self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, larger);
        let divisors = std::mem::take(&mut self.divisors);
        for (before, slot) in old.iter().enumerate().filter(|(_, slot)| !slot.is_free()) {
            let position = self.position(slot.from, slot.to);
            self.slots[position] = *slot;
            if let Some(&divisor) = divisors.get(before) {
                self.add_divisor(position, divisor);
            }
        }
    }

    fn in_order(self) -> Vec<Edge> {
        let edge = |&(from, to): &(u32, u32)| {
            let position = self.position(from, to);
            let slot = &self.slots[position];
            Edge {
                from,
                to,
                weight: slot.weight,
                divisor: self.divisor(position),
                residual: slot.is_residual,
                inline: !slot.is_called,
            }
        };
        self.order.iter().map(edge).collect()
    }
}
