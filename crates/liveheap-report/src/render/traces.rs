//! `traces` as text, byte for byte as pprof prints it.

use super::label_lines::{LabelKind, LabelLines};
use crate::filter::tag_units::TagUnits;
use crate::graph::{NodeOptions, NodeTable, mean};
use crate::measure;
use crate::reports::traces::TracesReport;
use liveheap_profile::{Label, LabelData, LocationIndex, Profile};
use std::io;

const SEPARATOR: &[u8] = b"-----------+-------------------------------------------------------\n";

/// What stands before the name of a frame that has no value beside it.
const NO_VALUE: &[u8] = b"             ";

/// Writes the samples as text.
///
/// # Errors
/// What `out` fails with.
pub(crate) fn write(report: &TracesReport, out: &mut dyn io::Write) -> io::Result<()> {
    let TracesReport { header, profile, value, numbers, units } = report;
    let frames = FrameTexts::new(profile);
    let mut labels = LabelLines::new(profile, |profile, labels| label_line(profile, units, labels));
    let mut buffer = Vec::with_capacity(BUFFER * 2);
    buffer.extend_from_slice(header.join("\n").as_bytes());
    buffer.push(b'\n');
    for sample in 0..profile.samples.len() {
        let stack = profile.samples.stack(sample);
        if stack.is_empty() {
            continue;
        }
        buffer.extend_from_slice(SEPARATOR);
        let of_sample = profile.samples.labels(sample);
        if !of_sample.is_empty() {
            for kind in [LabelKind::Text, LabelKind::Number] {
                labels.for_each(of_sample, kind, |line| buffer.extend_from_slice(line.as_bytes()));
            }
        }
        let (amount, divisor) = value.of(profile.samples.values(sample));
        let label = numbers.label(mean(amount, divisor));
        // As `{label:>10}` and the three blanks before a name.
        buffer.extend_from_slice(&NO_VALUE[..10_usize.saturating_sub(label.chars().count())]);
        buffer.extend_from_slice(label.as_bytes());
        buffer.extend_from_slice(&NO_VALUE[10..]);
        buffer.extend_from_slice(&frames.of(stack[0])[NO_VALUE.len()..]);
        for at in &stack[1..] {
            buffer.extend_from_slice(frames.of(*at));
        }
        if buffer.len() > BUFFER {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    buffer.extend_from_slice(SEPARATOR);
    out.write_all(&buffer)
}

/// After how many bytes the text is passed on.
const BUFFER: usize = 1 << 16;

/// The line for all labels of one key and kind.
fn label_line(profile: &Profile, units: &TagUnits, labels: &[Label]) -> String {
    let values: Vec<String> = labels
        .iter()
        .map(|label| match label.value {
            LabelData::Text(text) => String::from(profile.text(text)),
            LabelData::Number { value, .. } => measure::label(value, units.unit(label.key)),
        })
        .collect();
    let key = labels.first().map_or("", |label| profile.text(label.key));
    format!("{key:>10}:  {}\n", values.join(" "))
}

/// The lines of each location, ready to be copied: frames innermost first, without a value.
///
/// Bytes, not text: cutting a text looks at both of its ends, and for names that are not in the
/// cache that was most of the time of the report.
struct FrameTexts {
    text: Vec<u8>,
    /// Where the lines of each location are in `text`; locations of one node share them.
    ranges: Vec<(usize, usize)>,
}

impl FrameTexts {
    fn new(profile: &Profile) -> Self {
        let table = NodeTable::new(profile, &NodeOptions::default());
        let mut texts = Self { text: Vec::new(), ranges: Vec::new() };
        let mut of_node = vec![None; table.len()];
        for position in 0..profile.locations.len() {
            let nodes = table.of_location(LocationIndex::new(position));
            let range = match *nodes {
                [only] => *of_node[only as usize].get_or_insert_with(|| texts.add(&table, nodes)),
                _ => texts.add(&table, nodes),
            };
            texts.ranges.push(range);
        }
        texts
    }

    /// Adds the lines of some nodes; returns where they are.
    fn add(&mut self, table: &NodeTable<'_>, nodes: &[u32]) -> (usize, usize) {
        let start = self.text.len();
        for (depth, node) in nodes.iter().enumerate() {
            self.text.extend_from_slice(NO_VALUE);
            self.text.extend_from_slice(table.printed_name(*node).as_bytes());
            // Hidden lines are not missed: the last line that is left counts as the caller.
            let inlined = depth + 1 != nodes.len();
            self.text.extend_from_slice(if inlined { b" (inline)\n" } else { b"\n" });
        }
        (start, self.text.len())
    }

    fn of(&self, at: LocationIndex) -> &[u8] {
        let (start, end) = self.ranges[at.get()];
        &self.text[start..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::numbers::Numbers;
    use crate::value::SampleValue;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(samples: &str, expected: Expect) {
        let profile = fixture::profile(samples);
        let (units, _) = TagUnits::identify(&profile);
        let value = SampleValue { index: 0, mean: false };
        let numbers = Numbers {
            total: 0,
            sample_unit: String::from("bytes"),
            output_unit: String::from("minimum"),
            ratio: 1.0,
        };
        let mut out = Vec::new();
        let header = vec![String::from("Type: space")];
        let report = TracesReport { header, profile, value, numbers, units };
        write(&report, &mut out).unwrap();
        expected.assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn the_value_stands_beside_the_leaf() {
        check(
            "main;serve+read;leak 2048",
            expect![[r#"
            Type: space
            -----------+-------------------------------------------------------
                   2kB   leak
                         read (inline)
                         serve
                         main
            -----------+-------------------------------------------------------
        "#]],
        );
    }

    #[test]
    fn labels_are_sorted_texts_first() {
        check(
            "main 1 zone=eu user=ann user=bob bytes#1024 wait#2s wait#3",
            expect![[r#"
                Type: space
                -----------+-------------------------------------------------------
                      user:  ann bob
                      zone:  eu
                      wait:  2s 3s
                     bytes:  1kB
                        1B   main
                -----------+-------------------------------------------------------
            "#]],
        );
    }

    #[test]
    fn a_frame_says_what_is_known() {
        check(
            "/bin/app!0x10;@a/../b.rs;main@m.rs:3;f@f.rs;0x0 1\n- 1",
            expect![[r#"
            Type: space
            -----------+-------------------------------------------------------
                    1B   <unknown>
                         f f.rs
                         main m.rs:3
                         b.rs
                         0000000000000010 [app]
            -----------+-------------------------------------------------------
        "#]],
        );
    }
}
