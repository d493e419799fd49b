//! Makes a profile from scratch.
//!
//! The runtime's snapshots, the readers of other formats and the tests all come this way. Texts,
//! functions and locations that were seen before are found again, so a caller may name them anew
//! for each sample.

use crate::{
    Function, FunctionIndex, Interner, Label, LabelData, Line, Location, LocationIndex, Mapping,
    MappingIndex, Profile, Samples, StringId, ValueType,
};
use std::collections::HashMap;

/// A source line that a location belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The function, from [`ProfileBuilder::function`].
    pub function: FunctionIndex,
    /// Line number, 1-based; 0 when unknown.
    pub line: i64,
    /// Column number, 1-based; 0 when unknown.
    pub column: i64,
}

/// The value of a label that is being added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelValue<'a> {
    /// A text.
    Text(&'a str),
    /// A number and its unit, which may be empty.
    Number(i64, &'a str),
}

/// Address, mapping and lines: what makes two locations the same.
type LocationKey = (u64, Option<MappingIndex>, Box<[Line]>);

/// Makes a [`Profile`] piece by piece.
#[derive(Debug)]
pub struct ProfileBuilder {
    profile: Profile,
    strings: Interner,
    functions: HashMap<Function, FunctionIndex>,
    locations: HashMap<LocationKey, LocationIndex>,
    labels: Vec<Label>,
}

impl ProfileBuilder {
    /// Starts a profile with these sample types, each a kind and its unit, such as
    /// `("inuse_space", "bytes")`.
    pub fn new(sample_types: &[(&str, &str)]) -> Self {
        let mut strings = Interner::new();
        let sample_types = sample_types
            .iter()
            .map(|(kind, unit)| ValueType {
                kind: strings.intern(kind),
                unit: strings.intern(unit),
            })
            .collect::<Vec<_>>();
        let profile = Profile {
            samples: Samples::new(sample_types.len()),
            sample_types,
            ..Profile::default()
        };
        Self {
            profile,
            strings,
            functions: HashMap::new(),
            locations: HashMap::new(),
            labels: Vec::new(),
        }
    }

    /// The id of a text, to be put into a header field of the finished profile.
    pub fn string(&mut self, text: &str) -> StringId {
        self.strings.intern(text)
    }

    /// The text of an id.
    pub fn text(&self, id: StringId) -> &str {
        self.strings.text(id)
    }

    /// What the distance of samples is measured in, and the mean distance.
    pub fn set_period(&mut self, kind: &str, unit: &str, period: i64) {
        self.profile.period_type =
            ValueType { kind: self.strings.intern(kind), unit: self.strings.intern(unit) };
        self.profile.period = period;
    }

    /// When the profile was taken (nanoseconds since the Unix epoch) and for how long (nanoseconds).
    pub fn set_time(&mut self, time_nanos: i64, duration_nanos: i64) {
        self.profile.time_nanos = time_nanos;
        self.profile.duration_nanos = duration_nanos;
    }

    /// The sample type to show when nothing else is asked for.
    pub fn set_default_sample_type(&mut self, kind: &str) {
        self.profile.default_sample_type = self.strings.intern(kind);
    }

    /// Regular expressions of the frames to drop and to keep.
    pub fn set_drop_frames(&mut self, drop: &str, keep: &str) {
        self.profile.drop_frames = self.strings.intern(drop);
        self.profile.keep_frames = self.strings.intern(keep);
    }

    /// Where the profile's documentation is.
    pub fn set_doc_url(&mut self, url: &str) {
        self.profile.doc_url = self.strings.intern(url);
    }

    /// Adds a comment.
    pub fn comment(&mut self, text: &str) {
        let id = self.strings.intern(text);
        self.profile.comments.push(id);
    }

    /// Adds a mapping; its `id` is set here. `file` and `build_id` come from [`Self::string`].
    pub fn mapping(&mut self, mapping: Mapping) -> MappingIndex {
        let index = MappingIndex::new(self.profile.mappings.len());
        self.profile.mappings.push(Mapping { id: index.get() as u64 + 1, ..mapping });
        index
    }

    /// A function, the same one for the same name, system name, file and start line.
    pub fn function(
        &mut self,
        name: &str,
        system_name: &str,
        file: &str,
        start_line: i64,
    ) -> FunctionIndex {
        let key = Function {
            id: 0,
            name: self.strings.intern(name),
            system_name: self.strings.intern(system_name),
            file: self.strings.intern(file),
            start_line,
        };
        let functions = &mut self.profile.functions;
        *self.functions.entry(key).or_insert_with(|| {
            let index = FunctionIndex::new(functions.len());
            functions.push(Function { id: index.get() as u64 + 1, ..key });
            index
        })
    }

    /// A location, the same one for the same address, mapping and frames. Frames are innermost
    /// inlined one first; none when the address is not symbolized.
    ///
    /// # Panics
    /// When all locations together pass 2³² frames.
    pub fn location(
        &mut self,
        address: u64,
        mapping: Option<MappingIndex>,
        frames: &[Frame],
    ) -> LocationIndex {
        let lines: Box<[Line]> = frames
            .iter()
            .map(|frame| Line { function: frame.function, line: frame.line, column: frame.column })
            .collect();
        let profile = &mut self.profile;
        let key = (address, mapping, lines);
        if let Some(index) = self.locations.get(&key) {
            return *index;
        }
        let index = LocationIndex::new(profile.locations.len());
        profile.locations.push(Location {
            id: index.get() as u64 + 1,
            mapping,
            address,
            first_line: u32::try_from(profile.lines.len()).expect("below 2^32 lines"),
            line_count: u32::try_from(key.2.len()).expect("below 2^32 lines"),
            is_folded: false,
        });
        profile.lines.extend_from_slice(&key.2);
        self.locations.insert(key, index);
        index
    }

    /// Adds a sample: its stack, leaf first; one value for each sample type; its labels.
    ///
    /// # Panics
    /// When there are more or fewer values than sample types.
    pub fn sample(
        &mut self,
        stack: &[LocationIndex],
        values: &[i64],
        labels: &[(&str, LabelValue<'_>)],
    ) {
        self.labels.clear();
        for (key, value) in labels {
            let key = self.strings.intern(key);
            let value = match value {
                LabelValue::Text(text) => LabelData::Text(self.strings.intern(text)),
                LabelValue::Number(value, unit) => {
                    LabelData::Number { value: *value, unit: self.strings.intern(unit) }
                }
            };
            self.labels.push(Label { key, value });
        }
        self.profile.samples.push(stack, values, &self.labels);
    }

    /// The finished profile.
    pub fn finish(self) -> Profile {
        Profile { strings: self.strings.finish(), ..self.profile }
    }
}
