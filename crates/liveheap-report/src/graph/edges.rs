//! Which nodes call which: one walk over the samples for the nodes that are kept.

use super::hash::spread;
use super::nodes::NodeTable;
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

/// The edges between the nodes of `kept` that lead to a node of `wanted`, in the order in which
/// they were met first. Each edge counts once per sample; no node has an edge to itself.
pub(crate) fn connect(
    table: &NodeTable<'_>,
    value: SampleValue,
    kept: &[bool],
    wanted: &[bool],
) -> Vec<Edge> {
    let samples = &table.profile().samples;
    let mut edges = EdgeTable::new();
    for sample in 0..samples.len() {
        let (amount, divisor) = value.of(samples.values(sample));
        if amount == 0 && divisor == 0 {
            continue;
        }
        let mut parent = None;
        let mut residual = false;
        for &location in samples.stack(sample).iter().rev() {
            let nodes = table.of_location(location);
            for (depth, &node) in nodes.iter().enumerate().rev() {
                if !kept[node as usize] {
                    residual = true;
                    continue;
                }
                if let Some(parent) = parent
                    && parent != node
                    && wanted[node as usize]
                {
                    let (edge, seen_in) = edges.entry(parent, node);
                    if *seen_in != sample + 1 {
                        *seen_in = sample + 1;
                        edge.add(amount, divisor, residual, depth + 1 != nodes.len());
                    }
                }
                parent = Some(node);
                residual = false;
            }
        }
    }
    edges.edges
}

/// Edges by their ends: an open-addressing table beside the list, at most half full.
struct EdgeTable {
    edges: Vec<Edge>,
    /// The last sample that each edge was seen in, plus one.
    seen_in: Vec<usize>,
    /// Position in `edges` plus one; 0 for a free slot.
    slots: Vec<u32>,
}

impl EdgeTable {
    fn new() -> Self {
        Self { edges: Vec::new(), seen_in: Vec::new(), slots: vec![0; 1024] }
    }

    /// The edge from one node to another, made when it is new.
    #[inline]
    fn entry(&mut self, from: u32, to: u32) -> (&mut Edge, &mut usize) {
        let mut slot = self.slot_of(from, to);
        if self.slots[slot] == 0 {
            if self.edges.len() * 2 >= self.slots.len() {
                self.grow();
                slot = self.slot_of(from, to);
            }
            self.edges.push(Edge {
                from,
                to,
                weight: 0,
                divisor: 0,
                residual: false,
                inline: true,
            });
            self.seen_in.push(0);
            self.slots[slot] = super::nodes::position_u32(self.edges.len());
        }
        let position = self.slots[slot] as usize - 1;
        (&mut self.edges[position], &mut self.seen_in[position])
    }

    /// The slot that holds the edge, or the free one that it would take.
    #[inline]
    fn slot_of(&self, from: u32, to: u32) -> usize {
        let mask = self.slots.len() - 1;
        let hash = spread(u64::from(from) << 32 | u64::from(to));
        // The table has fewer than 2^32 slots, so the upper half of the hash is enough.
        let mut slot = usize::try_from(hash >> 32).unwrap_or(0) & mask;
        loop {
            match self.slots[slot] {
                0 => return slot,
                taken => {
                    let edge = &self.edges[taken as usize - 1];
                    if edge.from == from && edge.to == to {
                        return slot;
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 4];
        for position in 0..self.edges.len() {
            let Edge { from, to, .. } = self.edges[position];
            let slot = self.slot_of(from, to);
            self.slots[slot] = super::nodes::position_u32(position + 1);
        }
    }
}
