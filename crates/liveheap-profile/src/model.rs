//! The tables of a profile.
//!
//! Every struct here is plain data and its fields are public: a stage of the pipeline consumes a
//! profile, changes its tables and returns the next one. What must hold between the tables is
//! listed in [`validate`](crate::validate()).

use crate::{FunctionIndex, LocationIndex, MappingIndex, StringId, Strings};

/// What was measured, and in which unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ValueType {
    /// What was measured, such as `inuse_space`.
    pub kind: StringId,
    /// Its unit, such as `bytes`.
    pub unit: StringId,
}

/// One profile: what was sampled, where, and how.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// All texts; every [`StringId`] below points into it.
    pub strings: Strings,
    /// What the values of each sample are, in order.
    pub sample_types: Vec<ValueType>,
    /// The samples, in the order of the file.
    pub samples: Samples,
    /// Binaries and libraries as they were mapped; the first is the main binary by custom.
    pub mappings: Vec<Mapping>,
    /// Code addresses that stand in stacks.
    pub locations: Vec<Location>,
    /// The lines of all locations; each location has a run of them, innermost inlined frame first.
    pub lines: Vec<Line>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Frames whose whole name matches this regular expression, and all they call, are dropped.
    pub drop_frames: StringId,
    /// Frames whose whole name matches this are kept in spite of `drop_frames`.
    pub keep_frames: StringId,
    /// When the profile was taken, nanoseconds since the Unix epoch; 0 when unknown.
    pub time_nanos: i64,
    /// For how long it was taken, in nanoseconds; 0 when it has no duration.
    pub duration_nanos: i64,
    /// Between what events samples were taken, such as `space` in `bytes`.
    pub period_type: ValueType,
    /// The mean distance of two samples in units of `period_type`.
    pub period: i64,
    /// Free text, in the order of the file.
    pub comments: Vec<StringId>,
    /// The kind of the sample type to show when nothing else is asked for; may be empty.
    pub default_sample_type: StringId,
    /// Where the profile's documentation is; may be empty.
    pub doc_url: StringId,
}

/// A binary or library as it was mapped into the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The id in the file; unique and not 0.
    pub id: u64,
    /// First process address.
    pub start: u64,
    /// Process address behind the last.
    pub limit: u64,
    /// Offset in the file of what is mapped at `start`, in bytes.
    pub offset: u64,
    /// Path of the binary, as the process saw it.
    pub file: StringId,
    /// The binary's build id in hexadecimal; may be empty.
    pub build_id: StringId,
    /// Whether the locations here already have function names.
    pub has_functions: bool,
    /// Whether the locations here already have file names.
    pub has_filenames: bool,
    /// Whether the locations here already have line numbers.
    pub has_line_numbers: bool,
    /// Whether the locations here already have inlined frames.
    pub has_inline_frames: bool,
}

/// A code address, with the source lines it belongs to as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The id in the file; unique and not 0.
    pub id: u64,
    /// The mapping the address is in.
    pub mapping: Option<MappingIndex>,
    /// Process address of the instruction; 0 when unknown.
    pub address: u64,
    /// Where this location's run of [`Profile::lines`] starts.
    pub first_line: u32,
    /// How many lines it has; 0 when it is not symbolized. The last one is the function that was
    /// called, those before it were inlined into it.
    pub line_count: u32,
    /// Whether other addresses were folded into this one by the linker.
    pub is_folded: bool,
}

/// A source line of a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The function it is in.
    pub function: FunctionIndex,
    /// Line number, 1-based; 0 when unknown.
    pub line: i64,
    /// Column number, 1-based; 0 when unknown.
    pub column: i64,
}

/// A function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Function {
    /// The id in the file; unique and not 0.
    pub id: u64,
    /// Name for people.
    pub name: StringId,
    /// Name as it stands in the binary, such as a mangled one.
    pub system_name: StringId,
    /// Source file.
    pub file: StringId,
    /// First line of the function, 1-based; 0 when unknown.
    pub start_line: i64,
}

/// A label of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// What the label says something about, such as `bytes` or `thread`.
    pub key: StringId,
    /// What it says.
    pub value: LabelData,
}

/// The value of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelData {
    /// A text.
    Text(StringId),
    /// A number and its unit; the unit may be empty.
    Number {
        /// The number, in `unit`.
        value: i64,
        /// Its unit.
        unit: StringId,
    },
}

