//! The first step of a layered drawing: which layer each box stands in, and the vertices that
//! arrows need on the layers between.
//!
//! A connected [`Diagram`] goes in, a [`Layered`] comes out, whose layers are not ordered yet.
//! Arrows that would go up, because of recursion, are turned round here and only here; [`Chain`]
//! remembers. Boxes stand on even layers. The odd ones are for labels, one for each arrow, on one
//! of the layers that the arrow passes.

use super::geometry::Size;
use super::simplex::{self, Constraint};

/// Boxes and arrows that have no place yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Diagram {
    /// Sizes of the boxes.
    pub(super) boxes: Vec<Size>,
    /// The arrows, heaviest first.
    pub(super) arrows: Vec<Arrow>,
}

/// An arrow between two boxes, or from a box to itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrow {
    /// The box it starts at.
    pub(super) from: usize,
    /// The box it points to.
    pub(super) to: usize,
    /// How much it should be short and straight; positive.
    pub(super) weight: i64,
    /// Least number of ranks of boxes that it goes down; positive.
    pub(super) min_length: usize,
    /// Size of the text beside it.
    pub(super) label: Size,
}

/// Boxes, and places where arrows pass, in layers.
#[derive(Debug, Default)]
pub(super) struct Layered {
    /// The boxes under their own numbers, then what arrows pass.
    pub(super) vertices: Vec<Vertex>,
    /// The vertices of each layer from left to right, topmost layer first.
    pub(super) layers: Vec<Vec<usize>>,
    /// Position of each vertex in its layer.
    pub(super) places: Vec<usize>,
    /// Neighbours of each vertex in the layer above.
    pub(super) above: Vec<Vec<usize>>,
    /// Neighbours of each vertex in the layer below.
    pub(super) below: Vec<Vec<usize>>,
    /// The arrows but for those from a box to itself.
    pub(super) chains: Vec<Chain>,
}

/// A box or a place that an arrow passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex {
    pub(super) layer: usize,
    pub(super) kind: Kind,
    /// Room to the left of the middle of a box, or of the arrow's line.
    pub(super) left: f64,
    /// Room to the right of it.
    pub(super) right: f64,
    pub(super) height: f64,
}

/// What a vertex stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A box.
    Box,
    /// The line of an arrow.
    Bend,
    /// The line of an arrow with its label to the right of it.
    Label,
}

/// The way of an arrow through the layers.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The arrow's number in the diagram.
    pub(super) arrow: usize,
    /// Whether the arrow points up.
    pub(super) reversed: bool,
    /// The upper box, what the arrow passes, the lower box.
    pub(super) vertices: Vec<usize>,
}

/// Room on each side of a line without anything.
const BEND_ROOM: f64 = 4.0;
/// Room between a line and the label beside it.
pub(super) const LABEL_DISTANCE: f64 = 5.0;
/// How far the loop of an arrow from a box to itself reaches out of the box.
pub(super) const LOOP_ROOM: f64 = 22.0;
/// Exchanges before a ranking is taken as good enough; more are only met by very large graphs.
const RANK_PIVOTS: usize = 20_000;

/// Puts boxes into layers and arrows on the layers between.
pub(super) fn layered(diagram: &Diagram) -> Layered {
    let reversed = back_arrows(diagram);
    let ranks = ranks(diagram, &reversed);
    let mut layered = Layered::default();
    let count = ranks.iter().max().map_or(0, |last| last * 2 + 1);
    layered.layers.resize(count, Vec::new());
    for (size, rank) in diagram.boxes.iter().zip(&ranks) {
        let half = size.width / 2.0;
        layered.add(rank * 2, Kind::Box, half, half, size.height);
    }
    for (index, arrow) in diagram.arrows.iter().enumerate() {
        if arrow.from == arrow.to {
            layered.vertices[arrow.from].right += LOOP_ROOM + LABEL_DISTANCE + arrow.label.width;
            continue;
        }
        let (upper, lower) =
            if reversed[index] { (arrow.to, arrow.from) } else { (arrow.from, arrow.to) };
        let (first, last) = (ranks[upper] * 2, ranks[lower] * 2);
        // The odd layer next to the middle.
        let label_layer = (first + last) / 2 - usize::from((first + last) / 2 % 2 == 0);
        let mut vertices = vec![upper];
        for layer in first + 1..last {
            let vertex = if layer == label_layer {
                let right = LABEL_DISTANCE + arrow.label.width;
                layered.add(layer, Kind::Label, BEND_ROOM, right, arrow.label.height)
            } else {
                layered.add(layer, Kind::Bend, BEND_ROOM, BEND_ROOM, 0.0)
            };
            vertices.push(vertex);
        }
        vertices.push(lower);
        for pair in vertices.windows(2) {
            layered.below[pair[0]].push(pair[1]);
            layered.above[pair[1]].push(pair[0]);
        }
        layered.chains.push(Chain { arrow: index, reversed: reversed[index], vertices });
    }
    layered
}

