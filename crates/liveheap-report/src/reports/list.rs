//! `list`: the source of functions, each line with what it holds.
//!
//! Goes in: a graph with a node for each line, the expression for the names of functions, and the
//! source files. Comes out: for each function and each of its files the lines around those that
//! hold something. What a mean is divided by is left out of account, as in pprof.

use crate::error::{Error, ErrorKind};
use crate::graph::Graph;
use crate::numbers::Numbers;
use crate::pattern::Pattern;
use crate::sources::Sources;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Annotated source.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ListReport {
    /// The functions that matched, sorted by name.
    pub functions: Vec<ListedFunction>,
    #[serde(skip)]
    pub(crate) numbers: Numbers,
}

/// A function whose source was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListedFunction {
    /// Its name.
    pub name: String,
    /// Its source in each file, sorted by file; empty when the profile names none.
    pub files: Vec<ListedFile>,
}

/// What a function holds in one source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListedFile {
    /// The file, as the profile names it.
    pub file: String,
    /// What its lines hold themselves, in the unit of the sample type.
    pub flat: i64,
    /// The sum of what they and all they called hold, in the unit of the sample type.
    pub cum: i64,
    /// The lines in order, or why there are none.
    #[serde(serialize_with = "lines_or_reason")]
    pub lines: Result<Vec<SourceLine>, String>,
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SourceLine {
    /// Its number, 1-based.
    pub number: i64,
    /// What it holds itself, in the unit of the sample type.
    pub flat: i64,
    /// What it and all it called hold, in the unit of the sample type.
    pub cum: i64,
    /// The line without its end.
    pub text: String,
}

/// A list, or a text that says why there is none.
fn lines_or_reason<S: Serializer>(
    lines: &Result<Vec<SourceLine>, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match lines {
        Ok(lines) => lines.serialize(serializer),
        Err(reason) => reason.serialize(serializer),
    }
}

/// How many lines are shown before the first and behind the last that holds something.
const MARGIN: i64 = 5;

/// The source of all functions whose name matches.
///
/// # Errors
/// When none matches.
pub(crate) fn list(
    graph: &Graph<'_>,
    pattern: &Pattern,
    numbers: Numbers,
    sources: &mut Sources<'_, '_>,
) -> Result<ListReport, Error> {
    // By name, then by file.
    let mut found: BTreeMap<&str, BTreeMap<&str, Vec<u32>>> = BTreeMap::new();
    for &node in &graph.shown {
        let name = graph.table.name(node);
        if pattern.is_match(name) {
            found.entry(name).or_default().entry(graph.table.file(node)).or_default().push(node);
        }
    }
    if found.is_empty() {
        let text = format!("no matches found for regexp: {}", pattern.source());
        return Err(Error::new(ErrorKind::NoMatch, text));
    }
    let mut functions = Vec::with_capacity(found.len());
    for (name, files) in found {
        let files = files.into_iter().filter(|(file, _)| !file.is_empty());
        let files = files.map(|(file, nodes)| listed_file(graph, file, &nodes, sources)).collect();
        functions.push(ListedFunction { name: String::from(name), files });
    }
    Ok(ListReport { functions, numbers })
}

fn listed_file(
    graph: &Graph<'_>,
    file: &str,
    nodes: &[u32],
    sources: &mut Sources<'_, '_>,
) -> ListedFile {
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    let mut held: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    let (mut flat, mut cum) = (0_i64, 0_i64);
    for &node in nodes {
        let (key, weight) = (graph.table.key(node), graph.weight(node));
        let start = match key.start_line {
            0 => key.line.saturating_sub(MARGIN),
            start => start,
        };
        first = first.min(start);
        last = last.max(key.line.saturating_add(MARGIN));
        flat = flat.wrapping_add(weight.flat);
        cum = cum.wrapping_add(weight.cum);
        let of_line = held.entry(key.line).or_default();
        *of_line = (of_line.0.wrapping_add(weight.flat), of_line.1.wrapping_add(weight.cum));
    }
    let numbers = first.max(1)..=last;
    // A file of which no line is wanted is not looked for, so it is not missed either.
    let problem =
        if numbers.is_empty() { sources.known_problem(file) } else { sources.problem(file) };
    let lines = match problem {
        Some(problem) => Err(String::from(problem)),
        None => {
            let lines = numbers.map_while(|number| {
                let text = String::from(sources.line(file, number)?);
                let (flat, cum) = held.get(&number).copied().unwrap_or_default();
                Some(SourceLine { number, flat, cum, text })
            });
            Ok(lines.collect())
        }
    };
    ListedFile { file: String::from(file), flat, cum, lines }
}
