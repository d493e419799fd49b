//! The last step of a layered drawing: the curves of the arrows and the places of their labels.
//!
//! An ordered [`Layered`] and its [`Places`] go in, [`Course`]s come out. Within a layer a curve
//! keeps to the room that its vertex has there, between layers nothing stands in its way; so no
//! curve passes through a box or a label. Curves are smooth and never turn back up.

use super::geometry::{Point, Rect, Size};
use super::layers::{Chain, Diagram, Kind, LABEL_DISTANCE, LOOP_ROOM, Layered};
use super::place::Places;

/// The way of an arrow on the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Course {
    /// Where it starts, then three points for each cubic Bézier curve, up to the arrowhead.
    pub(crate) curve: Vec<Point>,
    /// Where the arrowhead ends, on the border of a box.
    pub(crate) tip: Point,
    /// Where the label stands.
    pub(crate) label: Rect,
}

/// Length of an arrowhead in points.
pub(crate) const HEAD_LENGTH: f64 = 10.0;
/// Share of a box's width on either side of its middle where arrows may start and end.
pub(super) const PORT_REACH: f64 = 0.4;
/// Room between two arrows at the same box, if it is wide enough.
const PORT_DISTANCE: f64 = 12.0;
/// Room between a curve and a box that it goes round.
const CLEARANCE: f64 = 4.0;
/// How far an arrow leans sideways where it meets a box: points across for each point down.
const MOST_LEAN: f64 = 0.8;

/// A point that a curve goes through, and points across for each point down there.
#[derive(Clone, Copy, Debug)]
struct Knot {
    at: Point,
    slope: f64,
}

/// The curve of each arrow of the diagram, in its order.
pub(super) fn route(
    diagram: &Diagram,
    layered: &Layered,
    places: &Places,
    boxes: &[Rect],
) -> Vec<Course> {
    let mut courses = vec![Course::default(); diagram.arrows.len()];
    let mut router = Router { layered, places, boxes, slopes: vec![0.0; layered.vertices.len()] };
    let ports = router.ports();
    router.lean(&ports);
    for (chain, (top, bottom)) in layered.chains.iter().zip(ports) {
        courses[chain.arrow] = router.course(chain, top, bottom, diagram.arrows[chain.arrow].label);
    }
    // Loops of the same box stand further and further to the right.
    let mut reaches = vec![0.0; boxes.len()];
    for (arrow, course) in diagram.arrows.iter().zip(&mut courses) {
        if arrow.from == arrow.to {
            *course = loop_course(&boxes[arrow.from], &mut reaches[arrow.from], arrow.label);
        }
    }
    courses
}

struct Router<'a> {
    layered: &'a Layered,
    places: &'a Places,
    boxes: &'a [Rect],
    /// How far the line of each vertex leans within its layer: points across for each point down.
    slopes: Vec<f64>,
}

