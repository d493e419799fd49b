//! The call graph in callgrind's format.
//!
//! Names are written once and then called by their number; addresses are written relative to the
//! last node's where that is shorter. Both are allowances of the format.

use crate::graph::FastMap;
use crate::reports::callgrind::{CallgrindEntry, CallgrindReport};
use std::fmt::Write as _;
use std::sync::Arc;

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
            out.push_str("\nob=");
            objects.write(&mut out, &entry.object);
            out.push_str("\nfl=");
            files.write_shared(&mut out, &place.file);
            out.push_str("\nfn=");
            names.write_shared(&mut out, &place.name);
            out.push('\n');
        }
        let last_address = last.map(|last| last.place.address);
        write_address(&mut out, last_address, place.address);
        out.push(' ');
        write_number(&mut out, place.line);
        out.push(' ');
        write_number(&mut out, entry.cost);
        out.push('\n');
        for (callee, cost) in &entry.calls {
            out.push_str("cfl=");
            files.write_shared(&mut out, &callee.file);
            out.push_str("\ncfn=");
            names.write_shared(&mut out, &callee.name);
            // The profile does not say how often a function was called.
            out.push_str("\ncalls=0 ");
            write_address(&mut out, last_address, callee.address);
            out.push(' ');
            write_number(&mut out, callee.line);
            out.push_str("\n* * ");
            write_number(&mut out, *cost);
            out.push('\n');
        }
        last = Some(entry);
    }
    out
}

/// Names that were written before, with their numbers.
#[derive(Default)]
struct Names<'a> {
    numbers: FastMap<&'a str, usize>,
    /// The same by where the texts are, for those that places share: a look at 16 bytes instead of
    /// at a whole name.
    by_place: FastMap<(usize, usize), usize>,
}

impl<'a> Names<'a> {
    /// `(3) name` at first, `(3)` afterwards; nothing for the empty name.
    fn write(&mut self, out: &mut String, name: &'a str) {
        if name.is_empty() {
            return;
        }
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(name).or_insert(next);
        write_reference(out, number);
        if number == next {
            out.push(' ');
            out.push_str(name);
        }
    }

    fn write_shared(&mut self, out: &mut String, name: &'a Arc<str>) {
        // The report is borrowed, so a place holds the same text all the while.
        let place = (name.as_ptr().addr(), name.len());
        if let Some(&number) = self.by_place.get(&place) {
            return write_reference(out, number);
        }
        self.write(out, name);
        if let Some(&number) = self.numbers.get(name.as_ref()) {
            self.by_place.insert(place, number);
        }
    }
}

fn write_reference(out: &mut String, number: usize) {
    out.push('(');
    write_number(out, i64::try_from(number).unwrap_or(i64::MAX));
    out.push(')');
}

/// An address, relative to the last one where that is shorter.
fn write_address(out: &mut String, last: Option<u64>, address: u64) {
    let Some(last) = last else { return write_hexadecimal(out, address) };
    if last == address {
        return out.push('*');
    }
    let relative = address.wrapping_sub(last).cast_signed();
    // `0x` and a digit for every four bits begun; a sign and at least one digit.
    let absolute_length = 2 + hexadecimal_digits(address);
    let digits = relative.unsigned_abs().checked_ilog10().unwrap_or(0) + 1;
    if 1 + digits < absolute_length {
        if relative > 0 {
            out.push('+');
        }
        write_number(out, relative);
    } else {
        write_hexadecimal(out, address);
    }
}

/// How many digits a number has to base 16; one for 0.
fn hexadecimal_digits(number: u64) -> u32 {
    (u64::BITS - number.leading_zeros()).div_ceil(4).max(1)
}

fn write_hexadecimal(out: &mut String, number: u64) {
    write!(out, "{number:#x}").expect("a String takes every text");
}

fn write_number(out: &mut String, number: i64) {
    write!(out, "{number}").expect("a String takes every text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_relative_where_that_is_shorter() {
        for address in [0, 9, 0xf, 0x10, 0x400, 0x40_0000, u64::MAX - 5, u64::MAX] {
            for last in [0, 8, 0x401, 0x40_0010, 0x1_0000_0000, u64::MAX] {
                let (mut written, absolute) = (String::new(), format!("{address:#x}"));
                let relative = format!("{:+}", address.wrapping_sub(last).cast_signed());
                let shorter = if relative.len() < absolute.len() { relative } else { absolute };
                write_address(&mut written, Some(last), address);
                assert_eq!(written, if address == last { String::from("*") } else { shorter });
            }
        }
        let mut written = String::new();
        write_address(&mut written, None, 0);
        assert_eq!(written, "0x0");
    }
}