impl Layered {
    fn add(&mut self, layer: usize, kind: Kind, left: f64, right: f64, height: f64) -> usize {
        let vertex = self.vertices.len();
        self.vertices.push(Vertex { layer, kind, left, right, height });
        self.places.push(self.layers[layer].len());
        self.layers[layer].push(vertex);
        self.above.push(Vec::new());
        self.below.push(Vec::new());
        vertex
    }
}

/// For each arrow, whether it closes a cycle when calls are followed from the callers that nobody
/// calls, heavy arrows first, and thus would go up.
fn back_arrows(diagram: &Diagram) -> Vec<bool> {
    let count = diagram.boxes.len();
    let mut leaving = vec![Vec::new(); count];
    let mut called = vec![false; count];
    for (index, arrow) in diagram.arrows.iter().enumerate() {
        if arrow.from != arrow.to {
            leaving[arrow.from].push(index);
            called[arrow.to] = true;
        }
    }
    let (starts, rest): (Vec<usize>, Vec<usize>) = (0..count).partition(|start| !called[*start]);
    let mut back = vec![false; diagram.arrows.len()];
    let mut seen = vec![false; count];
    let mut open = vec![false; count];
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for start in starts.into_iter().chain(rest) {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        open[start] = true;
        stack.push((start, 0));
        while let Some((vertex, at)) = stack.last_mut() {
            let vertex = *vertex;
            let Some(index) = leaving[vertex].get(*at).copied() else {
                open[vertex] = false;
                stack.pop();
                continue;
            };
            *at += 1;
            let to = diagram.arrows[index].to;
            if open[to] {
                back[index] = true;
            } else if !seen[to] {
                seen[to] = true;
                open[to] = true;
                stack.push((to, 0));
            }
        }
    }
    back
}

/// The rank of each box, 0 for the topmost, so that the weighted length of arrows is least.
fn ranks(diagram: &Diagram, reversed: &[bool]) -> Vec<usize> {
    let constraints: Vec<Constraint> = diagram
        .arrows
        .iter()
        .zip(reversed)
        .filter(|(arrow, _)| arrow.from != arrow.to)
        .map(|(arrow, reversed)| {
            let (tail, head) =
                if *reversed { (arrow.to, arrow.from) } else { (arrow.from, arrow.to) };
            let length = i64::try_from(arrow.min_length).unwrap_or(1);
            Constraint { tail, head, length, weight: arrow.weight }
        })
        .collect();
    simplex::solve(diagram.boxes.len(), &constraints, RANK_PIVOTS)
        .into_iter()
        .map(|rank| usize::try_from(rank).expect("the least position is 0"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagram(boxes: usize, arrows: &[(usize, usize)]) -> Diagram {
        let size = Size { width: 40.0, height: 20.0 };
        let arrow = |&(from, to): &(usize, usize)| Arrow {
            from,
            to,
            weight: 1,
            min_length: 1,
            label: Size { width: 10.0, height: 8.0 },
        };
        Diagram { boxes: vec![size; boxes], arrows: arrows.iter().map(arrow).collect() }
    }

    fn layers_of_boxes(diagram: &Diagram) -> Vec<usize> {
        layered(diagram).vertices[..diagram.boxes.len()].iter().map(|it| it.layer).collect()
    }

    #[test]
    fn callees_stand_below_callers_with_a_layer_for_labels_between() {
        assert_eq!(layers_of_boxes(&diagram(3, &[(0, 1), (1, 2), (0, 2)])), [0, 2, 4]);
    }

    #[test]
    fn the_arrow_that_closes_a_cycle_is_turned_round() {
        let diagram = diagram(3, &[(0, 1), (1, 2), (2, 1)]);
        let reversed: Vec<bool> = layered(&diagram).chains.iter().map(|it| it.reversed).collect();
        assert_eq!(reversed, [false, false, true]);
        assert_eq!(layers_of_boxes(&diagram), [0, 2, 4]);
    }

    #[test]
    fn every_arrow_has_one_label_on_an_odd_layer() {
        let layered = layered(&diagram(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]));
        for chain in &layered.chains {
            let labels: Vec<usize> = chain
                .vertices
                .iter()
                .filter(|vertex| layered.vertices[**vertex].kind == Kind::Label)
                .map(|vertex| layered.vertices[*vertex].layer % 2)
                .collect();
            assert_eq!(labels, [1]);
        }
    }
}
