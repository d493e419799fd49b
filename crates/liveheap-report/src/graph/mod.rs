//! The call graph of a profile, and what of it is shown.
//!
//! Goes in: a profile that was filtered and cleared to the wanted granularity. Comes out: a
//! [`Graph`] whose `shown` nodes are sorted, trimmed to what the options allow. The rules (what is
//! cut off, in which order, and which count is reported) are pprof's.
//!
//! What a node holds never depends on which other nodes are kept, so samples are weighed once;
//! edges do depend on it and are found again whenever nodes go.

mod edges;
mod hash;
mod nodes;
mod order;
mod tags;
mod tree;
mod weights;

pub(crate) use edges::Edge;
pub(crate) use hash::FastMap;
pub(crate) use nodes::{NodeOptions, NodeTable, Trim, position_u32};
pub(crate) use order::{NodeOrder, sort_edges, sorted_edges};
pub(crate) use tags::{NodeTags, NumberFormat, Tag};
pub(crate) use weights::{Weight, mean, truncate};

use crate::pattern::Pattern;
use crate::value::SampleValue;
use edges::Wanted;
use std::borrow::Cow;

/// How a graph is built and how much of it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GraphOptions<'a> {
    /// Which value of the samples.
    pub(crate) value: SampleValue,
    /// Order of the shown nodes.
    pub(crate) order: NodeOrder,
    /// A node for each path of calls.
    pub(crate) call_tree: bool,
    /// Leave out nodes with negative values.
    pub(crate) drop_negative: bool,
    /// Most nodes shown; 0 for no limit.
    pub(crate) node_count: usize,
    /// Nodes below this share of the flat total are dropped.
    pub(crate) node_fraction: f64,
    /// Edges below this share of the flat total are dropped.
    pub(crate) edge_fraction: f64,
    /// What the report does with edges.
    pub(crate) detail: Detail<'a>,
}

/// What a report needs to know beside the weights of the nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Detail<'a> {
    /// Which nodes were inlined into their callers: edges to inlined frames only.
    Inlining,
    /// All edges.
    Edges,
    /// The edges at both sides of the nodes whose printed name matches.
    EdgesAt(&'a Pattern),
    /// All edges without the redundant ones, and tags: a drawn graph.
    Picture(NumberFormat<'a>),
}

/// The call graph of a profile.
#[derive(Debug)]
pub(crate) struct Graph<'p> {
    /// The places that nodes stand for.
    pub(crate) table: NodeTable<'p>,
    /// For a call tree, the node of the table that each node stands for.
    stands_for: Option<Vec<u32>>,
    weights: Vec<Weight>,
    /// How each node splits by labels; empty when no picture is drawn.
    tags: Vec<NodeTags>,
    /// All edges that are left.
    pub(crate) edges: Vec<Edge>,
    /// For each node, the positions of the edges that lead to it and that leave it.
    ends: Ends,
    /// The nodes of the report, in its order.
    pub(crate) shown: Vec<u32>,
}

/// A trimmed graph, and what was cut off.
#[derive(Debug)]
pub(crate) struct Trimmed<'p> {
    /// What is shown.
    pub(crate) graph: Graph<'p>,
    /// How many nodes were heavy enough, before the limit on their number.
    pub(crate) original_count: usize,
    /// How many nodes were too light.
    pub(crate) dropped_nodes: usize,
    /// How many edges were too light.
    pub(crate) dropped_edges: usize,
}

impl<'p> Graph<'p> {
    /// All nodes and edges of a profile, unsorted and untrimmed.
    pub(crate) fn whole(table: NodeTable<'p>, options: &GraphOptions<'_>) -> Self {
        let format = match options.detail {
            Detail::Picture(format) => Some(format),
            _ => None,
        };
        let mut graph = if options.call_tree {
            let tree = tree::build(&table, options.value, format);
            Self {
                stands_for: Some(tree.stands_for),
                weights: tree.weights,
                tags: tree.tags,
                edges: tree.edges,
                ends: Ends::default(),
                shown: Vec::new(),
                table,
            }
        } else {
            let weights = weights::weigh(&table, options.value);
            Self {
                stands_for: None,
                weights,
                tags: Vec::new(),
                edges: Vec::new(),
                ends: Ends::default(),
                shown: Vec::new(),
                table,
            }
        };
        let count = nodes::position_u32(graph.weights.len());
        graph.shown = (0..count).filter(|node| graph.is_worth_showing(*node, options)).collect();
        graph
    }

    fn is_worth_showing(&self, node: u32, options: &GraphOptions<'_>) -> bool {
        let Weight { flat, cum, .. } = *self.weight(node);
        let negative = flat < 0 || flat == 0 && cum < 0;
        (cum != 0 || flat != 0) && !(options.drop_negative && negative)
    }

    /// The node of the table that a node stands for.
    pub(crate) fn stands_for(&self, node: u32) -> u32 {
        self.stands_for.as_ref().map_or(node, |table_nodes| table_nodes[node as usize])
    }

