//! The reports that are tables as comma-separated values, quoted as RFC 4180 says.
//!
//! The first row names the columns. Numbers are in the unit of the profile, not rounded and not
//! divided; the unit stands in a column of its own.

use crate::answer::Answer;
use crate::report::Report;
use crate::reports::top::Inlining;

/// The table of a report; `None` when it is not a table.
pub(crate) fn table(answer: &Answer) -> Option<String> {
    let unit = answer.unit.as_str();
    let mut out = Table(String::new());
    match &answer.report {
        Report::Top(report) => {
            out.row(&["name", "inlining", "flat", "cum", "total", "unit"]);
            let total = report.total.to_string();
            for row in &report.rows {
                let inlining = match row.inlining {
                    Inlining::None => "none",
                    Inlining::Partial => "partial",
                    Inlining::Full => "full",
                };
                let (flat, cum) = (row.flat.to_string(), row.cum.to_string());
                out.row(&[&row.name, inlining, &flat, &cum, &total, unit]);
            }
        }
        Report::Tree(report) => {
            out.row(&["name", "relation", "other", "inline", "value", "unit"]);
            for block in &report.blocks {
                for edge in &block.callers {
                    let inline = edge.inline.to_string();
                    let weight = edge.weight.to_string();
                    out.row(&[&block.name, "caller", &edge.name, &inline, &weight, unit]);
                }
                out.row(&[&block.name, "flat", "", "", &block.flat.to_string(), unit]);
                out.row(&[&block.name, "cum", "", "", &block.cum.to_string(), unit]);
                for edge in &block.callees {
                    let inline = edge.inline.to_string();
                    let weight = edge.weight.to_string();
                    out.row(&[&block.name, "callee", &edge.name, &inline, &weight, unit]);
                }
            }
        }
        Report::Tags(report) => {
            out.row(&["key", "value", "weight", "key_total", "unit"]);
            for key in &report.keys {
                for (value, weight) in &key.values {
                    let (weight, total) = (weight.to_string(), key.total.to_string());
                    out.row(&[&key.name, value, &weight, &total, unit]);
                }
            }
        }
        _ => return None,
    }
    Some(out.0)
}

struct Table(String);

impl Table {
    fn row(&mut self, cells: &[&str]) {
        for (position, cell) in cells.iter().enumerate() {
            if position > 0 {
                self.0.push(',');
            }
            if cell.contains([',', '"', '\n', '\r']) {
                self.0.push('"');
                self.0.push_str(&cell.replace('"', "\"\""));
                self.0.push('"');
            } else {
                self.0.push_str(cell);
            }
        }
        self.0.push_str("\r\n");
    }
}
