//! The network simplex method: whole positions on a line that keep their distances and make the
//! weighted sum of distances least. Ranks and horizontal places are both found with it.
//!
//! The method walks over spanning trees of constraints that are all tight. A tree's edge whose
//! *cut* is negative costs more than it need: it leaves, the constraint with the least slack that
//! joins the two halves again enters, and one half moves by that slack. Since the cut of an edge
//! is the sum of (leaving - entering weight) over the half below it, it is kept as a subtree sum.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// `position(head) - position(tail) >= length`, at the cost of `weight` for each unit of distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constraint {
    pub(super) tail: usize,
    pub(super) head: usize,
    pub(super) length: i64,
    /// Not negative.
    pub(super) weight: i64,
}

/// Candidates looked at for the edge that leaves; the worst of them does.
const CANDIDATES: usize = 10;
const NONE: usize = usize::MAX;

/// Positions of vertices `0..vertices`, the least of which is 0, after at most `pivots` exchanges;
/// they keep all constraints whenever they are stopped. The constraints must have no cycle.
pub(super) fn solve(vertices: usize, constraints: &[Constraint], pivots: usize) -> Vec<i64> {
    if vertices == 0 {
        return Vec::new();
    }
    let incident = Incident::new(vertices, constraints);
    let positions = leftmost(vertices, constraints, &incident);
    let mut tree = Tree::new(constraints, &incident, positions);
    let mut next = 0;
    for _ in 0..pivots {
        let Some(child) = tree.leaving(&mut next) else { break };
        if !tree.exchange(child) {
            break;
        }
    }
    let mut positions = tree.positions;
    let least = positions.iter().copied().min().unwrap_or(0);
    positions.iter_mut().for_each(|position| *position -= least);
    positions
}

/// The constraints at each vertex, flat.
struct Incident {
    starts: Vec<usize>,
    constraints: Vec<usize>,
}

impl Incident {
    fn new(vertices: usize, constraints: &[Constraint]) -> Self {
        let mut starts = vec![0; vertices + 1];
        for constraint in constraints {
            starts[constraint.tail + 1] += 1;
            starts[constraint.head + 1] += 1;
        }
        for vertex in 0..vertices {
            starts[vertex + 1] += starts[vertex];
        }
        let mut filled = starts.clone();
        let mut flat = vec![0; constraints.len() * 2];
        for (index, constraint) in constraints.iter().enumerate() {
            for vertex in [constraint.tail, constraint.head] {
                flat[filled[vertex]] = index;
                filled[vertex] += 1;
            }
        }
        Self { starts, constraints: flat }
    }

    fn of(&self, vertex: usize) -> &[usize] {
        &self.constraints[self.starts[vertex]..self.starts[vertex + 1]]
    }
}

/// The least positions that keep the constraints.
fn leftmost(vertices: usize, constraints: &[Constraint], incident: &Incident) -> Vec<i64> {
    let mut waiting = vec![0_usize; vertices];
    for constraint in constraints {
        waiting[constraint.head] += 1;
    }
    let mut ready: Vec<usize> = (0..vertices).filter(|vertex| waiting[*vertex] == 0).collect();
    let mut positions = vec![0; vertices];
    while let Some(vertex) = ready.pop() {
        for index in incident.of(vertex) {
            let Constraint { tail, head, length, .. } = constraints[*index];
            if tail == vertex {
                positions[head] = positions[head].max(positions[tail] + length);
                waiting[head] -= 1;
                if waiting[head] == 0 {
                    ready.push(head);
                }
            }
        }
    }
    positions
}

/// A spanning tree of tight constraints, rooted at vertex 0, with positions that fit it.
struct Tree<'a> {
    constraints: &'a [Constraint],
    incident: &'a Incident,
    positions: Vec<i64>,
    /// The tree's edges at each vertex, as indices of constraints.
    adjacent: Vec<Vec<usize>>,
    /// The edge towards the root.
    parent_edge: Vec<usize>,
    /// Leaving less entering weight, summed over each vertex and all below it.
    surplus: Vec<i64>,
    /// How many vertices those are.
    size: Vec<usize>,
    /// The exchange at which a vertex was last in the half that moves.
    moved_at: Vec<usize>,
    exchanges: usize,
    /// The half that moves; kept for its memory.
    half: Vec<usize>,
}

impl<'a> Tree<'a> {
    fn new(constraints: &'a [Constraint], incident: &'a Incident, positions: Vec<i64>) -> Self {
        let vertices = positions.len();
        let mut surplus = vec![0; vertices];
        for constraint in constraints {
            surplus[constraint.tail] += constraint.weight;
            surplus[constraint.head] -= constraint.weight;
        }
        let mut tree = Self {
            constraints,
            incident,
            positions,
            adjacent: vec![Vec::new(); vertices],
            parent_edge: vec![NONE; vertices],
            surplus,
            size: vec![1; vertices],
            moved_at: vec![0; vertices],
            exchanges: 0,
            half: Vec::new(),
        };
        tree.grow();
        tree
    }