impl Router<'_> {
    /// For each chain, where it leaves its upper box and where it meets its lower one.
    fn ports(&self) -> Vec<(f64, f64)> {
        let chains = &self.layered.chains;
        let mut ports = vec![(0.0, 0.0); chains.len()];
        let mut leaving: Vec<Vec<(f64, usize)>> = vec![Vec::new(); self.boxes.len()];
        let mut entering = leaving.clone();
        for (index, chain) in chains.iter().enumerate() {
            let [upper, next, .., last, lower] = chain.vertices[..] else {
                // A box, a label, a box.
                let x = self.places.xs[chain.vertices[1]];
                leaving[chain.vertices[0]].push((x, index));
                entering[chain.vertices[2]].push((x, index));
                continue;
            };
            leaving[upper].push((self.places.xs[next], index));
            entering[lower].push((self.places.xs[last], index));
        }
        for (rect, wanted) in self.boxes.iter().zip(&mut leaving) {
            spread(rect, wanted);
            wanted.iter().for_each(|(x, index)| ports[*index].0 = *x);
        }
        for (rect, wanted) in self.boxes.iter().zip(&mut entering) {
            spread(rect, wanted);
            wanted.iter().for_each(|(x, index)| ports[*index].1 = *x);
        }
        ports
    }

    /// Lets the lines in each layer lean the way they come from and go to, side by side.
    fn lean(&mut self, ports: &[(f64, f64)]) {
        let Places { xs, tops, bottoms } = self.places;
        for (chain, (top, bottom)) in self.layered.chains.iter().zip(ports) {
            let last = chain.vertices.len() - 1;
            let x = |at: usize| match at {
                0 => *top,
                _ if at == last => *bottom,
                _ => xs[chain.vertices[at]],
            };
            let y = |at: usize| {
                let layer = self.layered.vertices[chain.vertices[at]].layer;
                match at {
                    0 => bottoms[layer],
                    _ if at == last => tops[layer],
                    _ => f64::midpoint(tops[layer], bottoms[layer]),
                }
            };
            for at in 1..last {
                let vertex = chain.vertices[at];
                let above = (x(at) - x(at - 1)) / (y(at) - y(at - 1));
                let below = (x(at + 1) - x(at)) / (y(at + 1) - y(at));
                self.slopes[vertex] = smooth(above, below);
            }
        }
        for (index, layer) in self.layered.layers.iter().enumerate() {
            let half = (bottoms[index] - tops[index]) / 2.0;
            // Each pass makes some line steeper; what is left after a few is not worth more.
            let settled = half <= 0.0 || (0..8).any(|_| !self.lean_apart(layer, half, 1.0));
            if !settled {
                self.lean_apart(layer, half, 0.5);
            }
        }
    }

    /// Makes lines of a layer steeper that would come too near to their neighbours, by no more
    /// than is needed if `share` is 1. With 0.5 each line keeps to its half of the room, after
    /// which none is too near. Whether any changed.
    fn lean_apart(&mut self, layer: &[usize], half: f64, share: f64) -> bool {
        let mut changed = false;
        for pair in layer.windows(2) {
            let (left, right) = (&self.layered.vertices[pair[0]], &self.layered.vertices[pair[1]]);
            let between = self.places.xs[pair[1]] - self.places.xs[pair[0]];
            let most = ((between - left.right - right.left) / half).max(0.0);
            let slopes = (self.slopes[pair[0]], self.slopes[pair[1]]);
            let (one, other) = if share < 1.0 {
                let most = most * share;
                (slopes.0.clamp(-most, most), slopes.1.clamp(-most, most))
            } else {
                // A label keeps clear of both lines whichever way they lean.
                steeper(slopes, most, left.kind == Kind::Label)
            };
            changed |= (one, other) != slopes;
            self.slopes[pair[0]] = one;
            self.slopes[pair[1]] = other;
        }
        changed
    }

    fn course(&self, chain: &Chain, top: f64, bottom: f64, label: Size) -> Course {
        let mut label_place = Rect::default();
        let mut knots: Vec<Knot> = Vec::new();
        let passed = &chain.vertices[1..chain.vertices.len() - 1];
        for vertex in passed {
            let layer = self.layered.vertices[*vertex].layer;
            let x = self.places.xs[*vertex];
            let (from, to) = (self.places.tops[layer], self.places.bottoms[layer]);
            let half = (to - from) / 2.0;
            let slope = self.slopes[*vertex];
            knots.push(Knot { at: Point::new(x - slope * half, from), slope });
            if half > 0.0 {
                knots.push(Knot { at: Point::new(x + slope * half, to), slope });
            }
            if self.layered.vertices[*vertex].kind == Kind::Label {
                let aside = slope.abs() * label.height / 2.0 + LABEL_DISTANCE;
                let corner = Point::new(x + aside, from + half - label.height / 2.0);
                label_place = Rect { corner, size: label };
            }
        }
        let (upper, lower) = (chain.vertices[0], chain.vertices[chain.vertices.len() - 1]);
        let start = Point::new(top, self.boxes[upper].bottom());
        let end = Point::new(bottom, self.boxes[lower].top());
        let starts = self.end_knots(upper, start, knots[0], chain.reversed, 1.0);
        let ends = self.end_knots(lower, end, knots[knots.len() - 1], !chain.reversed, -1.0);
        let all: Vec<Knot> =
            starts.into_iter().chain(knots).chain(ends.into_iter().rev()).collect();
        let mut curve = bezier(&all);
        if chain.reversed {
            curve.reverse();
        }
        Course { curve, tip: if chain.reversed { start } else { end }, label: label_place }
    }

    /// The knots at a box, from the box on; `down` is 1 for an arrow that goes down from it and -1
    /// for one that comes from above. Where it has an arrowhead, the curve ends before that.
    fn end_knots(
        &self,
        vertex: usize,
        port: Point,
        next: Knot,
        head: bool,
        down: f64,
    ) -> Vec<Knot> {
        let secant = (next.at.x - port.x) / (next.at.y - port.y);
        let slope = (secant * 0.6).clamp(-MOST_LEAN, MOST_LEAN);
        let before = if head { HEAD_LENGTH / slope.hypot(1.0) } else { 0.0 };
        let at = Point::new(port.x + down * before * slope, port.y + down * before);
        let knot = Knot { at, slope };
        if self.is_clear(vertex, knot, next, down) {
            return vec![knot];
        }
        // Along the box's own column out of the layer, then sideways.
        let layer = self.layered.vertices[vertex].layer;
        let border = if down > 0.0 { self.places.bottoms[layer] } else { self.places.tops[layer] };
        let before = if head { HEAD_LENGTH } else { 0.0 };
        let first = Knot { at: Point::new(port.x, port.y + down * before), slope: 0.0 };
        let second = Knot { at: Point::new(port.x, border), slope: 0.0 };
        if (border - first.at.y) * down > 0.0 { vec![first, second] } else { vec![first] }
    }

    /// Whether the curve from a box to the next layer passes its neighbours in its own layer.
    fn is_clear(&self, vertex: usize, knot: Knot, next: Knot, down: f64) -> bool {
        let layer = self.layered.vertices[vertex].layer;
        let place = self.layered.places[vertex];
        let vertices = &self.layered.layers[layer];
        let rightwards = next.at.x > knot.at.x;
        let mut at = place;
        loop {
            let neighbor = if rightwards { at.checked_add(1) } else { at.checked_sub(1) };
            let Some(neighbor) = neighbor.filter(|place| *place < vertices.len()) else {
                return true;
            };
            at = neighbor;
            let other = vertices[neighbor];
            let shape = &self.layered.vertices[other];
            let x = self.places.xs[other];
            let edge = if rightwards { x - shape.left } else { x + shape.right };
            let beyond = if rightwards {
                edge - CLEARANCE - next.at.x
            } else {
                next.at.x - edge - CLEARANCE
            };
            if beyond > 0.0 {
                return true;
            }
            let border = match (self.boxes.get(other), down > 0.0) {
                (Some(rect), true) => rect.bottom() + CLEARANCE,
                (Some(rect), false) => rect.top() - CLEARANCE,
                // A line fills the layer from top to bottom.
                (None, true) => self.places.bottoms[layer],
                (None, false) => self.places.tops[layer],
            };
            let share = (border - knot.at.y) / (next.at.y - knot.at.y);
            if share <= 0.0 {
                continue;
            }
            let passes = hermite(knot, next, share.min(1.0));
            let free =
                if rightwards { edge - CLEARANCE - passes } else { passes - edge - CLEARANCE };
            if free < 0.0 {
                return false;
            }
        }
    }
}

