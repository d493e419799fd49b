//! `tree` and `peek`: each node between its callers and its callees.

use crate::graph::{Trimmed, sort_edges};
use crate::numbers::Numbers;
use crate::pattern::Pattern;
use serde::Serialize;

/// The nodes of a profile, each between its callers and its callees.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TreeReport {
    /// The lines above the blocks.
    pub header: Vec<String>,
    /// What percentages are taken of, in the unit of the sample type.
    pub total: i64,
    /// Whether any node is shown, with a block or without.
    pub has_nodes: bool,
    /// One block for each node, in the order of the report.
    pub blocks: Vec<TreeBlock>,
}

/// A node between its callers and its callees.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TreeBlock {
    /// Function, file, line or instruction.
    pub name: String,
    /// What it holds itself, in the unit of the sample type.
    pub flat: i64,
    /// What it and all it called hold, in the unit of the sample type.
    pub cum: i64,
    /// `flat` as it is shown.
    pub flat_label: String,
    /// `cum` as it is shown.
    pub cum_label: String,
    /// Who called it, heaviest first.
    pub callers: Vec<TreeEdge>,
    /// Whom it called, heaviest first.
    pub callees: Vec<TreeEdge>,
}

/// Calls between a block's node and another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TreeEdge {
    /// The other node.
    pub name: String,
    /// Whether the callee was inlined into the caller.
    pub inline: bool,
    /// What flows along the calls, in the unit of the sample type.
    pub weight: i64,
    /// `weight` as it is shown.
    pub label: String,
}

/// Makes the blocks, of all nodes or of those whose name matches.
pub(crate) fn blocks(
    trimmed: &Trimmed<'_>,
    numbers: &Numbers,
    only: Option<&Pattern>,
) -> Vec<TreeBlock> {
    let graph = &trimmed.graph;
    let edges = |positions: &[u32], other: fn(&crate::graph::Edge) -> u32| {
        let mut positions = positions.to_vec();
        sort_edges(graph, &mut positions);
        let edge = |position: &u32| {
            let edge = &graph.edges[*position as usize];
            TreeEdge {
                name: graph.printed_name(other(edge)).into_owned(),
                inline: edge.inline,
                weight: edge.weight,
                label: numbers.label(edge.weight),
            }
        };
        positions.iter().map(edge).collect::<Vec<_>>()
    };
    let mut blocks = Vec::new();
    for &node in &graph.shown {
        let name = graph.printed_name(node);
        if only.is_some_and(|only| !only.is_match(&name)) {
            continue;
        }
        let weight = graph.weight(node);
        let (flat, cum) = (weight.flat_value(), weight.cum_value());
        blocks.push(TreeBlock {
            name: name.into_owned(),
            flat,
            cum,
            flat_label: numbers.label(flat),
            cum_label: numbers.label(cum),
            callers: edges(graph.edges_into(node), |edge| edge.from),
            callees: edges(graph.edges_out_of(node), |edge| edge.to),
        });
    }
    blocks
}
