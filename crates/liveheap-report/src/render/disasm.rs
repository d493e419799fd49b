//! `disasm` as text, byte for byte as pprof prints it.

use crate::reports::disasm::{DisasmReport, RoutineLine};
use std::fmt::Write as _;

/// Instructions shorter than this have their place on the same line.
const SHORT: usize = 40;

/// The functions, one behind the other.
pub(crate) fn write(report: &DisasmReport) -> String {
    let mut out = String::new();
    write_to(report, &mut out).expect("a String takes every text");
    out
}

fn write_to(report: &DisasmReport, out: &mut String) -> std::fmt::Result {
    let numbers = &report.numbers;
    let value_or_dot =
        |value: i64| if value == 0 { String::from(".") } else { numbers.label(value) };
    writeln!(out, "Total: {}", numbers.label(numbers.total))?;
    for routine in &report.routines {
        writeln!(out, "ROUTINE ======================== {}", routine.name)?;
        let (flat, cum) = (numbers.label(routine.flat), numbers.label(routine.cum));
        let share = numbers.share(routine.cum);
        writeln!(out, "{flat:>10} {cum:>10} (flat, cum) {share} of Total")?;
        let mut last = ("", "", 0);
        for line in &routine.instructions {
            let RoutineLine { address, text, .. } = line;
            let place = (line.function.as_str(), line.file.as_str(), line.line);
            let place = if place == last { String::new() } else { place_text(line) };
            last = (&line.function, &line.file, line.line);
            let (flat, cum) = (value_or_dot(line.flat), value_or_dot(line.cum));
            let start = format!("{flat:>10} {cum:>10} {address:>10x}:");
            if place.is_empty() {
                writeln!(out, "{start} {text}")?;
            } else if text.len() < SHORT {
                writeln!(out, "{start} {text:<SHORT$};{place}")?;
            } else {
                writeln!(out, "{:74};{place}\n{start} {text}", "")?;
            }
        }
    }
    Ok(())
}

/// The function and source line of an instruction, as far as they are known.
fn place_text(line: &RoutineLine) -> String {
    let mut text = String::new();
    if !line.function.is_empty() {
        text.push_str(&line.function);
        text.push(' ');
    }
    text.push_str(&line.file);
    if !line.file.is_empty() && line.line != 0 {
        text.push_str(&format!(":{}", line.line));
    }
    text
}