/// Spreads arrows over the middle of a box: each as near as may be to the x it wants, in that
/// order, and apart from each other.
fn spread(rect: &Rect, wanted: &mut [(f64, usize)]) {
    wanted.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    let reach = rect.size.width * PORT_REACH;
    let (from, to) = (rect.center().x - reach, rect.center().x + reach);
    let between = (wanted.len().max(2) - 1) as f64;
    let distance = PORT_DISTANCE.min((to - from) / between);
    // Without the distances the places only need to rise: neighbours that do not are averaged.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    let mut offset = 0.0;
    for (x, _) in wanted.iter() {
        let mut group = (x.clamp(from, to) - offset, 1);
        offset += distance;
        while let Some((sum, count)) = groups.last().copied() {
            if sum / (count as f64) < group.0 / (group.1 as f64) {
                break;
            }
            groups.pop();
            group = (group.0 + sum, group.1 + count);
        }
        groups.push(group);
    }
    let most = to - distance * between;
    let places = groups.iter().flat_map(|(sum, count)| {
        let place = (sum / (*count as f64)).min(most.max(from)).max(from);
        std::iter::repeat_n(place, *count)
    });
    let mut offset = 0.0;
    for ((x, _), place) in wanted.iter_mut().zip(places) {
        *x = (place + offset).clamp(from, to);
        offset += distance;
    }
}

