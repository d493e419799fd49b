//! `disasm`: the instructions of functions, with what each holds.
//!
//! A graph with a node for each address goes in, and the binaries that its addresses are in. A
//! function is found by its name in the binary's symbol table, or by an address that lies in it.

use crate::answer::Surroundings;
use crate::binary::{Binary, BinarySymbol, Instruction};
use crate::error::{Error, ErrorKind, Note};
use crate::graph::{Graph, Weight};
use crate::numbers::Numbers;
use crate::paths;
use crate::pattern::Pattern;
use serde::Serialize;

/// Annotated instructions.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DisasmReport {
    /// The functions that matched, sorted by name.
    pub routines: Vec<Routine>,
    #[serde(skip)]
    pub(crate) numbers: Numbers,
}

/// A function whose instructions were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Routine {
    /// Its name as it stands in the binary.
    pub name: String,
    /// What its instructions hold themselves, in the unit of the sample type.
    pub flat: i64,
    /// The sum of what they and all they called hold, in the unit of the sample type.
    pub cum: i64,
    /// In the order of their addresses.
    pub instructions: Vec<RoutineLine>,
}

/// An instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RoutineLine {
    /// Its address in the binary.
    pub address: u64,
    /// What it does.
    pub text: String,
    /// What it holds itself, in the unit of the sample type.
    pub flat: i64,
    /// What it and all it called hold, in the unit of the sample type.
    pub cum: i64,
    /// The function of the samples that it holds; empty when it holds none.
    pub function: String,
    /// Base name of the source file; may be empty.
    pub file: String,
    /// Source line, 1-based; 0 when unknown.
    pub line: i64,
}

/// The instructions of all functions that match; what could not be opened is noted.
///
/// # Errors
/// When nothing matches, or a function's instructions cannot be read.
pub(crate) fn disasm(
    graph: &Graph<'_>,
    pattern: &Pattern,
    numbers: Numbers,
    surroundings: &mut Surroundings<'_>,
    notes: &mut Vec<Note>,
) -> Result<DisasmReport, Error> {
    let wanted_address = address(pattern.source());
    let binaries = open_binaries(graph, pattern, wanted_address, surroundings, notes);
    let mut is_any_symbol = false;
    let mut routines = Vec::new();
    for binary in &binaries {
        let mut nodes: Vec<(u64, u32)> = graph
            .shown
            .iter()
            .map(|&node| {
                let process_address = graph.table.key(graph.stands_for(node)).address;
                (binary.file_address(process_address), node)
            })
            .collect();
        nodes.sort_unstable();
        let mut wanted = Vec::new();
        for symbol in &binary.symbols {
            // The last byte of a symbol is not its own, as in pprof.
            let end = symbol.end.saturating_sub(1);
            let is_wanted = pattern.is_match(&symbol.name)
                && wanted_address.is_none_or(|wanted| (symbol.start..=end).contains(&wanted));
            if !is_wanted {
                continue;
            }
            is_any_symbol = true;
            let from = nodes.partition_point(|(address, _)| *address < symbol.start);
            let to = nodes.partition_point(|(address, _)| *address < end);
            if from < to {
                wanted.push((symbol, from..to));
            }
        }
        let ranges: Vec<_> =
            wanted.iter().map(|(symbol, _)| symbol.start..symbol.end.saturating_sub(1)).collect();
        let codes = (binary.instructions)(&ranges);
        for ((symbol, range), code) in wanted.into_iter().zip(codes) {
            let code = code.map_err(|reason| {
                Error::new(ErrorKind::Missing, format!("{}: {reason}", symbol.name))
            })?;
            routines.push((symbol.start, routine(graph, symbol, &code, &nodes[range])));
        }
    }
    if routines.is_empty() {
        let text = match wanted_address {
            None => format!("no matches found for regexp {}", pattern.source()),
            Some(address) if !is_any_symbol => {
                format!("no matches found for address {address:#x}")
            }
            Some(address) => format!(
                "address {address:#x} found in binary, but the corresponding symbols do not have \
                 samples in the profile"
            ),
        };
        return Err(Error::new(ErrorKind::NoMatch, text));
    }
    routines.sort_by(|(one_start, one), (other_start, other)| {
        one.name.cmp(&other.name).then(one_start.cmp(other_start))
    });
    let routines = routines.into_iter().map(|(_, routine)| routine).collect();
    Ok(DisasmReport { routines, numbers })
}

