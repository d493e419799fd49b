//! Any report as JSON, in a schema of our own that `docs/json.md` describes.
//!
//! Numbers are in the unit of the profile, not rounded and not divided; texts beside them are as
//! the other renderings print them. The structs of the reports are the schema: their fields are
//! the keys. Samples stream through, so a large profile is never held as a tree of values.

mod tables;

use crate::answer::Answer;
use crate::filter::tag_units::TagUnits;
use crate::graph::{NodeOptions, NodeTable, mean};
use crate::report::Report;
use crate::reports::traces::TracesReport;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use std::io;

/// The name and version of the schema; the version goes up when a key changes its meaning or goes.
const SCHEMA: &str = "liveheap-report/1";

/// Writes one JSON object and a newline.
///
/// # Errors
/// What `out` fails with.
pub(crate) fn write(answer: &Answer, out: &mut dyn io::Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    let document = Document {
        schema: SCHEMA,
        report: answer.report.name(),
        sample_type: &answer.sample_type,
        unit: &answer.unit,
        notes: answer.notes.iter().map(ToString::to_string).collect(),
        data: Body(&answer.report),
    };
    serde_json::to_writer(&mut out, &document).map_err(io::Error::from)?;
    io::Write::write_all(&mut out, b"\n")?;
    io::Write::flush(&mut out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    report: &'static str,
    sample_type: &'a str,
    unit: &'a str,
    notes: Vec<String>,
    data: Body<'a>,
}

struct Body<'a>(&'a Report);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Report::Top(report) => report.serialize(serializer),
            Report::Tree(report) => report.serialize(serializer),
            Report::Picture(picture, _) => picture.serialize(serializer),
            Report::Callgrind(report) => report.serialize(serializer),
            Report::Traces(report) => Traces(report).serialize(serializer),
            Report::Tags(report) => report.serialize(serializer),
            Report::Raw(report) => tables::Tables(&report.profile).serialize(serializer),
            Report::Disasm(report) => report.serialize(serializer),
            Report::Folded(report) => report.serialize(serializer),
            Report::List(report) => report.serialize(serializer),
            Report::WebList(report) => report.serialize(serializer),
            Report::Comments(comments) => comments.serialize(serializer),
            Report::Proto(profile) => tables::Tables(profile).serialize(serializer),
        }
    }
}

/// Every sample with the names of its frames.
struct Traces<'a>(&'a TracesReport);

impl Serialize for Traces<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("header", &self.0.header)?;
        map.serialize_entry("samples", &TraceSamples(self.0))?;
        map.end()
    }
}

struct TraceSamples<'a>(&'a TracesReport);

impl Serialize for TraceSamples<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TracesReport { profile, value, units, .. } = self.0;
        let table = NodeTable::new(profile, &NodeOptions::default());
        let names: Vec<_> = (0..table.len())
            .map(|node| table.printed_name(crate::graph::position_u32(node)))
            .collect();
        let mut sequence = serializer.serialize_seq(None)?;
        for sample in 0..profile.samples.len() {
            let stack = profile.samples.stack(sample);
            if stack.is_empty() {
                continue;
            }
            let (amount, divisor) = value.of(profile.samples.values(sample));
            let frames = stack.iter().flat_map(|at| {
                let nodes = table.of_location(*at);
                nodes.iter().enumerate().map(move |(depth, node)| (*node, depth + 1 != nodes.len()))
            });
            let frames = frames.map(|(node, inline)| Frame { name: &names[node as usize], inline });
            sequence.serialize_element(&Trace {
                value: mean(amount, divisor),
                labels: tables::labels(profile, sample, &|key| unit_of(units, key)),
                frames: frames.collect(),
            })?;
        }
        sequence.end()
    }
}

/// The unit that a numeric label is shown in.
fn unit_of(units: &TagUnits, key: liveheap_profile::StringId) -> String {
    units.unit(key).to_owned()
}

#[derive(Serialize)]
struct Trace<'a> {
    /// In the unit of the document.
    value: i64,
    labels: Vec<tables::LabelJson<'a>>,
    /// Leaf first.
    frames: Vec<Frame<'a>>,
}

#[derive(Serialize)]
struct Frame<'a> {
    name: &'a str,
    /// Whether it was inlined into the frame after it.
    inline: bool,
}

#[cfg(test)]
mod tests;