/// The samples of a profile as flat arrays: no allocation per sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// How many values each sample has.
    width: usize,
    values: Vec<i64>,
    frames: Vec<LocationIndex>,
    /// Where the stack of each sample ends in `frames`.
    frame_ends: Vec<u32>,
    labels: Vec<Label>,
    /// Where the labels of each sample end in `labels`.
    label_ends: Vec<u32>,
}

impl Samples {
    /// No samples yet; each will have `width` values.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// How many samples there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.frame_ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.frame_ends.is_empty()
    }

    /// How many values each sample has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The stack of a sample, leaf first.
    #[inline]
    pub fn stack(&self, sample: usize) -> &[LocationIndex] {
        &self.frames[range(&self.frame_ends, sample)]
    }

    /// The values of a sample, one for each sample type.
    #[inline]
    pub fn values(&self, sample: usize) -> &[i64] {
        &self.values[sample * self.width..(sample + 1) * self.width]
    }

    /// The same, to be changed.
    #[inline]
    pub fn values_mut(&mut self, sample: usize) -> &mut [i64] {
        &mut self.values[sample * self.width..(sample + 1) * self.width]
    }

    /// The labels of a sample, in the order of the file.
    #[inline]
    pub fn labels(&self, sample: usize) -> &[Label] {
        &self.labels[range(&self.label_ends, sample)]
    }

    /// Adds a sample.
    ///
    /// # Panics
    /// When `values` is not `width` long, or all stacks together pass 2³² frames (readers refuse
    /// such files before they get here).
    pub fn push(&mut self, stack: &[LocationIndex], values: &[i64], labels: &[Label]) {
        assert_eq!(values.len(), self.width, "a sample has one value for each sample type");
        self.values.extend_from_slice(values);
        self.frames.extend_from_slice(stack);
        self.labels.extend_from_slice(labels);
        self.end_sample();
    }

    /// All frames of all stacks, to be renumbered in place.
    pub fn frames_mut(&mut self) -> &mut [LocationIndex] {
        &mut self.frames
    }

    /// All labels of all samples, to be changed in place.
    pub fn labels_mut(&mut self) -> &mut [Label] {
        &mut self.labels
    }

    /// All frames of all stacks, one stack behind the other.
    pub fn frames(&self) -> &[LocationIndex] {
        &self.frames
    }

    /// Closes the sample whose frames, values and labels were appended to the columns.
    pub(crate) fn end_sample(&mut self) {
        self.frame_ends.push(u32::try_from(self.frames.len()).expect("below 2^32 frames"));
        self.label_ends.push(u32::try_from(self.labels.len()).expect("below 2^32 labels"));
    }

    /// Says how many values each sample has, once that is known.
    pub(crate) fn set_width(&mut self, width: usize) {
        debug_assert_eq!(self.values.len(), width * self.len());
        self.width = width;
    }

    /// The columns, for the decoder: values, frames, labels.
    pub(crate) fn columns_mut(
        &mut self,
    ) -> (&mut Vec<i64>, &mut Vec<LocationIndex>, &mut Vec<Label>) {
        (&mut self.values, &mut self.frames, &mut self.labels)
    }
}

#[inline]
fn range(ends: &[u32], position: usize) -> std::ops::Range<usize> {
    let start = if position == 0 { 0 } else { ends[position - 1] as usize };
    start..ends[position] as usize
}

impl Profile {
    /// The text of an id.
    #[inline]
    pub fn text(&self, id: StringId) -> &str {
        self.strings.text(id)
    }

    /// The lines of a location, innermost inlined frame first; empty when not symbolized.
    #[inline]
    pub fn lines_of(&self, location: LocationIndex) -> &[Line] {
        let location = &self.locations[location.get()];
        let first = location.first_line as usize;
        &self.lines[first..first + location.line_count as usize]
    }

    /// The function of a line.
    #[inline]
    pub fn function(&self, line: &Line) -> &Function {
        &self.functions[line.function.get()]
    }

    /// The mapping of a location.
    #[inline]
    pub fn mapping_of(&self, location: LocationIndex) -> Option<&Mapping> {
        self.locations[location.get()].mapping.map(|mapping| &self.mappings[mapping.get()])
    }
}
