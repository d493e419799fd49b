//! The third step of a layered drawing: how far each vertex stands from the left, and where each
//! layer begins and ends.
//!
//! An ordered [`Layered`] goes in, [`Places`] come out; the order within layers is kept. For a few
//! layers at a time an arrow becomes one straight line down, unless it crosses another; then the
//! weighted sum of the distances that arrows go sideways is made least, by the same method that
//! found the ranks. After that only boxes stay, and arrows are drawn taut between them.

use super::layers::{Kind, Layered};
use super::relax::relax;
use super::simplex::{self, Constraint};

/// Where the vertices of a [`Layered`] stand, in points.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Middle of each box and line of each arrow, from the left.
    pub(super) xs: Vec<f64>,
    /// Upper border of each layer.
    pub(super) tops: Vec<f64>,
    /// Lower border of each layer.
    pub(super) bottoms: Vec<f64>,
}

/// Room between two boxes of a layer, and between a box and its drawing's border.
const BOX_DISTANCE: f64 = 18.0;
/// Room between two neighbours one of which is not a box.
const LINE_DISTANCE: f64 = 10.0;
/// Least room between a layer of boxes and the labels below it.
const BELOW_BOXES: f64 = 12.0;
/// Least room between a layer of boxes and the labels above it; arrowheads need some.
const ABOVE_BOXES: f64 = 22.0;
/// Further room between two layers for each point that an arrow goes sideways there.
const ROOM_FOR_SLOPE: f64 = 0.08;
/// At most as much of it.
const MOST_ROOM_FOR_SLOPE: f64 = 36.0;
/// How much straighter an arrow should be where it passes layers than where it meets boxes.
const STRAIGHTNESS: i64 = 2;
/// Layers after which an arrow may bend all the same: straight lines without end make wide drawings.
const MOST_STRAIGHT: usize = 4;
/// How much the whole should be narrow, as the weight of an arrow.
const NARROWNESS: i64 = 20;
/// Work that the search for the best places may take, in vertices visited; very large graphs stop
/// before they have found it.
const MOST_WORK: usize = 60_000_000;

/// Places all vertices; `weights` has that of each arrow.
pub(super) fn place(layered: &Layered, weights: &[i64]) -> Places {
    let lines = Lines::new(layered);
    let distances = distances(layered, &lines);
    let pulls = pulls(layered, &lines, weights);
    let mut solved = solve(layered, &lines, &distances, &pulls);
    center(&mut solved, &distances, &pulls);
    let mut xs: Vec<f64> = lines.of_vertex.iter().map(|line| points(solved[*line])).collect();
    let (tops, bottoms) = heights(layered, &xs);
    let ys: Vec<f64> =
        tops.iter().zip(&bottoms).map(|(top, bottom)| f64::midpoint(*top, *bottom)).collect();
    relax(layered, &mut xs, &ys);
    let (tops, bottoms) = heights(layered, &xs);
    Places { xs, tops, bottoms }
}

/// Vertices that stand exactly above each other share a line.
struct Lines {
    of_vertex: Vec<usize>,
    count: usize,
}

impl Lines {
    fn new(layered: &Layered) -> Self {
        let straight = straight_segments(layered);
        let mut of_vertex: Vec<usize> = (0..layered.vertices.len()).collect();
        let mut count = 0;
        // A vertex is made before those below it only within its chain, which is all that counts.
        for vertex in 0..of_vertex.len() {
            if straight[vertex] && !layered.vertices[vertex].layer.is_multiple_of(MOST_STRAIGHT) {
                of_vertex[vertex] = of_vertex[layered.above[vertex][0]];
            } else {
                of_vertex[vertex] = count;
                count += 1;
            }
        }
        Self { of_vertex, count }
    }
}