    /// What a node holds.
    pub(crate) fn weight(&self, node: u32) -> &Weight {
        &self.weights[node as usize]
    }

    /// The tags of a node.
    pub(crate) fn tags(&self, node: u32) -> Option<&NodeTags> {
        self.tags.get(node as usize)
    }

    /// The name that reports print.
    pub(crate) fn printed_name(&self, node: u32) -> Cow<'p, str> {
        self.table.printed_name(self.stands_for(node))
    }

    /// Positions of the edges that lead to a node.
    pub(crate) fn edges_into(&self, node: u32) -> &[u32] {
        self.ends.into.of(node)
    }

    /// Positions of the edges that leave a node.
    pub(crate) fn edges_out_of(&self, node: u32) -> &[u32] {
        self.ends.out_of.of(node)
    }

    /// In a call tree, the caller of a node; `None` for roots, and in graphs.
    pub(crate) fn caller_in_tree(&self, node: u32) -> Option<u32> {
        self.stands_for.as_ref()?;
        self.edges_into(node).first().map(|edge| self.edges[*edge as usize].from)
    }

    /// The sum of the flat values of the shown nodes.
    pub(crate) fn flat_total(&self) -> i64 {
        self.shown.iter().fold(0, |sum, node| sum.wrapping_add(self.weight(*node).flat_value()))
    }

    fn set_edges(&mut self, edges: Vec<Edge>) {
        self.ends = Ends::new(self.weights.len(), &edges);
        self.edges = edges;
    }

    /// Finds the edges between the nodes that are kept (all when nothing was dropped).
    fn connect(&mut self, options: &GraphOptions<'_>, dropped: bool) {
        let count = self.table.len();
        let mut kept = vec![!dropped; count];
        for &node in &self.shown {
            kept[node as usize] = true;
        }
        let wanted = match options.detail {
            Detail::Inlining => {
                Wanted { from: vec![false; count], to: self.table.inlined_anywhere() }
            }
            Detail::EdgesAt(pattern) => {
                let nodes = 0..nodes::position_u32(count);
                let is_match = |node| pattern.is_match(&self.table.printed_name(node));
                let matching: Vec<bool> = nodes.map(is_match).collect();
                Wanted { from: matching.clone(), to: matching }
            }
            _ => Wanted { from: vec![true; count], to: vec![true; count] },
        };
        let needed = wanted.to.contains(&true);
        let edges = if needed {
            edges::connect(&self.table, options.value, &kept, &wanted)
        } else {
            Vec::new()
        };
        self.set_edges(edges);
    }

    /// Keeps those of the shown nodes that a call tree's trimming left, and hangs what they called
    /// from their callers.
    fn splice(&mut self, kept: &[u32]) {
        let mut removed = vec![false; self.weights.len()];
        for &node in &self.shown {
            removed[node as usize] = true;
        }
        for &node in kept {
            removed[node as usize] = false;
        }
        let mut edges = std::mem::take(&mut self.edges);
        tree::splice(&mut edges, &removed);
        self.set_edges(edges);
        self.shown = kept.to_vec();
    }

    /// Drops the edges into shown nodes that are lighter than the cutoff; returns how many.
    fn trim_edges(&mut self, cutoff: i64) -> usize {
        let mut shown = vec![false; self.weights.len()];
        for &node in &self.shown {
            shown[node as usize] = true;
        }
        let mut edges = std::mem::take(&mut self.edges);
        let before = edges.len();
        edges.retain(|edge| !shown[edge.to as usize] || edge.weight.wrapping_abs() >= cutoff);
        let dropped = before - edges.len();
        if dropped > 0 {
            self.set_edges(edges);
        } else {
            self.edges = edges;
        }
        dropped
    }

    fn trim_tags(&mut self, cutoff: i64) {
        for &node in &self.shown {
            if let Some(tags) = self.tags.get_mut(node as usize) {
                tags.trim(cutoff);
            }
        }
    }

    /// How many of the sorted nodes fit the limit; in a picture the boxes of tags count too.
    fn fitting(&self, limit: usize, options: &GraphOptions<'_>) -> usize {
        let mut fitting = limit;
        if let Detail::Picture(_) = options.detail {
            let mut boxes = 0;
            for (position, &node) in self.shown.iter().enumerate() {
                let tags = self.tags(node).map_or(0, NodeTags::flat_count);
                boxes += 1 + tags.min(crate::reports::call_graph::TAG_LIMIT);
                if boxes >= limit {
                    fitting = position + 1;
                    break;
                }
            }
        }
        fitting.min(self.shown.len())
    }

    /// Drops residual edges whose ends are connected another way, the lightest first; a node's
    /// residual edges that are heavier than one of its direct ones stay.
    fn drop_redundant_edges(&mut self) {
        let mut dropped = vec![false; self.edges.len()];
        for &node in self.shown.iter().rev() {
            let mut into: Vec<u32> =
                self.edges_into(node).iter().copied().filter(|e| !dropped[*e as usize]).collect();
            sort_edges(self, &mut into);
            for &edge in into.iter().rev() {
                if !self.edges[edge as usize].residual {
                    break;
                }
                if self.is_redundant(edge, &dropped) {
                    dropped[edge as usize] = true;
                }
            }
        }
        if dropped.contains(&true) {
            let edges = self.edges.iter().zip(dropped).filter(|(_, dropped)| !dropped);
            let edges = edges.map(|(edge, _)| *edge).collect();
            self.set_edges(edges);
        }
    }

    /// Whether another path leads from the start of an edge to its end.
    fn is_redundant(&self, edge: u32, dropped: &[bool]) -> bool {
        let Edge { from, to, .. } = self.edges[edge as usize];
        let mut seen = FastMap::default();
        seen.insert(to, ());
        let mut queue = vec![to];
        while let Some(node) = queue.pop() {
            for &other in self.edges_into(node) {
                let caller = self.edges[other as usize].from;
                if other == edge || dropped[other as usize] || seen.contains_key(&caller) {
                    continue;
                }
                if caller == from {
                    return true;
                }
                seen.insert(caller, ());
                queue.push(caller);
            }
        }
        false
    }
}