/// The address that an expression is, written as Go writes numbers.
fn address(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = if let Some(digits) = lower.strip_prefix("0x") {
        (digits, 16)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (digits, 2)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (digits, 8)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (&lower[1..], 8)
    } else {
        (lower.as_str(), 10)
    };
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// The binaries that have a matching function or the address, in the order of the profile.
fn open_binaries(
    graph: &Graph<'_>,
    pattern: &Pattern,
    wanted_address: Option<u64>,
    surroundings: &mut Surroundings<'_>,
    notes: &mut Vec<Note>,
) -> Vec<Binary> {
    let profile = graph.table.profile();
    let mut matched: Vec<&str> = graph
        .shown
        .iter()
        .filter(|node| pattern.is_match(&graph.printed_name(**node)))
        .map(|node| graph.table.object(graph.stands_for(*node)))
        .filter(|object| !object.is_empty())
        .collect();
    matched.sort_unstable();
    matched.dedup();
    let mut binaries = Vec::new();
    for mapping in &profile.mappings {
        let file = profile.text(mapping.file);
        let covers = wanted_address
            .is_some_and(|address| (mapping.start..=mapping.limit).contains(&address));
        if matched.binary_search(&file).is_err() && !covers {
            continue;
        }
        match (surroundings.open_binary)(profile, mapping) {
            Ok(binary) => binaries.push(binary),
            Err(reason) => notes.push(Note::new(reason)),
        }
    }
    binaries
}

/// The instructions of a function with what the nodes (by address in the binary) hold.
fn routine(
    graph: &Graph<'_>,
    symbol: &BinarySymbol,
    code: &[Instruction],
    nodes: &[(u64, u32)],
) -> Routine {
    let (mut flat, mut cum) = (0_i64, 0_i64);
    for (_, node) in nodes {
        flat = flat.wrapping_add(graph.weight(*node).flat);
        cum = cum.wrapping_add(graph.weight(*node).cum);
    }
    let mut rest = nodes;
    let mut instructions = Vec::with_capacity(code.len());
    for (position, instruction) in code.iter().enumerate() {
        let next = code.get(position + 1).map_or(u64::MAX, |next| next.address);
        // A sample may point into the middle of its instruction.
        let (here, behind) = rest.split_at(rest.partition_point(|(address, _)| *address < next));
        rest = behind;
        let (file, line) = match instruction.frames.first() {
            Some(frame) if !frame.file.is_empty() => (paths::base(&frame.file), frame.line),
            Some(frame) => ("", frame.line),
            None => ("", 0),
        };
        let mut line = RoutineLine {
            address: instruction.address,
            text: instruction.text.clone(),
            file: file.to_owned(),
            line,
            ..RoutineLine::default()
        };
        let mut held = Weight::default();
        for (_, node) in here {
            let weight = graph.weight(*node);
            held.add_flat(weight.flat, weight.flat_divisor);
            held.add_cum(weight.cum, weight.cum_divisor);
            let place = graph.stands_for(*node);
            let (key, source) = (graph.table.key(place), graph.table.file(place));
            if line.file.is_empty() && !source.is_empty() {
                line.file = paths::base(source).to_owned();
            }
            if line.line == 0 {
                line.line = key.line;
            }
            if line.function.is_empty() {
                line.function = graph.table.name(place).to_owned();
            }
        }
        (line.flat, line.cum) = (held.flat_value(), held.cum_value());
        instructions.push(line);
    }
    Routine { name: symbol.name.clone(), flat, cum, instructions }
}

#[cfg(test)]
mod tests;
