//! `tags` as text, byte for byte as pprof prints it.

use super::tab_writer::align_right;
use crate::reports::tags::TagsReport;
use std::fmt::Write as _;

/// The labels, one block of lines for each key.
pub(crate) fn write(report: &TagsReport) -> String {
    let TagsReport { keys, numbers } = report;
    let (all, label) = (numbers.total, |value| numbers.label(value));
    let mut rows = String::new();
    for key in keys {
        let (name, of_key, of_all) = (&key.name, label(key.total), label(all));
        let mut written = write!(rows, "{name}:\t Total {of_key} of {of_all}");
        if all > 0 {
            written = written.and(write!(rows, " ({})", numbers.share(key.total)));
        }
        rows.push('\n');
        for (text, weight) in &key.values {
            let held = label(*weight);
            written = written.and(if all > 0 {
                let share = numbers.share(*weight);
                writeln!(rows, " \t{held} ({share}):\t {text}")
            } else {
                writeln!(rows, " \t{held}:\t {text}")
            });
        }
        rows.push('\n');
        written.expect("a String takes every text");
    }
    align_right(&rows)
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::tag_units::TagUnits;
    use crate::fixture;
    use crate::numbers::Numbers;
    use crate::reports::tags::tags;
    use crate::value::SampleValue;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(samples: &str, total: i64, expected: Expect) {
        let profile = fixture::profile(samples);
        let (units, _) = TagUnits::identify(&profile);
        let value = SampleValue { index: 0, mean: false };
        let numbers = Numbers {
            total,
            sample_unit: String::from("bytes"),
            output_unit: String::from("minimum"),
            ratio: 1.0,
        };
        let text = write(&tags(&profile, value, numbers, &units));
        // A bar at the start of each line keeps its blanks.
        let lines: Vec<String> = text.lines().map(|line| format!("|{line}\n")).collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn values_are_sorted_by_weight_then_text() {
        check(
            "main 10 user=bob bytes#1024
             main 20 user=ann bytes#2048
             main -40 user=eve zone=eu
             main 20 user=cid",
            100,
            expect![[r#"
                | bytes: Total 30B of 100B (30.00%)
                |        20B (20.00%): 2kB
                |        10B (10.00%): 1kB
                |
                | user: Total 10B of 100B (10.00%)
                |       -40B (40.00%): eve
                |        20B (20.00%): ann
                |        20B (20.00%): cid
                |        10B (10.00%): bob
                |
                | zone: Total -40B of 100B (40.00%)
                |       -40B (40.00%): eu
                |
            "#]],
        );
    }

    #[test]
    fn numbers_that_print_alike_are_one_value() {
        check(
            "main 1 bytes#1048576\nmain 2 bytes#1048577",
            4,
            expect![[r#"
                | bytes: Total 3B of 4B (75.00%)
                |        3B (75.00%): 1MB
                |
            "#]],
        );
    }

    #[test]
    fn without_a_total_there_are_no_percentages() {
        check(
            "main 0 user=bob",
            0,
            expect![[r#"
                | user: Total 0 of 0
                |       0: bob
                |
            "#]],
        );
    }
}
