//! `top`: the nodes by value, one row each.

use crate::graph::Trimmed;
use crate::numbers::Numbers;
use serde::Serialize;

/// The nodes of a profile by value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TopReport {
    /// The lines above the table.
    pub header: Vec<String>,
    /// What percentages are taken of, in the unit of the sample type.
    pub total: i64,
    /// The rows in the order of the report.
    pub rows: Vec<TopRow>,
}

/// A node of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TopRow {
    /// Function, file, line or instruction.
    pub name: String,
    /// Whether it was inlined into its callers.
    pub inlining: Inlining,
    /// What it holds itself, in the unit of the sample type.
    pub flat: i64,
    /// What it and all it called hold, in the unit of the sample type.
    pub cum: i64,
    /// `flat` as it is shown.
    pub flat_label: String,
    /// `cum` as it is shown.
    pub cum_label: String,
}

/// Whether a function was inlined into its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Inlining {
    /// Into none of them.
    None,
    /// Into some of them.
    Partial,
    /// Into all of them.
    Full,
}

/// Makes the rows; the header is made by the caller, who knows what was asked.
pub(crate) fn rows(trimmed: &Trimmed<'_>, numbers: &Numbers) -> Vec<TopRow> {
    let graph = &trimmed.graph;
    graph
        .shown
        .iter()
        .map(|&node| {
            let weight = graph.weight(node);
            let (flat, cum) = (weight.flat_value(), weight.cum_value());
            let mut inlined = graph
                .edges_into(node)
                .iter()
                .map(|edge| graph.edges[*edge as usize].inline)
                .collect::<Vec<_>>();
            inlined.sort_unstable();
            inlined.dedup();
            let inlining = match inlined[..] {
                [false, true] => Inlining::Partial,
                [true] => Inlining::Full,
                _ => Inlining::None,
            };
            TopRow {
                name: graph.printed_name(node).into_owned(),
                inlining,
                flat,
                cum,
                flat_label: numbers.label(flat),
                cum_label: numbers.label(cum),
            }
        })
        .collect()
}