/// Builds the graph and trims it to what the options allow.
pub(crate) fn trimmed<'p>(table: NodeTable<'p>, options: &GraphOptions<'_>) -> Trimmed<'p> {
    let mut graph = Graph::whole(table, options);
    let total =
        graph.shown.iter().fold(0_i64, |sum, node| sum.wrapping_add(graph.weight(*node).flat));
    let cutoff = |fraction: f64| truncate(total as f64 * fraction).wrapping_abs();
    let (node_cutoff, edge_cutoff) = (cutoff(options.node_fraction), cutoff(options.edge_fraction));

    // First the light nodes go.
    let heavy: Vec<u32> = graph
        .shown
        .iter()
        .copied()
        .filter(|node| graph.weight(*node).cum.wrapping_abs() >= node_cutoff)
        .collect();
    let dropped_nodes = if node_cutoff > 0 { graph.shown.len() - heavy.len() } else { 0 };
    if options.call_tree {
        let edges = std::mem::take(&mut graph.edges);
        graph.set_edges(edges);
        if dropped_nodes > 0 {
            graph.splice(&heavy);
            graph.drop_redundant_edges();
        }
    } else {
        if dropped_nodes > 0 {
            graph.shown = heavy;
        }
        graph.connect(options, dropped_nodes > 0);
        if let Detail::Picture(format) = options.detail {
            let mut kept = vec![false; graph.table.len()];
            for &node in &graph.shown {
                kept[node as usize] = true;
            }
            graph.tags = tags::collect(&graph.table, options.value, &kept, format);
        }
    }
    let original_count = graph.shown.len();

    // Then the sorted rest is cut at the limit.
    order::sort_nodes(&mut graph, options.order);
    if options.node_count > 0 {
        graph.trim_tags(node_cutoff);
        graph.trim_edges(edge_cutoff);
        let fitting = graph.fitting(options.node_count, options);
        if fitting < graph.shown.len() {
            if options.call_tree {
                let kept = graph.shown[..fitting].to_vec();
                graph.splice(&kept);
                graph.drop_redundant_edges();
            } else {
                graph.shown.truncate(fitting);
                graph.connect(options, true);
            }
            order::sort_nodes(&mut graph, options.order);
        }
    }

    // At last light tags and edges go.
    graph.trim_tags(node_cutoff);
    let dropped_edges = graph.trim_edges(edge_cutoff);
    if let Detail::Picture(_) = options.detail {
        graph.drop_redundant_edges();
    }
    Trimmed { graph, original_count, dropped_nodes, dropped_edges }
}

/// The edges at both ends of each node.
#[derive(Debug, Default)]
struct Ends {
    into: Runs,
    out_of: Runs,
}

impl Ends {
    fn new(nodes: usize, edges: &[Edge]) -> Self {
        Self {
            into: Runs::new(nodes, edges.iter().map(|edge| edge.to)),
            out_of: Runs::new(nodes, edges.iter().map(|edge| edge.from)),
        }
    }
}

/// For each node a run of edge positions, all in one list.
#[derive(Debug, Default)]
struct Runs {
    starts: Vec<u32>,
    positions: Vec<u32>,
}

impl Runs {
    fn new(nodes: usize, owners: impl Iterator<Item = u32> + Clone) -> Self {
        let mut starts = vec![0_u32; nodes + 1];
        for owner in owners.clone() {
            starts[owner as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut positions = vec![0; starts[nodes] as usize];
        for (position, owner) in owners.enumerate() {
            let slot = &mut next[owner as usize];
            positions[*slot as usize] = nodes::position_u32(position);
            *slot += 1;
        }
        Self { starts, positions }
    }

    fn of(&self, node: u32) -> &[u32] {
        let position = node as usize;
        match self.starts.get(position + 1) {
            Some(&end) => &self.positions[self.starts[position] as usize..end as usize],
            None => &[],
        }
    }
}
