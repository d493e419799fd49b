//! A profile's tables as text, for the goldens of tests: header, samples, locations, mappings.

use crate::{LabelData, LocationIndex, Profile, StringId};
use std::fmt::Write;

/// All that readers and merges decide, in the order of the tables. Zero and empty header fields
/// are left out.
pub(crate) fn describe(profile: &Profile) -> String {
    let mut out = String::new();
    let text = |id: StringId| profile.text(id);
    let types =
        profile.sample_types.iter().map(|of| format!(" {}/{}", text(of.kind), text(of.unit)));
    writeln!(out, "types{}", types.collect::<String>()).unwrap();
    if profile.period != 0 {
        let of = profile.period_type;
        writeln!(out, "period {} {}/{}", profile.period, text(of.kind), text(of.unit)).unwrap();
    }
    if profile.duration_nanos != 0 {
        writeln!(out, "duration {} ns", profile.duration_nanos).unwrap();
    }
    for sample in 0..profile.samples.len() {
        let stack = profile.samples.stack(sample).iter();
        let ids: Vec<_> = stack.map(|at| profile.locations[at.get()].id).collect();
        let labels = profile.samples.labels(sample).iter().map(|label| match label.value {
            LabelData::Text(value) => format!(" {}={}", text(label.key), text(value)),
            LabelData::Number { value, unit } => {
                format!(" {}={value}{}", text(label.key), text(unit))
            }
        });
        let values = profile.samples.values(sample);
        writeln!(out, "{values:?} at {ids:?}{}", labels.collect::<String>()).unwrap();
    }
    for (position, location) in profile.locations.iter().enumerate() {
        write!(out, "location {} {:#x}", location.id, location.address).unwrap();
        if let Some(mapping) = location.mapping {
            write!(out, " in {}", profile.mappings[mapping.get()].id).unwrap();
        }
        for line in profile.lines_of(LocationIndex::new(position)) {
            let function = profile.function(line);
            let (name, file) = (text(function.name), text(function.file));
            write!(out, " {name}#{} {file}:{}:{}", function.id, line.line, line.column).unwrap();
        }
        out.push('\n');
    }
    for mapping in &profile.mappings {
        let (file, build_id) = (text(mapping.file), text(mapping.build_id));
        let range = format!("{:#x}-{:#x} @{:#x}", mapping.start, mapping.limit, mapping.offset);
        writeln!(out, "{}", format!("mapping {} {range} {file} {build_id}", mapping.id).trim_end())
            .unwrap();
    }
    out
}