/// For each vertex, whether the arrow through it comes straight down from the layer above. Of
/// arrows that cross between two layers a largest set that does not stays straight.
fn straight_segments(layered: &Layered) -> Vec<bool> {
    let is_line = |vertex: usize| layered.vertices[vertex].kind != Kind::Box;
    let mut straight = vec![false; layered.vertices.len()];
    for layer in &layered.layers {
        let lower: Vec<usize> = layer
            .iter()
            .filter(|vertex| is_line(**vertex))
            .map(|vertex| layered.below[*vertex][0])
            .filter(|lower| is_line(*lower))
            .collect();
        // The longest rising sequence of places: `ends[n]` ends the best one of n + 1 segments.
        let mut ends: Vec<usize> = Vec::new();
        let mut before = vec![None; lower.len()];
        for (index, vertex) in lower.iter().enumerate() {
            let place = layered.places[*vertex];
            let length = ends.partition_point(|end| layered.places[lower[*end]] < place);
            before[index] = length.checked_sub(1).map(|shorter| ends[shorter]);
            match ends.get_mut(length) {
                Some(end) => *end = index,
                None => ends.push(index),
            }
        }
        let mut at = ends.last().copied();
        while let Some(index) = at {
            straight[lower[index]] = true;
            at = before[index];
        }
    }
    straight
}

/// How far apart two neighbours of a layer are at least.
pub(super) fn distance(layered: &Layered, left: usize, right: usize) -> f64 {
    let (left, right) = (&layered.vertices[left], &layered.vertices[right]);
    let both_boxes = left.kind == Kind::Box && right.kind == Kind::Box;
    left.right + if both_boxes { BOX_DISTANCE } else { LINE_DISTANCE } + right.left
}

/// What keeps neighbours of a layer apart: left line, right line, whole points.
fn distances(layered: &Layered, lines: &Lines) -> Vec<(usize, usize, i64)> {
    let mut distances = Vec::new();
    for layer in &layered.layers {
        for pair in layer.windows(2) {
            let distance = whole_points(distance(layered, pair[0], pair[1]));
            distances.push((lines.of_vertex[pair[0]], lines.of_vertex[pair[1]], distance));
        }
    }
    // Of several distances between the same lines, the longest.
    distances.sort_unstable_by_key(|(left, right, distance)| (*left, *right, -distance));
    distances.dedup_by_key(|(left, right, _)| (*left, *right));
    distances
}

/// What draws lines together: one line, another with a higher number, how much.
fn pulls(layered: &Layered, lines: &Lines, weights: &[i64]) -> Vec<(usize, usize, i64)> {
    let mut pulls: Vec<(usize, usize, i64)> = Vec::new();
    for chain in &layered.chains {
        for pair in chain.vertices.windows(2) {
            let (upper, lower) = (lines.of_vertex[pair[0]], lines.of_vertex[pair[1]]);
            if upper == lower {
                continue;
            }
            let passes = pair.iter().all(|vertex| layered.vertices[*vertex].kind != Kind::Box);
            let pull = weights[chain.arrow] * if passes { STRAIGHTNESS } else { 1 };
            pulls.push((upper.min(lower), upper.max(lower), pull));
        }
    }
    pulls.sort_unstable();
    pulls.dedup_by(|later, first| {
        let same = (later.0, later.1) == (first.0, first.1);
        if same {
            first.2 += later.2;
        }
        same
    });
    pulls
}

