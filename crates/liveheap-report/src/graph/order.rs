//! The order of nodes and edges.
//!
//! Larger magnitudes first; equal ones by printed name; what is equal even then stays in the order
//! of the profile, where pprof leaves it to chance.

use super::Graph;
use super::edges::Edge;
use super::weights::{Weight, truncate};
use std::cmp::Reverse;

/// What nodes are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeOrder {
    /// What they hold themselves.
    Flat,
    /// What they and all they called hold.
    Cum,
    /// How much a drawn graph says by showing them.
    Entropy,
}

/// Larger magnitudes first. The smallest number has no magnitude and stays below zero, as in pprof.
fn magnitude(value: i64) -> Reverse<i64> {
    Reverse(value.wrapping_abs())
}

/// Sorts the shown nodes of a graph by their value; those of equal value by printed name, then, if
/// they stand for the same place, by their other value, then by id.
pub(crate) fn sort_nodes(graph: &mut Graph<'_>, order: NodeOrder) {
    let mut rows: Vec<(Reverse<i64>, Reverse<i64>, u32)> = graph
        .shown
        .iter()
        .map(|&node| {
            let weight = graph.weight(node);
            let (first, last) = match order {
                NodeOrder::Flat => (weight.flat, weight.cum),
                NodeOrder::Cum => (weight.cum, weight.flat),
                NodeOrder::Entropy => (entropy_score(graph, node), weight.flat),
            };
            (magnitude(first), magnitude(last), node)
        })
        .collect();
    rows.sort_unstable_by_key(|row| row.0);
    for equal in rows.chunk_by_mut(|one, other| one.0 == other.0) {
        if equal.len() > 1 {
            equal.sort_by_cached_key(|&(_, last, node)| {
                (graph.printed_name(node), graph.stands_for(node), last, node)
            });
        }
    }
    graph.shown = rows.into_iter().map(|row| row.2).collect();
}

/// Sorts edges, given as positions in the graph's list, by magnitude; equal ones by the printed
/// names of both ends.
pub(crate) fn sort_edges(graph: &Graph<'_>, edges: &mut [u32]) {
    let edge = |position: u32| &graph.edges[position as usize];
    edges.sort_by_key(|&position| magnitude(edge(position).weight));
    let equal =
        |one: &u32, other: &u32| magnitude(edge(*one).weight) == magnitude(edge(*other).weight);
    for equal in edges.chunk_by_mut(equal) {
        if equal.len() > 1 {
            equal.sort_by_cached_key(|&position| {
                let edge = edge(position);
                (graph.printed_name(edge.from), graph.printed_name(edge.to), Reverse(edge.weight))
            });
        }
    }
}

/// How much a node says: it is penalized when all that flows in flows straight out. The formula is
/// pprof's: magnitude of cum times the entropies of both sides, plus flat.
fn entropy_score(graph: &Graph<'_>, node: u32) -> i64 {
    let Weight { flat, cum, .. } = *graph.weight(node);
    let side = |edges: &[u32], itself: i64| {
        if edges.is_empty() { 1.0 } else { edge_entropy(graph, edges, itself) }
    };
    let score = side(graph.edges_into(node), 0) + side(graph.edges_out_of(node), flat);
    truncate(score * cum as f64).wrapping_add(flat)
}

/// The entropy of a set of edges and of what a node holds itself, in bits.
fn edge_entropy(graph: &Graph<'_>, edges: &[u32], itself: i64) -> f64 {
    let weights = || edges.iter().map(|&edge| graph.edges[edge as usize].weight);
    let positive = weights().filter(|weight| *weight > 0).fold(0_i64, i64::wrapping_add);
    let total = itself.wrapping_add(positive);
    if total == 0 {
        return 0.0;
    }
    let of = |weight: i64| {
        let fraction = weight.wrapping_abs() as f64 / total as f64;
        if fraction == 0.0 { f64::NAN } else { -fraction * log2(fraction) }
    };
    let sum: f64 = weights().map(of).sum();
    if itself > 0 { sum + of(itself) } else { sum }
}

/// The logarithm to base 2 by way of the natural one, exact for powers of two.
fn log2(number: f64) -> f64 {
    let exponent = number.abs().log2().floor() + 1.0;
    let fraction = number / exponent.exp2();
    if fraction == 0.5 {
        return exponent - 1.0;
    }
    fraction.ln() * (1.0 / std::f64::consts::LN_2) + exponent
}

/// Sorts all edges that are drawn.
pub(crate) fn sorted_edges(graph: &Graph<'_>) -> Vec<Edge> {
    let mut positions: Vec<u32> =
        graph.shown.iter().flat_map(|&node| graph.edges_out_of(node).iter().copied()).collect();
    sort_edges(graph, &mut positions);
    positions.iter().map(|&position| graph.edges[position as usize]).collect()
}
