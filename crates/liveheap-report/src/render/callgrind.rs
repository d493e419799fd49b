//! The call graph in callgrind's format.
//!
//! Names are written once and then called by their number; addresses are written relative to the
//! last node's where that is shorter. Both are allowances of the format.

use crate::graph::FastMap;
use crate::reports::callgrind::{CallgrindEntry, CallgrindReport};
use std::fmt::Write as _;

/// The report as the text of a callgrind file.
pub(crate) fn write(report: &CallgrindReport) -> String {
    let mut out = format!("positions: instr line\nevents: {}\n", report.event);
    let (mut objects, mut files, mut names) =
        (Names::default(), Names::default(), Names::default());
    let mut last: Option<&CallgrindEntry> = None;
    for entry in &report.entries {
        let place = &entry.place;
        let same_function = last.is_some_and(|last| {
            last.object == entry.object
                && last.place.file == place.file
                && last.place.name == place.name
        });
        if !same_function {
            let object = objects.reference(&entry.object);
            let (file, name) = (files.reference(&place.file), names.reference(&place.name));
            line(&mut out, format_args!("\nob={object}\nfl={file}\nfn={name}"));
        }
        let last_address = last.map(|last| last.place.address);
        let address = relative(last_address, place.address);
        line(&mut out, format_args!("{address} {} {}", place.line, entry.cost));
        for (callee, cost) in &entry.calls {
            let (file, name) = (files.reference(&callee.file), names.reference(&callee.name));
            let address = relative(last_address, callee.address);
            line(&mut out, format_args!("cfl={file}\ncfn={name}"));
            // The profile does not say how often a function was called.
            line(&mut out, format_args!("calls=0 {address} {}\n* * {cost}", callee.line));
        }
        last = Some(entry);
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a String takes every text");
}

/// Names that were written before, with their numbers.
#[derive(Default)]
struct Names<'a>(FastMap<&'a str, usize>);

impl<'a> Names<'a> {
    /// `(3) name` at first, `(3)` afterwards; empty for the empty name.
    fn reference(&mut self, name: &'a str) -> String {
        if name.is_empty() {
            return String::new();
        }
        if let Some(number) = self.0.get(name) {
            return format!("({number})");
        }
        let number = self.0.len() + 1;
        self.0.insert(name, number);
        format!("({number}) {name}")
    }
}

/// An address, relative to the last one where that is shorter.
fn relative(last: Option<u64>, address: u64) -> String {
    let absolute = if address == 0 { String::from("0x0") } else { format!("{address:#x}") };
    let Some(last) = last else { return absolute };
    if last == address {
        return String::from("*");
    }
    let relative = format!("{:+}", address.wrapping_sub(last).cast_signed());
    if relative.len() < absolute.len() { relative } else { absolute }
}