fn solve(
    layered: &Layered,
    lines: &Lines,
    distances: &[(usize, usize, i64)],
    pulls: &[(usize, usize, i64)],
) -> Vec<i64> {
    let mut constraints: Vec<Constraint> = distances
        .iter()
        .map(|&(tail, head, length)| Constraint { tail, head, length, weight: 0 })
        .collect();
    // The borders of the whole.
    let (left, right) = (lines.count + pulls.len(), lines.count + pulls.len() + 1);
    constraints.push(Constraint { tail: left, head: right, length: 0, weight: NARROWNESS });
    for layer in &layered.layers {
        if let (Some(first), Some(last)) = (layer.first(), layer.last()) {
            let head = lines.of_vertex[*first];
            let length = whole_points(layered.vertices[*first].left);
            constraints.push(Constraint { tail: left, head, length, weight: 0 });
            let tail = lines.of_vertex[*last];
            let length = whole_points(layered.vertices[*last].right);
            constraints.push(Constraint { tail, head: right, length, weight: 0 });
        }
    }
    // |x - y| is the distance of both from a further vertex to the left of both.
    for (index, &(one, other, weight)) in pulls.iter().enumerate() {
        for head in [one, other] {
            constraints.push(Constraint { tail: lines.count + index, head, length: 0, weight });
        }
    }
    let vertices = lines.count + pulls.len() + 2;
    let mut solved = simplex::solve(vertices, &constraints, MOST_WORK / (vertices + 1));
    solved.truncate(lines.count);
    let least = solved.iter().copied().min().unwrap_or(0);
    solved.iter_mut().for_each(|x| *x -= least);
    solved
}

/// Moves each line into the middle of the places that are equally good for it.
fn center(xs: &mut [i64], distances: &[(usize, usize, i64)], pulls: &[(usize, usize, i64)]) {
    let mut lefts: Vec<Vec<(usize, i64)>> = vec![Vec::new(); xs.len()];
    let mut rights = lefts.clone();
    let mut tied = lefts.clone();
    for &(left, right, distance) in distances {
        rights[left].push((right, distance));
        lefts[right].push((left, distance));
    }
    for &(one, other, pull) in pulls {
        tied[one].push((other, pull));
        tied[other].push((one, pull));
    }
    let mut around: Vec<(i64, i64)> = Vec::new();
    for _ in 0..4 {
        for line in 0..xs.len() {
            around.clear();
            around.extend(tied[line].iter().map(|(other, pull)| (xs[*other], *pull)));
            around.sort_unstable();
            let Some((from, to)) = weighted_median(&around) else { continue };
            let least = lefts[line].iter().map(|(other, distance)| xs[*other] + distance).max();
            let most = rights[line].iter().map(|(other, distance)| xs[*other] - distance).min();
            let middle = i64::midpoint(from, to);
            let at_least = middle.max(least.unwrap_or(middle));
            xs[line] = at_least.min(most.unwrap_or(at_least));
        }
    }
}

/// The ends of the range in which the weighted sum of distances to all places is least; `around`
/// is sorted.
fn weighted_median(around: &[(i64, i64)]) -> Option<(i64, i64)> {
    let total: i64 = around.iter().map(|(_, pull)| pull).sum();
    let mut sum = 0;
    for (index, (x, pull)) in around.iter().enumerate() {
        sum += pull;
        if sum * 2 > total {
            return Some((*x, *x));
        }
        if sum * 2 == total {
            return Some((*x, around.get(index + 1).map_or(*x, |next| next.0)));
        }
    }
    None
}

/// Upper and lower borders of the layers.
fn heights(layered: &Layered, xs: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut tops, mut bottoms) = (Vec::new(), Vec::new());
    let mut y = 0.0;
    for (index, layer) in layered.layers.iter().enumerate() {
        if index > 0 {
            let sideways = layer
                .iter()
                .flat_map(|vertex| {
                    layered.above[*vertex].iter().map(|above| (xs[*vertex] - xs[*above]).abs())
                })
                .fold(0.0, f64::max);
            y += if index % 2 == 1 { BELOW_BOXES } else { ABOVE_BOXES };
            y += (sideways * ROOM_FOR_SLOPE).min(MOST_ROOM_FOR_SLOPE);
        }
        tops.push(y);
        y += layer.iter().map(|vertex| layered.vertices[*vertex].height).fold(0.0, f64::max);
        bottoms.push(y);
    }
    (tops, bottoms)
}

/// Points, rounded up; drawings are smaller than 2^53 points.
#[expect(clippy::cast_possible_truncation, reason = "a float saturates, far from any drawing")]
fn whole_points(points: f64) -> i64 {
    points.ceil() as i64
}

/// Whole points as a coordinate.
fn points(whole: i64) -> f64 {
    whole as f64
}
