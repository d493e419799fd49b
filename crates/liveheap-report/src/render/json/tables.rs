//! The tables of a profile as JSON: entries name each other by the ids of the file.

use liveheap_profile::{LabelData, LocationIndex, Profile, StringId, ValueType};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// All tables of a profile.
pub(super) struct Tables<'a>(pub(super) &'a Profile);

impl Serialize for Tables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let profile = self.0;
        let text = |id: StringId| profile.text(id);
        let mut map = serializer.serialize_map(None)?;
        let types: Vec<_> =
            profile.sample_types.iter().map(|of| ValueTypeJson::new(profile, of)).collect();
        map.serialize_entry("sample_types", &types)?;
        map.serialize_entry("default_sample_type", text(profile.default_sample_type))?;
        map.serialize_entry("period_type", &ValueTypeJson::new(profile, &profile.period_type))?;
        map.serialize_entry("period", &profile.period)?;
        map.serialize_entry("time_nanos", &profile.time_nanos)?;
        map.serialize_entry("duration_nanos", &profile.duration_nanos)?;
        map.serialize_entry("drop_frames", text(profile.drop_frames))?;
        map.serialize_entry("keep_frames", text(profile.keep_frames))?;
        map.serialize_entry("doc_url", text(profile.doc_url))?;
        let comments: Vec<_> = profile.comments.iter().map(|comment| text(*comment)).collect();
        map.serialize_entry("comments", &comments)?;
        map.serialize_entry("samples", &Rows(profile, profile.samples.len(), sample))?;
        map.serialize_entry("locations", &Rows(profile, profile.locations.len(), location))?;
        map.serialize_entry("functions", &Rows(profile, profile.functions.len(), function))?;
        map.serialize_entry("mappings", &Rows(profile, profile.mappings.len(), mapping))?;
        map.end()
    }
}

#[derive(Serialize)]
struct ValueTypeJson<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    unit: &'a str,
}

impl<'a> ValueTypeJson<'a> {
    fn new(profile: &'a Profile, of: &ValueType) -> Self {
        Self { kind: profile.text(of.kind), unit: profile.text(of.unit) }
    }
}

/// A table, row by row.
struct Rows<'a, R>(&'a Profile, usize, fn(&'a Profile, usize) -> R);

impl<R: Serialize> Serialize for Rows<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.1))?;
        for position in 0..self.1 {
            sequence.serialize_element(&(self.2)(self.0, position))?;
        }
        sequence.end()
    }
}

#[derive(Serialize)]
struct SampleJson<'a> {
    /// Leaf first.
    locations: Vec<u64>,
    /// One for each sample type.
    values: &'a [i64],
    labels: Vec<LabelJson<'a>>,
}

fn sample(profile: &Profile, position: usize) -> SampleJson<'_> {
    let stack = profile.samples.stack(position);
    SampleJson {
        locations: stack.iter().map(|at| profile.locations[at.get()].id).collect(),
        values: profile.samples.values(position),
        labels: labels(profile, position, &|_| String::new()),
    }
}

/// A label: a text, or a number with its unit.
#[derive(Serialize)]
pub(super) struct LabelJson<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

/// The labels of a sample; a number without a unit has the one that `unit_of` gives its key.
pub(super) fn labels<'a>(
    profile: &'a Profile,
    position: usize,
    unit_of: &dyn Fn(StringId) -> String,
) -> Vec<LabelJson<'a>> {
    let labels = profile.samples.labels(position).iter();
    let label = labels.map(|label| {
        let key = profile.text(label.key);
        match label.value {
            LabelData::Text(text) => {
                LabelJson { key, text: Some(profile.text(text)), number: None, unit: None }
            }
            LabelData::Number { value, unit } => {
                let unit = match profile.text(unit) {
                    "" => unit_of(label.key),
                    unit => unit.to_owned(),
                };
                LabelJson { key, text: None, number: Some(value), unit: Some(unit) }
            }
        }
    });
    label.collect()
}

#[derive(Serialize)]
struct LocationJson {
    id: u64,
    /// The id of the mapping; 0 for none.
    mapping: u64,
    address: u64,
    is_folded: bool,
    /// Innermost inlined frame first.
    lines: Vec<LineJson>,
}

#[derive(Serialize)]
struct LineJson {
    /// The id of the function.
    function: u64,
    line: i64,
    column: i64,
}

fn location(profile: &Profile, position: usize) -> LocationJson {
    let location = &profile.locations[position];
    let lines = profile.lines_of(LocationIndex::new(position)).iter();
    LocationJson {
        id: location.id,
        mapping: location.mapping.map_or(0, |mapping| profile.mappings[mapping.get()].id),
        address: location.address,
        is_folded: location.is_folded,
        lines: lines
            .map(|line| LineJson {
                function: profile.function(line).id,
                line: line.line,
                column: line.column,
            })
            .collect(),
    }
}

#[derive(Serialize)]
struct FunctionJson<'a> {
    id: u64,
    name: &'a str,
    system_name: &'a str,
    file: &'a str,
    start_line: i64,
}

fn function(profile: &Profile, position: usize) -> FunctionJson<'_> {
    let function = &profile.functions[position];
    FunctionJson {
        id: function.id,
        name: profile.text(function.name),
        system_name: profile.text(function.system_name),
        file: profile.text(function.file),
        start_line: function.start_line,
    }
}

#[derive(Serialize)]
struct MappingJson<'a> {
    id: u64,
    start: u64,
    limit: u64,
    offset: u64,
    file: &'a str,
    build_id: &'a str,
    has_functions: bool,
    has_filenames: bool,
    has_line_numbers: bool,
    has_inline_frames: bool,
}

fn mapping(profile: &Profile, position: usize) -> MappingJson<'_> {
    let mapping = &profile.mappings[position];
    MappingJson {
        id: mapping.id,
        start: mapping.start,
        limit: mapping.limit,
        offset: mapping.offset,
        file: profile.text(mapping.file),
        build_id: profile.text(mapping.build_id),
        has_functions: mapping.has_functions,
        has_filenames: mapping.has_filenames,
        has_line_numbers: mapping.has_line_numbers,
        has_inline_frames: mapping.has_inline_frames,
    }
}
