//! `top` and `tree` as text, byte for byte as pprof prints them; collapsed stacks.

use crate::measure::percentage;
use crate::reports::folded::FoldedReport;
use crate::reports::top::{Inlining, TopReport};
use crate::reports::tree::{TreeEdge, TreeReport};
use std::fmt::Write as _;

/// The table of the nodes.
pub(crate) fn top(report: &TopReport) -> String {
    let mut out = header(&report.header);
    out.push_str("      flat  flat%   sum%        cum   cum%\n");
    let share = |value: i64| percentage(value, report.total);
    let mut sum = 0_i64;
    for row in &report.rows {
        sum = sum.wrapping_add(row.flat);
        let inlining = match row.inlining {
            Inlining::None => "",
            Inlining::Partial => " (partial-inline)",
            Inlining::Full => " (inline)",
        };
        let (flat, cum) = (&row.flat_label, &row.cum_label);
        let (flat_share, sum_share, cum_share) = (share(row.flat), share(sum), share(row.cum));
        let name = &row.name;
        writeln!(
            out,
            "{flat:>10} {flat_share} {sum_share} {cum:>10} {cum_share}  {name}{inlining}"
        )
        .expect("a String takes every text");
    }
    out
}

const SEPARATOR: &str =
    "----------------------------------------------------------+-------------\n";

/// Each node between its callers and its callees.
pub(crate) fn tree(report: &TreeReport) -> String {
    let mut out = header(&report.header);
    out.push_str(SEPARATOR);
    out.push_str("      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n");
    let share = |value: i64| percentage(value, report.total);
    let mut sum = 0_i64;
    for block in &report.blocks {
        out.push_str(SEPARATOR);
        edges(&mut out, &block.callers, block.cum);
        sum = sum.wrapping_add(block.flat);
        let (flat, cum) = (&block.flat_label, &block.cum_label);
        let (flat_share, sum_share, cum_share) = (share(block.flat), share(sum), share(block.cum));
        let (gap, name) = ("", &block.name);
        writeln!(out, "{flat:>10} {flat_share} {sum_share} {cum:>10} {cum_share}{gap:16}| {name}")
            .expect("a String takes every text");
        edges(&mut out, &block.callees, block.cum);
    }
    if report.has_nodes {
        out.push_str(SEPARATOR);
    }
    out
}

/// The edges of a block; their percentages are of what the block's node holds.
fn edges(out: &mut String, edges: &[TreeEdge], cum: i64) {
    for edge in edges {
        let inline = if edge.inline { " (inline)" } else { "" };
        let (label, share, name) = (&edge.label, percentage(edge.weight, cum), &edge.name);
        writeln!(out, "{label:>50} {share} |   {name}{inline}").expect("a String takes every text");
    }
}

/// A line for each stack.
pub(crate) fn folded(report: &FoldedReport) -> String {
    let mut out = String::new();
    for stack in &report.stacks {
        writeln!(out, "{} {}", stack.frames.join(";"), stack.value)
            .expect("a String takes every text");
    }
    out
}

fn header(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
