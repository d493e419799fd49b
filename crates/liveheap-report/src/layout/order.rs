//! The second step of a layered drawing: the order of vertices within each layer, so that few
//! arrows cross.
//!
//! A [`Layered`] goes in and comes out with other orders. Sweeps go down and up; each puts the
//! vertices of a layer in the order of the medians of their neighbours, then exchanges neighbours
//! wherever that saves crossings. The best order that was met stays.

use super::layers::Layered;

/// Sweeps without any gain before it is given up.
const PATIENCE: usize = 6;
/// Sweeps at most for a graph of usual size.
const MOST_SWEEPS: usize = 24;
/// Work in segments that a layout may take for its sweeps; very large graphs make fewer sweeps.
const MOST_WORK: usize = 400_000;

/// Orders the vertices of each layer.
pub(super) fn order(layered: &mut Layered) {
    let segments: usize = layered.below.iter().map(Vec::len).sum();
    let sweeps = (MOST_WORK / (segments + 1)).clamp(2, MOST_SWEEPS);
    let mut best: Option<(usize, Vec<Vec<usize>>)> = None;
    for from_top in [true, false] {
        let start = walked(layered, from_top);
        layered.set_layers(start);
        improve(layered, sweeps, &mut best);
        if best.as_ref().is_some_and(|(crossings, _)| *crossings == 0) {
            break;
        }
    }
    if let Some((_, layers)) = best {
        layered.set_layers(layers);
    }
}

impl Layered {
    fn set_layers(&mut self, layers: Vec<Vec<usize>>) {
        self.layers = layers;
        for layer in 0..self.layers.len() {
            self.set_places(layer);
        }
    }

    fn set_places(&mut self, layer: usize) {
        for (place, vertex) in self.layers[layer].iter().enumerate() {
            self.places[*vertex] = place;
        }
    }
}

/// Layers in the order in which a walk along the arrows meets the vertices: a tree comes out
/// without crossings.
fn walked(layered: &Layered, from_top: bool) -> Vec<Vec<usize>> {
    let (onwards, back) =
        if from_top { (&layered.below, &layered.above) } else { (&layered.above, &layered.below) };
    let mut layers = vec![Vec::new(); layered.layers.len()];
    let mut seen = vec![false; layered.vertices.len()];
    let mut stack = Vec::new();
    // Boxes come first by number, the heaviest at the front.
    for (start, before) in back.iter().enumerate() {
        if before.is_empty() {
            stack.push(start);
        }
        while let Some(vertex) = stack.pop() {
            if !std::mem::replace(&mut seen[vertex], true) {
                layers[layered.vertices[vertex].layer].push(vertex);
                stack.extend(onwards[vertex].iter().rev().copied());
            }
        }
    }
    layers
}

/// Sweeps until nothing is gained for a while; keeps the best order in `best`.
fn improve(layered: &mut Layered, sweeps: usize, best: &mut Option<(usize, Vec<Vec<usize>>)>) {
    let mut own_best = usize::MAX;
    let mut without_gain = 0;
    for sweep in 0..=sweeps {
        if sweep > 0 {
            by_medians(layered, sweep % 2 == 1, sweep % 4 < 2);
            exchange_neighbors(layered, sweep % 4 < 2);
        }
        let crossings = crossings(layered);
        if crossings < own_best {
            own_best = crossings;
            without_gain = 0;
        } else {
            without_gain += 1;
        }
        if best.as_ref().is_none_or(|(least, _)| crossings < *least) {
            *best = Some((crossings, layered.layers.clone()));
        }
        if crossings == 0 || without_gain == PATIENCE {
            break;
        }
    }
}

/// Sorts each layer by the medians of the neighbours in the layer that was sorted before it.
/// Vertices without such neighbours keep their places. `flips` exchanges equal ones.
fn by_medians(layered: &mut Layered, downwards: bool, flips: bool) {
    let count = layered.layers.len();
    let mut keyed: Vec<(f64, usize)> = Vec::new();
    let mut around = Vec::new();
    for step in 1..count {
        let layer = if downwards { step } else { count - 1 - step };
        let neighbors = if downwards { &layered.above } else { &layered.below };
        keyed.clear();
        let mut vertices = std::mem::take(&mut layered.layers[layer]);
        for vertex in &vertices {
            if let Some(key) = median(&neighbors[*vertex], &layered.places, &mut around) {
                keyed.push((key, *vertex));
            }
        }
        if flips {
            keyed.reverse();
        }
        keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut sorted = keyed.iter().map(|(_, vertex)| *vertex);
        for vertex in &mut vertices {
            if !neighbors[*vertex].is_empty() {
                *vertex = sorted.next().unwrap_or(*vertex);
            }
        }
        layered.layers[layer] = vertices;
        layered.set_places(layer);
    }
}

/// The median of the places of `neighbors`; of two in the middle, what lies between, nearer to
/// the side where the others are close together. None without neighbours.
fn median(neighbors: &[usize], places: &[usize], around: &mut Vec<usize>) -> Option<f64> {
    around.clear();
    around.extend(neighbors.iter().map(|neighbor| places[*neighbor]));
    around.sort_unstable();
    let (first, last) = (*around.first()?, *around.last()?);
    let middle = around.len() / 2;
    if around.len() % 2 == 1 {
        return Some(exact(around[middle]));
    }
    let (left, right) = (around[middle - 1], around[middle]);
    let (left_spread, right_spread) = (left - first, last - right);
    if left_spread + right_spread == 0 {
        return Some(exact(left + right) / 2.0);
    }
    Some(
        (exact(left) * exact(right_spread) + exact(right) * exact(left_spread))
            / exact(left_spread + right_spread),
    )
}