    /// Joins vertex after vertex to the tree by the constraint with the least slack, moving the
    /// tree by that slack. Instead of the tree, everything outside of it moves, once, on joining.
    /// Then sums over all that is below each vertex.
    fn grow(&mut self) {
        let mut joined = vec![false; self.positions.len()];
        // How far the tree has moved; the slack of a constraint that leaves it is its key less
        // that, of one that enters it the key and that.
        let mut moved = 0;
        let mut order = Vec::new();
        let mut leaving = BinaryHeap::new();
        let mut entering = BinaryHeap::new();
        let mut vertex = 0;
        loop {
            joined[vertex] = true;
            order.push(vertex);
            self.positions[vertex] -= moved;
            for index in self.incident.of(vertex) {
                let Constraint { tail, head, length, .. } = self.constraints[*index];
                if tail == vertex && !joined[head] {
                    let key = self.positions[head] - self.positions[tail] - length;
                    leaving.push(Reverse((key, *index)));
                } else if head == vertex && !joined[tail] {
                    let key = self.positions[head] - self.positions[tail] - length;
                    entering.push(Reverse((key, *index)));
                }
            }
            while leaving.peek().is_some_and(|top| joined[self.constraints[top.0.1].head]) {
                leaving.pop();
            }
            while entering.peek().is_some_and(|top| joined[self.constraints[top.0.1].tail]) {
                entering.pop();
            }
            let out = leaving.peek().map(|top| (top.0.0 - moved, top.0.1));
            let into = entering.peek().map(|top| (top.0.0 + moved, top.0.1));
            let takes_out = match (out, into) {
                (Some(out), Some(into)) => out.0 <= into.0,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            let Some((slack, index)) = (if takes_out { out } else { into }) else { break };
            moved += if takes_out { slack } else { -slack };
            let Constraint { tail, head, .. } = self.constraints[index];
            self.adjacent[tail].push(index);
            self.adjacent[head].push(index);
            vertex = if takes_out { head } else { tail };
            self.parent_edge[vertex] = index;
        }
        for vertex in order.into_iter().skip(1).rev() {
            let parent = self.other_end(self.parent_edge[vertex], vertex);
            self.surplus[parent] += self.surplus[vertex];
            self.size[parent] += self.size[vertex];
        }
    }

    fn other_end(&self, edge: usize, vertex: usize) -> usize {
        let Constraint { tail, head, .. } = self.constraints[edge];
        if tail == vertex { head } else { tail }
    }

    /// The vertex under an edge with a negative cut, searched from `next` on, round and round.
    fn leaving(&self, next: &mut usize) -> Option<usize> {
        let vertices = self.positions.len();
        let mut worst: Option<(i64, usize)> = None;
        let mut found = 0;
        for _ in 0..vertices {
            let vertex = *next;
            *next = if vertex + 1 == vertices { 0 } else { vertex + 1 };
            let edge = self.parent_edge[vertex];
            if edge == NONE {
                continue;
            }
            let surplus = self.surplus[vertex];
            let cut = if self.constraints[edge].tail == vertex { surplus } else { -surplus };
            if cut < 0 {
                found += 1;
                if worst.is_none_or(|(least, _)| cut < least) {
                    worst = Some((cut, vertex));
                }
                if found == CANDIDATES {
                    break;
                }
            }
        }
        worst.map(|(_, vertex)| vertex)
    }

    /// Takes the edge above `child` out of the tree and puts the best other one in. Whether there
    /// was one.
    fn exchange(&mut self, child: usize) -> bool {
        let leaving = self.parent_edge[child];
        let parent = self.other_end(leaving, child);
        for end in [parent, child] {
            self.adjacent[end].retain(|edge| *edge != leaving);
        }
        // The two halves move away from each other until a constraint holds them; it is enough to
        // move the smaller one.
        let child_moves = self.size[child] * 2 <= self.positions.len();
        let start = if child_moves { child } else { parent };
        self.gather_half(start);
        let backwards = self.constraints[leaving].tail == start;
        let Some((slack, entering)) = self.nearest(backwards) else {
            self.adjacent[parent].push(leaving);
            self.adjacent[child].push(leaving);
            return false;
        };
        let shift = if backwards { -slack } else { slack };
        for vertex in &self.half {
            self.positions[*vertex] += shift;
        }
        let Constraint { tail, head, .. } = self.constraints[entering];
        self.adjacent[tail].push(entering);
        self.adjacent[head].push(entering);
        let (moving, staying) = if backwards { (head, tail) } else { (tail, head) };
        let (below, above) = if child_moves { (moving, staying) } else { (staying, moving) };
        self.hang(child, parent, below, above, entering);
        true
    }

    /// Collects what hangs together with `start` in `half`.
    fn gather_half(&mut self, start: usize) {
        self.exchanges += 1;
        self.half.clear();
        self.half.push(start);
        self.moved_at[start] = self.exchanges;
        let mut next = 0;
        while let Some(vertex) = self.half.get(next).copied() {
            next += 1;
            for edge in &self.adjacent[vertex] {
                let Constraint { tail, head, .. } = self.constraints[*edge];
                let other = if tail == vertex { head } else { tail };
                if self.moved_at[other] != self.exchanges {
                    self.moved_at[other] = self.exchanges;
                    self.half.push(other);
                }
            }
        }
    }

    /// The least slack of a constraint that ends in the half, or starts there if not `backwards`,
    /// and has its other end outside.
    fn nearest(&self, backwards: bool) -> Option<(i64, usize)> {
        let mut best: Option<(i64, usize)> = None;
        for vertex in &self.half {
            for index in self.incident.of(*vertex) {
                let Constraint { tail, head, length, .. } = self.constraints[*index];
                let (inside, outside) = if backwards { (head, tail) } else { (tail, head) };
                if inside != *vertex || self.moved_at[outside] == self.exchanges {
                    continue;
                }
                let slack = self.positions[head] - self.positions[tail] - length;
                if best.is_none_or(|(least, _)| slack < least) {
                    best = Some((slack, *index));
                }
            }
        }
        best
    }

    /// Hangs what was below `child` under `above` instead of `parent`, by its vertex `below`.
    fn hang(&mut self, child: usize, parent: usize, below: usize, above: usize, edge: usize) {
        let (surplus, size) = (self.surplus[child], self.size[child]);
        let mut vertex = parent;
        loop {
            self.surplus[vertex] -= surplus;
            self.size[vertex] -= size;
            let up = self.parent_edge[vertex];
            if up == NONE {
                break;
            }
            vertex = self.other_end(up, vertex);
        }
        // Between `below` and `child`, what was above is below now.
        let mut vertex = below;
        let mut new_parent = edge;
        let (mut sum, mut count) = (0, 0);
        loop {
            let up = std::mem::replace(&mut self.parent_edge[vertex], new_parent);
            let old_sum = std::mem::replace(&mut self.surplus[vertex], surplus - sum);
            let old_count = std::mem::replace(&mut self.size[vertex], size - count);
            if vertex == child {
                break;
            }
            (sum, count, new_parent) = (old_sum, old_count, up);
            vertex = self.other_end(up, vertex);
        }
        let mut vertex = above;
        loop {
            self.surplus[vertex] += surplus;
            self.size[vertex] += size;
            let up = self.parent_edge[vertex];
            if up == NONE {
                break;
            }
            vertex = self.other_end(up, vertex);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraint(tail: usize, head: usize, length: i64, weight: i64) -> Constraint {
        Constraint { tail, head, length, weight }
    }

    #[test]
    fn one_vertex_stands_at_zero() {
        assert_eq!(solve(1, &[], 100), [0]);
        assert!(solve(0, &[], 100).is_empty());
    }

    #[test]
    fn distances_are_kept_along_the_longest_path() {
        let constraints = [constraint(0, 1, 1, 1), constraint(1, 2, 1, 1), constraint(0, 2, 1, 1)];
        assert_eq!(solve(3, &constraints, 100), [0, 1, 2]);
    }

    #[test]
    fn a_source_moves_to_what_it_is_heavily_tied_to() {
        // 3 could stand at 0, but its only neighbour is 2, at 2.
        let constraints = [constraint(0, 1, 1, 1), constraint(1, 2, 1, 1), constraint(3, 2, 1, 5)];
        assert_eq!(solve(4, &constraints, 100), [0, 1, 2, 1]);
    }

    #[test]
    fn the_heavier_edge_stays_short() {
        // 1 stands between 0 and 2, which a long way round keeps 10 apart.
        for (first, second, expected) in [(1, 9, 9), (9, 1, 1)] {
            let constraints =
                [constraint(0, 1, 1, first), constraint(1, 2, 1, second), constraint(0, 2, 10, 1)];
            assert_eq!(solve(3, &constraints, 100), [0, expected, 10]);
        }
    }

    #[test]
    fn the_sum_is_the_least_there_is() {
        // All positions of 5 vertices on 0..=8 are tried for a number of small graphs.
        let mut state = 7_usize;
        let mut random = |below: usize| {
            state = (state * 1_103_515_245 + 12345) % 2_147_483_648;
            state / 65536 % below
        };
        for _ in 0..20 {
            let mut pairs: Vec<(usize, usize)> = (1..5).map(|head| (random(head), head)).collect();
            pairs.extend([(0, 4), (1, 3)]);
            let constraints: Vec<Constraint> = pairs
                .into_iter()
                .map(|(tail, head)| {
                    let length = i64::try_from(random(2)).unwrap() + 1;
                    constraint(tail, head, length, i64::try_from(random(5)).unwrap())
                })
                .collect();
            let cost = |positions: &[i64]| -> Option<i64> {
                constraints
                    .iter()
                    .map(|it| {
                        let distance = positions[it.head] - positions[it.tail];
                        (distance >= it.length).then_some(distance * it.weight)
                    })
                    .sum()
            };
            let best = (0..9_i64.pow(5))
                .filter_map(|code| {
                    let digit = |place: u32| code / 9_i64.pow(place) % 9;
                    cost(&[digit(0), digit(1), digit(2), digit(3), digit(4)])
                })
                .min();
            assert_eq!(cost(&solve(5, &constraints, 1000)), best);
        }
    }
}
