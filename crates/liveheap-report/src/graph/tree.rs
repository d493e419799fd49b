//! The call tree: a node of its own for each path of calls.
//!
//! A drawn graph and callgrind can ask for it. Every node but the roots has exactly one edge that
//! leads to it.

use super::edges::Edge;
use super::hash::FastMap;
use super::nodes::{NodeTable, position_u32};
use super::tags::{NodeTags, NumberFormat, TagCollector};
use super::weights::Weight;
use crate::value::SampleValue;

/// A call tree before it is trimmed.
#[derive(Debug)]
pub(crate) struct CallTree {
    /// What each tree node stands for, as a node of the table.
    pub(crate) stands_for: Vec<u32>,
    /// What each tree node holds.
    pub(crate) weights: Vec<Weight>,
    /// How each tree node splits by labels; empty when not asked for.
    pub(crate) tags: Vec<NodeTags>,
    /// The edges, each behind those of its caller.
    pub(crate) edges: Vec<Edge>,
}

/// Builds the call tree of all samples; with tags if a number format is given.
pub(crate) fn build(
    table: &NodeTable<'_>,
    value: SampleValue,
    format: Option<NumberFormat<'_>>,
) -> CallTree {
    let profile = table.profile();
    let samples = &profile.samples;
    let mut tree = CallTree {
        stands_for: Vec::new(),
        weights: Vec::new(),
        tags: Vec::new(),
        edges: Vec::new(),
    };
    // Parent (plus one, 0 above the roots) and what the child stands for: the child, and its edge.
    let mut children: FastMap<(u32, u32), (u32, Option<u32>)> = FastMap::default();
    let mut collector = format.map(|format| TagCollector::new(profile, format));
    for sample in 0..samples.len() {
        let (amount, divisor) = value.of(samples.values(sample));
        if amount == 0 && divisor == 0 {
            continue;
        }
        if let Some(collector) = &mut collector {
            collector.enter(samples.labels(sample));
        }
        let mut parent: Option<u32> = None;
        for &location in samples.stack(sample).iter().rev() {
            let nodes = table.of_location(location);
            for (depth, &node) in nodes.iter().enumerate().rev() {
                let above = parent.map_or(0, |parent| parent + 1);
                let (child, edge) = *children.entry((above, node)).or_insert_with(|| {
                    let child = position_u32(tree.stands_for.len());
                    tree.stands_for.push(node);
                    tree.weights.push(Weight::default());
                    let edge = parent.map(|from| {
                        let (weight, divisor, residual) = (0, 0, false);
                        let edge =
                            Edge { from, to: child, weight, divisor, residual, inline: true };
                        tree.edges.push(edge);
                        position_u32(tree.edges.len() - 1)
                    });
                    (child, edge)
                });
                tree.weights[child as usize].add_cum(amount, divisor);
                if let Some(edge) = edge {
                    let inline = depth + 1 != nodes.len();
                    tree.edges[edge as usize].add(amount, divisor, false, inline);
                }
                if let Some(collector) = &mut collector {
                    collector.add(child, |weight| weight.add_cum(amount, divisor));
                }
                parent = Some(child);
            }
        }
        if let Some(leaf) = parent {
            tree.weights[leaf as usize].add_flat(amount, divisor);
            if let Some(collector) = &mut collector {
                collector.add(leaf, |weight| weight.add_flat(amount, divisor));
            }
        }
    }
    if let Some(collector) = collector {
        tree.tags = collector.finish(tree.stands_for.len());
    }
    tree
}

/// Cuts tree nodes out: what they called hangs from their caller then, by a residual edge.
pub(crate) fn splice(edges: &mut Vec<Edge>, removed: &[bool]) {
    let mut edge_to: FastMap<u32, Edge> = FastMap::default();
    for edge in edges.iter() {
        edge_to.insert(edge.to, *edge);
    }
    edges.retain_mut(|edge| {
        if removed[edge.to as usize] {
            return false;
        }
        while removed[edge.from as usize] {
            let Some(above) = edge_to.get(&edge.from) else { return false };
            edge.residual = true;
            edge.inline &= above.inline;
            edge.from = above.from;
        }
        true
    });
}
