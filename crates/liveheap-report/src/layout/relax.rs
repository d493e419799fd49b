//! Draws the lines of arrows taut: each place that an arrow passes moves towards the straight way
//! between those before and after it, as far as its neighbours in the layer leave room.
//!
//! Coordinates go in and come out changed; boxes stay where they are, and so do all orders.

use super::layers::{Kind, Layered};
use super::place::distance;
use super::route::PORT_REACH;

/// Passes over all lines.
const PASSES: usize = 24;
/// How far a place moves past its aim, so that long lines come to rest in fewer passes.
const EAGERNESS: f64 = 1.5;

/// Moves the lines in `xs`; `ys` has the middle of each layer.
pub(super) fn relax(layered: &Layered, xs: &mut [f64], ys: &[f64]) {
    for pass in 0..PASSES {
        for chain in &layered.chains {
            let inner = 1..chain.vertices.len() - 1;
            if pass % 2 == 0 {
                inner.for_each(|at| step(layered, xs, ys, &chain.vertices[at - 1..=at + 1]));
            } else {
                inner.rev().for_each(|at| step(layered, xs, ys, &chain.vertices[at - 1..=at + 1]));
            }
        }
    }
}

/// Moves the middle one of three vertices.
fn step(layered: &Layered, xs: &mut [f64], ys: &[f64], vertices: &[usize]) {
    let [upper, vertex, lower] = vertices else { return };
    let x = xs[*vertex];
    // An arrow may leave a box beside its middle.
    let end = |end: usize| {
        let shape = &layered.vertices[end];
        let reach = if shape.kind == Kind::Box { shape.left * 2.0 * PORT_REACH } else { 0.0 };
        x.clamp(xs[end] - reach, xs[end] + reach)
    };
    let (from, to) = (end(*upper), end(*lower));
    let layer = layered.vertices[*vertex].layer;
    let share = (ys[layer] - ys[layer - 1]) / (ys[layer + 1] - ys[layer - 1]);
    let aim = x + (from + (to - from) * share - x) * EAGERNESS;
    let place = layered.places[*vertex];
    let row = &layered.layers[layer];
    let least = place.checked_sub(1).map(|at| xs[row[at]] + distance(layered, row[at], *vertex));
    let most = row.get(place + 1).map(|at| xs[*at] - distance(layered, *vertex, *at));
    let aim = aim.min(most.unwrap_or(aim));
    xs[*vertex] = aim.max(least.unwrap_or(aim));
}
