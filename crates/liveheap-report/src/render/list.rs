//! `list` as text, byte for byte as pprof prints it.

use crate::numbers::Numbers;
use crate::reports::list::{ListReport, ListedFile};
use std::fmt::{self, Write as _};

/// The annotated source.
pub(crate) fn write(report: &ListReport) -> String {
    let mut out = String::new();
    write_to(report, &mut out).expect("a String takes every text");
    out
}

fn write_to(report: &ListReport, out: &mut String) -> fmt::Result {
    let numbers = &report.numbers;
    writeln!(out, "Total: {}", numbers.label(numbers.total))?;
    for function in &report.functions {
        let name = &function.name;
        if function.files.is_empty() {
            writeln!(out, "No source information for {name}")?;
        }
        for file in &function.files {
            let ListedFile { file, flat, cum, lines } = file;
            writeln!(out, "ROUTINE ======================== {name} in {file}")?;
            let (flat, cum_label) = (numbers.label(*flat), numbers.label(*cum));
            let share = numbers.share(*cum);
            writeln!(out, "{flat:>10} {cum_label:>10} (flat, cum) {share} of Total")?;
            match lines {
                Err(problem) => writeln!(out, " Error: {problem}")?,
                Ok(lines) => {
                    for line in lines {
                        let (flat, cum) =
                            (label_or_dot(numbers, line.flat), label_or_dot(numbers, line.cum));
                        writeln!(out, "{flat:>10} {cum:>10} {:>6}:{}", line.number, line.text)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// A value; a dot for nothing.
pub(super) fn label_or_dot(numbers: &Numbers, value: i64) -> String {
    if value == 0 { String::from(".") } else { numbers.label(value) }
}

#[cfg(test)]
mod tests {
    use crate::answer::{Surroundings, answer};
    use crate::fixture;
    use crate::request::{ReportKind, Request};
    use expect_test::{Expect, expect};
    use std::io;

    #[track_caller]
    fn check(samples: &str, pattern: &str, expected: Expect) {
        let mut request = Request::new(ReportKind::List(String::from(pattern)));
        request.source_path = String::from("/src");
        let mut read_file = |path: &str| match path {
            "/src/leak.rs" => {
                let lines: Vec<String> = (1..=20).map(|n| format!("    line {n};\n")).collect();
                Ok(lines.concat().into_bytes())
            }
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let mut surroundings = Surroundings {
            current_dir: String::from("/"),
            read_file: &mut read_file,
            open_binary: &mut |_, _| Err(String::from("no binaries here")),
            local_time: &|_| (0, String::from("UTC")),
        };
        let text = match answer(fixture::profile(samples), &request, &mut surroundings) {
            Err(error) => format!("{error}\n"),
            Ok(answer) => {
                let mut out = Vec::new();
                answer.report.write(&mut out).unwrap();
                String::from_utf8(out).unwrap()
            }
        };
        let lines: Vec<String> = text.lines().map(|line| format!("|{line}\n")).collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn lines_are_shown_with_five_around() {
        check(
            "main@main.rs:1;leak@leak.rs:7 1024
             main@main.rs:1;leak@leak.rs:8;grow@leak.rs:17 2048
             main@main.rs:1;leak@leak.rs:8 1024",
            "leak|grow",
            expect![[r#"
                |Total: 4kB
                |ROUTINE ======================== grow in leak.rs
                |       2kB        2kB (flat, cum) 50.00% of Total
                |         .          .     12:    line 12;
                |         .          .     13:    line 13;
                |         .          .     14:    line 14;
                |         .          .     15:    line 15;
                |         .          .     16:    line 16;
                |       2kB        2kB     17:    line 17;
                |         .          .     18:    line 18;
                |         .          .     19:    line 19;
                |         .          .     20:    line 20;
                |ROUTINE ======================== leak in leak.rs
                |       2kB        4kB (flat, cum)   100% of Total
                |         .          .      2:    line 2;
                |         .          .      3:    line 3;
                |         .          .      4:    line 4;
                |         .          .      5:    line 5;
                |         .          .      6:    line 6;
                |       1kB        1kB      7:    line 7;
                |       1kB        3kB      8:    line 8;
                |         .          .      9:    line 9;
                |         .          .     10:    line 10;
                |         .          .     11:    line 11;
                |         .          .     12:    line 12;
                |         .          .     13:    line 13;
            "#]],
        );
    }

    #[test]
    fn what_has_no_source_says_why() {
        check(
            "main@main.rs:3;leak 1024",
            ".",
            expect![[r#"
            |Total: 1kB
            |No source information for leak
            |ROUTINE ======================== main in main.rs
            |         0        1kB (flat, cum)   100% of Total
            | Error: could not find file main.rs on path /src
        "#]],
        );
    }

    #[test]
    fn a_name_that_nothing_has_is_an_error() {
        check(
            "main@leak.rs:3 1024",
            "leak",
            expect![[r#"
            |no matches found for regexp: leak
        "#]],
        );
    }
}
