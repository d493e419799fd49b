//! From what was sampled to a profile: the only way out in profile.proto.
//!
//! In: rows, modules and names. Out: a `Profile` with Go's four sample types, one sample for each
//! row, with the size of its objects as a label. Functions are named, lines and inlined frames are not there: the command adds them from the
//! binary, which the mappings name by path and build id.

use crate::names::{Name, Names};
use crate::plumbing;
use crate::sampled::{Module, Sampled};
use liveheap_profile::{
    Frame, LabelValue, LocationIndex, Mapping, MappingIndex, Profile, ProfileBuilder,
};

/// What the values of each sample are.
const SAMPLE_TYPES: [(&str, &str); 4] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
];

/// The function that stands for a stack that could not be recorded.
const NO_STACK: &str = "[no stack]";

/// Which of the two profiles; they hold the same samples and differ in what is shown first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Memory in use.
    #[default]
    Heap,
    /// Memory allocated since the program began.
    Allocs,
}

/// Makes the profile.
pub(crate) fn profile(sampled: &Sampled, names: &Names, kind: Kind) -> Profile {
    let mut builder = ProfileBuilder::new(&SAMPLE_TYPES);
    builder.set_period("space", "bytes", i64::try_from(sampled.rate).unwrap_or(i64::MAX));
    builder.set_time(sampled.time_nanos, sampled.duration_nanos);
    builder.set_drop_frames(&plumbing::drop_frames(), "");
    builder.set_default_sample_type(match kind {
        Kind::Heap => "inuse_space",
        Kind::Allocs => "alloc_space",
    });
    for comment in &sampled.comments {
        builder.comment(comment);
    }
    let locations = Locations::new(sampled, names, &mut builder);
    let (mut stack, mut labels) = (Vec::new(), Vec::new());
    for row in &sampled.rows {
        locations.stack(sampled.stack(row), &mut stack);
        if stack.is_empty() {
            stack.push(no_stack(&mut builder));
        }
        let estimate = &row.estimate;
        let values = [
            estimate.allocated_objects,
            estimate.allocated_bytes,
            estimate.in_use_objects,
            estimate.in_use_bytes,
        ];
        let size = i64::try_from(row.size).unwrap_or(i64::MAX);
        labels.clear();
        labels.push(("bytes", LabelValue::Number(size, "bytes")));
        if let Some(age) = row.labels.age_seconds {
            let age = i64::try_from(age).unwrap_or(i64::MAX);
            labels.push(("age", LabelValue::Number(age, "seconds")));
        }
        let thread = row.labels.thread.and_then(|number| sampled.threads.get(number as usize));
        if let Some(thread) = thread {
            labels.push(("thread", LabelValue::Text(thread)));
        }
        builder.sample(&stack, &values, &labels);
    }
    builder.finish()
}

fn no_stack(builder: &mut ProfileBuilder) -> LocationIndex {
    let function = builder.function(NO_STACK, NO_STACK, "", 0);
    builder.location(0, None, &[Frame { function, line: 0, column: 0 }])
}

/// A location for each call.
struct Locations {
    /// By the number of the call: its location, and whether its function is an allocator's plumbing.
    entries: Vec<(LocationIndex, bool)>,
}

impl Locations {
    fn new(sampled: &Sampled, names: &Names, builder: &mut ProfileBuilder) -> Self {
        let calls = sampled.calls();
        let homes: Vec<Option<usize>> = calls
            .iter()
            .map(|address| {
                let is_home = |module: &Module| (module.start..module.limit).contains(address);
                sampled.modules.iter().position(is_home)
            })
            .collect();
        // A mapping says that it has functions as soon as one location there is named: pprof then
        // keeps the names, which line tables alone know without their modules only.
        let mut has_functions = vec![false; sampled.modules.len()];
        for (number, home) in homes.iter().enumerate() {
            if let Some(home) = *home {
                has_functions[home] |= names.of(number).is_some();
            }
        }
        let mappings: Vec<MappingIndex> = sampled
            .modules
            .iter()
            .zip(has_functions)
            .map(|(module, has_functions)| add_mapping(module, has_functions, builder))
            .collect();
        let mut entries = Vec::with_capacity(calls.len());
        for (number, (&address, home)) in calls.iter().zip(homes).enumerate() {
            let name = names.of(number);
            let frame = name.map(|Name { name, system_name, .. }| Frame {
                function: builder.function(name, system_name, "", 0),
                line: 0,
                column: 0,
            });
            let mapping = home.map(|home| mappings[home]);
            let location = builder.location(address, mapping, frame.as_slice());
            entries.push((location, name.is_some_and(|name| plumbing::is_plumbing(&name.name))));
        }
        Self { entries }
    }

    /// The locations of a stack without the plumbing at its leaf. Not every reader heeds
    /// `drop_frames`. A stack of nothing else stays whole.
    fn stack(&self, calls: &[u32], stack: &mut Vec<LocationIndex>) {
        let entry = |call: &u32| self.entries[*call as usize];
        let first = calls.iter().position(|call| !entry(call).1).unwrap_or(0);
        stack.clear();
        stack.extend(calls[first..].iter().map(|call| entry(call).0));
    }
}

fn add_mapping(module: &Module, has_functions: bool, builder: &mut ProfileBuilder) -> MappingIndex {
    let mapping = Mapping {
        start: module.start,
        limit: module.limit,
        offset: module.offset,
        file: builder.string(&module.path),
        build_id: builder.string(&module.build_id),
        has_functions,
        ..Mapping::default()
    };
    builder.mapping(mapping)
}

#[cfg(test)]
mod tests;
