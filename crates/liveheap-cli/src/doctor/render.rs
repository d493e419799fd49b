//! A diagnosis as text: findings first, then what was looked at.

use super::diagnosis::{BinaryReport, Diagnosis, Offer, Place, ProfileFacts};
use liveheap_report::label;
use std::fmt::Write;

/// Lines are broken here where they can be, in letters.
const WIDTH: usize = 100;

/// The text, which needs no colour.
pub(crate) fn text(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    match &diagnosis.profile {
        Some(facts) => {
            paragraph(&mut out, "", "  ", &format!("{}: {}", diagnosis.source, summary(facts)));
        }
        None => paragraph(&mut out, "", "  ", &diagnosis.source),
    }
    out.push('\n');
    findings(diagnosis, &mut out);
    if !diagnosis.binaries.is_empty() {
        out.push_str("\nBinaries\n");
    }
    for report in &diagnosis.binaries {
        binary(report, &mut out);
    }
    if diagnosis.unused_binaries > 0 {
        let _ = writeln!(out, "  {} more, in which no stack is", diagnosis.unused_binaries);
    }
    if let Some(facts) = diagnosis.profile.as_ref().filter(|facts| !facts.comments.is_empty()) {
        out.push_str("\nThe profiler's remarks\n");
        for comment in &facts.comments {
            paragraph(&mut out, "  ", "    ", comment);
        }
    }
    out
}

fn summary(facts: &ProfileFacts) -> String {
    let value = |number, unit: &str| if number == 0 { "0".to_owned() } else { label(number, unit) };
    let mut text = format!("{} of {}", value(facts.total, &facts.unit), facts.sample_type);
    let precision = &facts.precision;
    if let (Some(samples), Some(error)) = (precision.samples, precision.relative_error) {
        let _ = write!(
            text,
            " from about {samples:.0} {}, good to about ±{}",
            if samples < 1.5 { "sample" } else { "samples" },
            rounded(error),
        );
        if precision.visible_from > 0 {
            let smallest = value(precision.visible_from, &precision.period_unit);
            let _ = write!(text, "; what is below {smallest} is often missed");
        }
    } else {
        let _ = write!(text, " in {} {}", facts.rows, if facts.rows == 1 { "row" } else { "rows" });
    }
    text
}

fn findings(diagnosis: &Diagnosis, out: &mut String) {
    let of = diagnosis.profile.as_ref().map_or("", |facts| &facts.sample_type);
    if diagnosis.findings.is_empty() {
        out.push_str(match diagnosis.profile {
            Some(_) => "Nothing is wrong: names, lines and stacks are there.\n",
            None => "Nothing is wrong: a profile of it gets names and lines.\n",
        });
    }
    for (number, finding) in (1..).zip(&diagnosis.findings) {
        let share = match finding.share {
            Some(share) => format!(" ({} of {of})", percent(share)),
            None => String::new(),
        };
        let start = format!("{number}. ");
        let indent = " ".repeat(start.len());
        paragraph(out, &start, &indent, &format!("{}{share}", finding.what));
        if !finding.because.is_empty() {
            paragraph(out, &indent, &indent, &finding.because);
        }
        paragraph(out, &format!("{indent}-> "), &format!("{indent}   "), &finding.remedy);
    }
}

fn binary(report: &BinaryReport, out: &mut String) {
    let file = if report.file.is_empty() { "(no file named)" } else { &report.file };
    let build_id = match report.build_id.as_str() {
        "" => "no build id".to_owned(),
        build_id => format!("build id {build_id}"),
    };
    let _ = writeln!(out, "  {file}, {build_id}");
    if let Some(shares) = &report.shares {
        let of_frames = |share: f64| match share {
            0.0 => String::new(),
            share => format!(" ({} of all frames)", percent(share)),
        };
        let line = format!(
            "in {} of the total; of {} addresses {} have no name{}, {} no line{}",
            percent(shares.of_total),
            shares.addresses,
            shares.unnamed,
            of_frames(shares.frames_unnamed),
            shares.unlined,
            of_frames(shares.frames_unlined),
        );
        paragraph(out, "    ", "      ", &line);
    }
    places(&report.tried, "    ", out);
    if let Some(found) = &report.offer {
        offer(found, out);
        places(&found.debug_tried, "    debug file ", out);
        if let Some(file) = &found.debug_file {
            offer(file, out);
        }
    }
}

fn places(places: &[Place], start: &str, out: &mut String) {
    for place in places {
        let _ = writeln!(out, "{start}{}: {}", place.path, place.verdict);
    }
}

/// What a file has to offer, in a line.
fn offer(offer: &Offer, out: &mut String) {
    let symbols = match (offer.symbols, offer.exports) {
        (0, 0) => "no symbols".to_owned(),
        (0, exports) => format!("no .symtab, {exports} functions in .dynsym"),
        (symbols, 0) => format!("{symbols} functions in .symtab"),
        (symbols, exports) => {
            format!("{symbols} functions in .symtab, {exports} in .dynsym")
        }
    };
    let debug = match offer.debug {
        "line-tables" => "line tables",
        "full" => "full debug information",
        "split" => "split debug information",
        _ => "no debug information",
    };
    let go_table = if offer.has_go_table { ", Go's own table of names and lines" } else { "" };
    let link = match &offer.debug_link {
        Some(link) => format!(", names {link} as its debug file"),
        None => String::new(),
    };
    let unwinding =
        if offer.has_unwind_tables || offer.has_go_table { "" } else { ", no unwind tables" };
    let line = format!("has {symbols}, {debug}{go_table}{link}{unwinding}");
    paragraph(out, "    ", "      ", &line);
}

/// An error in whole percent.
pub(super) fn rounded(error: f64) -> String {
    format!("{:.0}%", (error * 100.0).ceil())
}

/// A share as people read it: one digit behind the point where that says something.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.1 {
        return "<0.1%".to_owned();
    }
    let digits = format!("{percent:.1}");
    format!("{}%", digits.strip_suffix(".0").unwrap_or(&digits))
}

/// Writes words with `start` before the first line and `indent` before the others. Words are not
/// broken.
fn paragraph(out: &mut String, start: &str, indent: &str, text: &str) {
    out.push_str(start);
    let mut column = start.chars().count();
    let mut is_first = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !is_first && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(indent);
            column = indent.chars().count();
        } else if !is_first {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        is_first = false;
    }
    out.push('\n');
}