/// The slope between two pieces of a curve that go on in the same direction, such that neither
/// overshoots; 0 where the curve turns.
fn smooth(above: f64, below: f64) -> f64 {
    if above * below <= 0.0 { 0.0 } else { 2.0 * above * below / (above + below) }
}

/// Two slopes that differ by at most `most`, made from two others by making the flatter one
/// steeper, or both. If `apart`, that holds whatever their signs.
fn steeper((one, other): (f64, f64), most: f64, apart: bool) -> (f64, f64) {
    let opposite = apart || one * other <= 0.0;
    let sizes = (one.abs(), other.abs());
    let small = sizes.0.min(sizes.1);
    let (small, large) = if opposite {
        let small = small.min(most / 2.0);
        (small, most - small)
    } else {
        (small, small + most)
    };
    let kept = |slope: f64, is_small: bool| {
        let most = if is_small { small } else { large };
        slope.clamp(-most, most)
    };
    (kept(one, sizes.0 <= sizes.1), kept(other, sizes.0 > sizes.1))
}

/// x of the curve between two knots, at a share of its height.
fn hermite(from: Knot, to: Knot, share: f64) -> f64 {
    let height = to.at.y - from.at.y;
    let rest = 1.0 - share;
    let first = from.at.x + from.slope * height / 3.0;
    let second = to.at.x - to.slope * height / 3.0;
    rest.powi(3) * from.at.x
        + 3.0 * rest * rest * share * first
        + 3.0 * rest * share * share * second
        + share.powi(3) * to.at.x
}

/// The Bézier curves through knots that go down.
fn bezier(knots: &[Knot]) -> Vec<Point> {
    let mut curve: Vec<Point> = knots.first().map(|knot| knot.at).into_iter().collect();
    for pair in knots.windows(2) {
        let third = (pair[1].at.y - pair[0].at.y) / 3.0;
        curve.push(pair[0].at.moved(Point::new(pair[0].slope * third, third)));
        curve.push(pair[1].at.moved(Point::new(-pair[1].slope * third, -third)));
        curve.push(pair[1].at);
    }
    curve
}

/// An arrow from a box to itself, on its right side. `reach` is how far those before it went.
fn loop_course(rect: &Rect, reach: &mut f64, label: Size) -> Course {
    let right = rect.right();
    let center = rect.center().y;
    let quarter = rect.size.height / 4.0;
    let out = right + *reach + LOOP_ROOM;
    let tip = Point::new(right, center + quarter);
    let base = Point::new(right + HEAD_LENGTH, center + quarter);
    let curve = vec![
        Point::new(right, center - quarter),
        // Three quarters of the way to these points is as far as the curve goes.
        Point::new(right + (out - right) * 4.0 / 3.0 - HEAD_LENGTH / 4.0, center - quarter),
        Point::new(right + (out - right) * 4.0 / 3.0 - HEAD_LENGTH / 4.0, center + quarter),
        base,
    ];
    let corner = Point::new(out + LABEL_DISTANCE, center - label.height / 2.0);
    *reach += LOOP_ROOM + LABEL_DISTANCE + label.width;
    Course { curve, tip, label: Rect { corner, size: label } }
}