/// Places are far too small to be rounded.
fn exact(place: usize) -> f64 {
    place as f64
}

/// Exchanges neighbours while that saves crossings; equal ones once if `also_equal`.
fn exchange_neighbors(layered: &mut Layered, also_equal: bool) {
    let count = layered.layers.len();
    let mut worth_a_look = vec![true; count];
    let mut equal = also_equal;
    // Each pass but the first saves a crossing; the limit is for very large graphs.
    for _ in 0..10 {
        let mut saved_any = false;
        for layer in 0..count {
            if !std::mem::take(&mut worth_a_look[layer]) {
                continue;
            }
            let mut saved = false;
            for place in 1..layered.layers[layer].len() {
                let (left, right) =
                    (layered.layers[layer][place - 1], layered.layers[layer][place]);
                let (now, then) = pair_crossings(layered, left, right);
                if then < now || (equal && then == now && now > 0) {
                    layered.layers[layer].swap(place - 1, place);
                    layered.places[left] = place;
                    layered.places[right] = place - 1;
                    saved |= then < now;
                }
            }
            if saved {
                saved_any = true;
                for near in [layer.saturating_sub(1), layer, (layer + 1).min(count - 1)] {
                    worth_a_look[near] = true;
                }
            }
        }
        equal = false;
        if !saved_any {
            break;
        }
    }
}

/// Crossings of the arrows at two neighbours, as they stand and exchanged.
fn pair_crossings(layered: &Layered, left: usize, right: usize) -> (usize, usize) {
    let (mut now, mut then) = (0, 0);
    for neighbors in [&layered.above, &layered.below] {
        for one in &neighbors[left] {
            let one = layered.places[*one];
            for other in &neighbors[right] {
                let other = layered.places[*other];
                now += usize::from(one > other);
                then += usize::from(one < other);
            }
        }
    }
    (now, then)
}

/// Crossings in the whole drawing.
pub(super) fn crossings(layered: &Layered) -> usize {
    let mut total = 0;
    let mut ends: Vec<usize> = Vec::new();
    let mut sums: Vec<usize> = Vec::new();
    for pair in layered.layers.windows(2) {
        // Counts, for each end in order, the ends before it that lie further to the right; the
        // sums are a Fenwick tree over the places of the lower layer.
        sums.clear();
        sums.resize(pair[1].len() + 1, 0);
        let mut seen = 0;
        for vertex in &pair[0] {
            ends.clear();
            ends.extend(layered.below[*vertex].iter().map(|end| layered.places[*end]));
            ends.sort_unstable();
            for end in &ends {
                let mut not_right = 0;
                let mut at = end + 1;
                while at > 0 {
                    not_right += sums[at];
                    at &= at - 1;
                }
                total += seen - not_right;
            }
            for end in &ends {
                let mut at = end + 1;
                while at < sums.len() {
                    sums[at] += 1;
                    at += at & at.wrapping_neg();
                }
            }
            seen += ends.len();
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Size;
    use super::super::layers::{Arrow, Diagram, layered};
    use super::*;

    fn ordered(boxes: usize, arrows: &[(usize, usize)]) -> Layered {
        let size = Size { width: 40.0, height: 20.0 };
        let arrow = |&(from, to): &(usize, usize)| Arrow {
            from,
            to,
            weight: 1,
            min_length: 1,
            label: size,
        };
        let arrows = arrows.iter().map(arrow).collect();
        let mut layered = layered(&Diagram { boxes: vec![size; boxes], arrows });
        order(&mut layered);
        layered
    }

    #[test]
    fn a_tree_has_no_crossings() {
        let arrows: Vec<(usize, usize)> =
            (1..40).map(|child| ((child * 7) % child, child)).collect();
        assert_eq!(crossings(&ordered(40, &arrows)), 0);
    }

    #[test]
    fn two_boxes_that_call_the_same_three_cross_three_times() {
        let arrows = [(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4)];
        assert_eq!(crossings(&ordered(5, &arrows)), 3);
    }

    #[test]
    fn crossed_ladders_are_untangled() {
        // Two chains that are tied to each other at the top only.
        let arrows = [(0, 1), (0, 2), (1, 4), (2, 3), (3, 6), (4, 5), (5, 8), (6, 7)];
        assert_eq!(crossings(&ordered(9, &arrows)), 0);
    }

    #[test]
    fn every_vertex_keeps_a_place_in_its_layer() {
        let layered = ordered(6, &[(0, 1), (1, 2), (2, 0), (3, 2), (3, 4), (0, 5), (1, 5)]);
        let mut vertices: Vec<usize> = layered.layers.concat();
        vertices.sort_unstable();
        assert!(vertices.iter().copied().eq(0..layered.vertices.len()));
        for vertex in vertices {
            let layer = &layered.layers[layered.vertices[vertex].layer];
            assert_eq!(layer[layered.places[vertex]], vertex);
        }
    }
}
