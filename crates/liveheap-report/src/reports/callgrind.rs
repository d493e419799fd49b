//! `callgrind`: the call graph for KCachegrind and its like.

use crate::graph::{FastMap, Trimmed, position_u32, sort_edges};
use crate::numbers::Numbers;
use liveheap_profile::StringId;
use serde::Serialize;
use std::sync::Arc;

/// The call graph in the terms of callgrind's format.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CallgrindReport {
    /// What was measured, with its unit: `inuse_space(kB)`.
    pub event: String,
    /// The nodes in the order of the report.
    pub entries: Vec<CallgrindEntry>,
}

/// A node with what it holds itself and whom it calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CallgrindEntry {
    /// The binary.
    pub object: String,
    /// Where the node is.
    pub place: CallgrindPlace,
    /// What it holds itself, in the unit of the report.
    pub cost: i64,
    /// Whom it calls and what they hold, heaviest first.
    pub calls: Vec<(CallgrindPlace, i64)>,
}

/// A function and a position in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CallgrindPlace {
    /// Source file; may be empty. Places share their texts.
    pub file: Arc<str>,
    /// Function; a callee's name has a number where different functions are called the same.
    pub name: Arc<str>,
    /// Process address; may be 0.
    pub address: u64,
    /// Line number, 1-based; 0 when unknown.
    pub line: i64,
}

/// Makes the entries.
pub(crate) fn entries(trimmed: &Trimmed<'_>, numbers: &Numbers) -> Vec<CallgrindEntry> {
    let graph = &trimmed.graph;
    let mut names: FastMap<StringId, Arc<str>> = FastMap::default();
    let callee_names = distinct_names(trimmed, &mut names);
    let nothing: Arc<str> = Arc::from("");
    let mut texts: FastMap<u32, Arc<str>> = FastMap::default();
    let nodes = 0..position_u32(graph.table.len());
    let files: Vec<Arc<str>> = nodes
        .map(|node| {
            let text = || Arc::from(graph.table.file(node));
            texts.entry(graph.table.key(node).file).or_insert_with(text).clone()
        })
        .collect();
    let place = |node: u32, name: Arc<str>| {
        let table_node = graph.stands_for(node);
        let key = graph.table.key(table_node);
        let file = files[table_node as usize].clone();
        CallgrindPlace { file, name, address: key.address, line: key.line }
    };
    let entry = |&node: &u32| {
        let table_node = graph.stands_for(node);
        let mut calls = graph.edges_out_of(node).to_vec();
        sort_edges(graph, &mut calls);
        let call = |position: &u32| {
            let edge = &graph.edges[*position as usize];
            let name = callee_names.get(&edge.to).unwrap_or(&nothing).clone();
            (place(edge.to, name), numbers.converted(edge.weight))
        };
        CallgrindEntry {
            object: graph.table.object(table_node).to_owned(),
            place: place(node, names[&graph.table.key(table_node).name].clone()),
            cost: numbers.converted(graph.weight(node).flat_value()),
            calls: calls.iter().map(call).collect(),
        }
    };
    graph.shown.iter().map(entry).collect()
}

/// What callgrind tells functions by: name and file.
type NameKey = (u32, u32);
/// What else tells functions apart: binary, first line, column, and in a call tree the caller.
type FunctionKey = (u32, i64, i64, Option<u32>);

/// The name of each shown node as a callee: with ` [i/n]` where n different functions have the same
/// name and file. Their own names are put into `names`.
fn distinct_names(
    trimmed: &Trimmed<'_>,
    names: &mut FastMap<StringId, Arc<str>>,
) -> FastMap<u32, Arc<str>> {
    let graph = &trimmed.graph;
    let id = |text: StringId| u32::try_from(text.get()).expect("string ids have 32 bits");
    let keys_of = |node: u32| -> (NameKey, FunctionKey) {
        let key = graph.table.key(graph.stands_for(node));
        // A node without address and line stands for its whole function, column and all.
        let column = if key.address == 0 && key.line == 0 { key.column } else { 0 };
        let function = (id(key.object), key.start_line, column, graph.caller_in_tree(node));
        ((id(key.name), key.file), function)
    };
    let mut functions: FastMap<NameKey, FastMap<FunctionKey, usize>> = FastMap::default();
    for &node in &graph.shown {
        let (name, function) = keys_of(node);
        let known = functions.entry(name).or_default();
        let next = known.len() + 1;
        known.entry(function).or_insert(next);
    }
    let name = |&node: &u32| {
        let table_node = graph.stands_for(node);
        let text = || Arc::from(graph.table.name(table_node));
        let text = names.entry(graph.table.key(table_node).name).or_insert_with(text);
        let (name, function) = keys_of(node);
        let known = &functions[&name];
        let number = known.get(&function).filter(|_| known.len() > 1);
        let text = match number {
            Some(number) => Arc::from(format!("{text} [{number}/{}]", known.len())),
            None => text.clone(),
        };
        (node, text)
    };
    graph.shown.iter().map(name).collect()
}
